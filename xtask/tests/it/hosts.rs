//! Every host that is out there: the right one works, and every other is refused by an exception,
//! not a signal.

use crate::environment::{Environment, PLAIN};
use crate::tools::{Run, python_files};

const WORKS: &str = "55.0.0";
const REFUSED: [&str; 5] = ["50.1.0", "51.0.0", "52.3.0", "53.0.0", "54.1.0"];

fn register(host: &str) -> String {
    let packages = [&format!("datafusion=={host}"), "pyarrow"];
    let environment = Environment::new(&format!("host {host}"), "3.11", &packages);
    environment.install(&[&PLAIN.wheel], &["--no-deps"]);
    environment
        .python()
        .arg(python_files().join("register.py"))
        .succeed()
}

#[test]
fn other_majors_are_refused() {
    for host in REFUSED {
        let said = register(host);
        println!("datafusion {host}:");
        assert!(said.lines().count() >= 4, "{said}");
        for line in said.lines() {
            let (_, outcome) = line.split_once(": ").unwrap();
            assert_eq!(
                outcome,
                format!(
                    "ImportError: plain-ext 0.1.0 was built for datafusion 55, but datafusion \
                     {host} is installed. Run: pip install \"datafusion>=55,<56\""
                ),
                "{line}"
            );
            println!("    {line}");
        }
    }
}

#[test]
fn its_own_major_works() {
    let said = register(WORKS);
    assert!(said.lines().count() >= 3, "{said}");
    for line in said.lines() {
        assert!(
            line.ends_with(": works") || line.starts_with("getter without"),
            "{said}"
        );
    }
}
