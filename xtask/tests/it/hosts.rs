//! Every host that is out there: the right one works, and every other is refused by an exception,
//! not a signal, whatever is handed to it.

use std::sync::LazyLock;

use crate::environment::{Environment, FULL, PLAIN};
use crate::tools::{Run, extension_points, python_files};

const WORKS: &str = "55.0.0";
const NONE: &str = "none";

/// Environments with each of them, and with both projects.
static HOSTS: LazyLock<Vec<(&str, Environment)>> = LazyLock::new(|| {
    let hosts = [
        "50.1.0", "51.0.0", "52.3.0", "53.0.0", "54.1.0", WORKS, NONE,
    ];
    let environment = |host| {
        let packages = match host {
            NONE => vec![],
            host => vec![format!("datafusion=={host}"), "pyarrow".to_owned()],
        };
        let environment = Environment::new(&format!("host {host}"), "3.11", &packages);
        environment.install(&[&FULL.wheel, &PLAIN.wheel], &["--no-deps"]);
        (host, environment)
    };
    hosts.into_iter().map(environment).collect()
});

/// What `register.py` says of one attempt to hand something over.
struct Attempt {
    what: String,
    how: String,
    outcome: String,
}

impl Attempt {
    fn is_right(&self, project: &str, host: &str) -> bool {
        let installed = match host {
            WORKS if self.how == "called with 0 arguments" => {
                let refused = "TypeError: expected a datafusion.SessionContext, got None";
                return [refused, "works"].contains(&self.outcome.as_str());
            }
            WORKS => return self.outcome == "works",
            NONE => "datafusion is not installed".to_owned(),
            host => format!("datafusion {host} is installed"),
        };
        self.outcome
            == format!(
                "ImportError: {project} 0.1.0 was built for datafusion 55, but {installed}. \
                 Run: pip install \"datafusion>=55,<56\""
            )
    }
}

/// Hands everything in the package of `project` over, in a process of its own.
fn attempts(project: &str, environment: &Environment) -> Vec<Attempt> {
    let output = environment
        .python()
        .arg(python_files().join("register.py"))
        .arg(project.replace('-', "_"))
        .finish();
    let mut said = String::from_utf8(output.stdout).unwrap();
    if !output.status.success() {
        // It ends with what was attempted last.
        said += &format!("the process died: {}", output.status);
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    let attempts = said.lines().map(|line| {
        let mut parts = line.splitn(3, " | ").map(str::to_owned);
        let mut next = || parts.next().unwrap_or_else(|| panic!("{line}"));
        Attempt {
            what: next(),
            how: next(),
            outcome: next(),
        }
    });
    attempts.collect()
}

/// One cell of the table: what came of all attempts to hand `what` over.
fn cell(attempts: &[Attempt], what: &str, project: &str, host: &str) -> Result<String, String> {
    let attempts = attempts.iter().filter(|attempt| attempt.what == what);
    let mut cell = Err("not attempted".to_owned());
    for attempt in attempts {
        if !attempt.is_right(project, host) {
            return Err(format!("{}: {}", attempt.how, attempt.outcome));
        }
        // The first one is how it is done there.
        let outcome = attempt.outcome.split(':').next().unwrap();
        let how = attempt.how.split([' ', ':']).next().unwrap();
        cell = cell.or(Ok(format!("{outcome} ({how})")));
    }
    cell
}

/// Prints what each host makes of each hook of `project`; returns the hooks.
fn table(project: &str) -> Vec<String> {
    let mut columns: Vec<Vec<String>> = Vec::new();
    let mut wrong = Vec::new();
    for (host, environment) in HOSTS.iter() {
        let attempts = attempts(project, environment);
        if columns.is_empty() {
            let mut rows: Vec<_> = attempts
                .iter()
                .map(|attempt| attempt.what.clone())
                .collect();
            rows.dedup();
            columns.push([vec![project.to_owned()], rows].concat());
        }
        let cells = columns[0][1..].iter().map(|what| {
            cell(&attempts, what, project, host).unwrap_or_else(|problem| {
                wrong.push(format!("{what}, datafusion {host}: {problem}"));
                "WRONG".to_owned()
            })
        });
        let cells = cells.collect();
        columns.push([vec![host.to_string()], cells].concat());
    }
    println!();
    for row in 0..columns[0].len() {
        let cells = columns.iter().map(|column| {
            let width = column.iter().map(String::len).max().unwrap();
            format!("{:width$}", column[row])
        });
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    columns.swap_remove(0)
}

#[test]
fn every_extension_point() {
    let rows = table("full-ext");
    assert!(rows.len() > extension_points().len(), "{rows:?}");
}

#[test]
fn the_default_extension_points() {
    let rows = table("plain-ext");
    assert!(rows.len() >= 4, "{rows:?}");
}
