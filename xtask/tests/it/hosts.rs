//! Every host that is out there: the right one works, and every other is refused by an exception,
//! not a signal, whatever is handed to it.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use crate::environment::{Environment, FULL, PLAIN};
use crate::tools::{Run, extension_points, majors, python_files};

const NONE: &str = "none";
/// A host with a major of which the template knows nothing: the newest one, which pretends.
static PRETENDED: LazyLock<String> = LazyLock::new(|| format!("{}.0.0", newest() + 1));
/// The classes that are not there with `datafusion` 54.
pub const SINCE_55: [&str; 2] = ["OffsetPlanner", "SessionExtension"];

/// Environments with each of them, and with both projects.
static HOSTS: LazyLock<Vec<(&str, Environment)>> = LazyLock::new(|| {
    let refused = ["50.1.0", "51.0.0", "52.3.0", "53.0.0"].map(str::to_owned);
    let first = majors().into_iter().map(|major| format!("{major}.0.0"));
    let hosts = refused.into_iter().chain(first);
    let hosts = hosts.chain(["54.1.0".to_owned(), PRETENDED.clone(), NONE.to_owned()]);
    let newest = format!("{}.0.0", newest());
    let environment = |host: String| {
        let host: &str = host.leak();
        let installed = if *PRETENDED == host { &newest } else { host };
        let packages = match host {
            NONE => vec![],
            _ => vec![format!("datafusion=={installed}"), "pyarrow".to_owned()],
        };
        let environment = Environment::new(&format!("host {host}"), "3.11", &packages);
        environment.install(&[&FULL.wheel, &PLAIN.wheel], &["--no-deps"]);
        if *PRETENDED == host {
            let code = format!(
                "import importlib.metadata as m; path = m.distribution('datafusion')._path / 'METADATA'; \
                 text = path.read_text(); path.unlink(); \
                 path.write_text(text.replace('Version: {newest}', 'Version: {host}', 1))"
            );
            environment.python().args(["-c", &code]).succeed();
        }
        (host, environment)
    };
    hosts.map(environment).collect()
});

/// The newest major that the template knows.
fn newest() -> u32 {
    majors().last().unwrap().parse().unwrap()
}

/// What `register.py` says of one attempt to hand something over.
struct Attempt {
    what: String,
    how: String,
    outcome: String,
}

/// What the tables are about.
struct Package {
    name: &'static str,
    majors: RangeInclusive<u32>,
}

impl Attempt {
    fn is_right(&self, package: &Package, host: &str) -> bool {
        let (first, last) = (package.majors.start(), package.majors.end());
        let major = host.split('.').next().unwrap().parse().unwrap_or(0);
        let installed = match host {
            _ if package.majors.contains(&major) => {
                let without = self.how == "called with 0 arguments"
                    && self.outcome == "TypeError: expected a datafusion.SessionContext, got None";
                return without || self.outcome == "works";
            }
            NONE => "datafusion is not installed".to_owned(),
            host => format!("datafusion {host} is installed"),
        };
        let built_for = if first == last {
            first.to_string()
        } else {
            format!("{first} to {last}")
        };
        self.outcome
            == format!(
                "ImportError: {} 0.1.0 was built for datafusion {built_for}, but {installed}. \
                 Run: pip install \"datafusion>={first},<{}\"",
                package.name,
                last + 1
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
fn cell(attempts: &[Attempt], what: &str, package: &Package, host: &str) -> Result<String, String> {
    let attempts = attempts.iter().filter(|attempt| attempt.what == what);
    let is_newer = SINCE_55.iter().any(|class| what.ends_with(class));
    let mut cell = if host.starts_with("54.") && is_newer && package.majors.contains(&54) {
        Ok("not there".to_owned())
    } else {
        Err("not attempted".to_owned())
    };
    for attempt in attempts {
        if !attempt.is_right(package, host) {
            return Err(format!("{}: {}", attempt.how, attempt.outcome));
        }
        // The first one is how it is done there.
        let outcome = attempt.outcome.split(':').next().unwrap();
        let how = attempt.how.split([' ', ':']).next().unwrap();
        cell = cell.or(Ok(format!("{outcome} ({how})")));
    }
    cell
}

/// Prints what each host makes of each hook of `package`; returns the hooks.
fn table(package: &Package) -> Vec<String> {
    let mut columns: Vec<Vec<String>> = Vec::new();
    let mut wrong = Vec::new();
    for (host, environment) in HOSTS.iter() {
        let attempts = attempts(package.name, environment);
        if columns.is_empty() {
            let mut rows: Vec<_> = attempts
                .iter()
                .map(|attempt| attempt.what.clone())
                .collect();
            rows.dedup();
            columns.push([vec![package.name.to_owned()], rows].concat());
        }
        let cells = columns[0][1..].iter().map(|what| {
            cell(&attempts, what, package, host).unwrap_or_else(|problem| {
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
    let rows = table(&Package {
        name: "full-ext",
        majors: majors()[0].parse().unwrap()..=newest(),
    });
    assert!(rows.len() > extension_points().len(), "{rows:?}");
}

#[test]
fn the_default_extension_points() {
    let rows = table(&Package {
        name: "plain-ext",
        majors: newest()..=newest(),
    });
    assert!(rows.len() >= 4, "{rows:?}");
}
