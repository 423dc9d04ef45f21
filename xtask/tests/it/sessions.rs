//! What a query asks of the session, which is not copied for it.

use crate::environment::{Environment, FULL, TEST_PACKAGES};
use crate::tools::python_files;

#[test]
fn answers_are_those_of_the_host() {
    for host in ["54.1.0", "55.0.0"] {
        let environment = Environment::new(&format!("sessions {host}"), "3.12", &TEST_PACKAGES);
        environment.install(&[format!("datafusion=={host}")], &[]);
        environment.install(&[&FULL.wheel], &["--no-deps"]);
        environment.pytest(&python_files().join("test_sessions.py"));
    }
}
