//! `cargo xtask try`, as somebody new would call it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::tools::{Run, build_environment, cpython, scratch, write_program};

/// There is one log, so one runs at a time.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn xtask_try(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["try", "--dir"]).arg(folder);
    build_environment(&mut command);
    command
}

/// A program that prints `version` as if it were Python.
fn fake_python(folder: &Path, name: &str, version: &str) {
    write_program(folder, name, &format!("echo {version}"));
}

#[test]
fn shows_the_rows_and_what_next() {
    let _one = one_at_a_time();
    let folder = scratch("try");
    let said = xtask_try(&folder).args(["--name", "try-ext"]).succeed();
    for expected in [
        "[4/4] Querying",
        "| kitchen | 20.5    | 2026-01-12T13:46:35Z |",
        "FFI_ExecutionPlan: SourceExec: partitions=1, projection=[sensor, celsius, recorded_at]",
        &format!(
            "The rows come from Rust, in {}",
            folder.join("try-ext").display()
        ),
        &format!("    cd \"{}\"\n", folder.join("try-ext").display()),
    ] {
        assert!(said.contains(expected), "{said}");
    }
    // A project that is there is not touched, unless one says so.
    for name in ["try-ext", "Try_Ext"] {
        let said = xtask_try(&folder).args(["--name", name]).fail();
        assert!(
            said.contains("is already there: build it again with --keep"),
            "{said}"
        );
    }
    let said = xtask_try(&folder)
        .args(["--name", "try-ext", "--keep"])
        .succeed();
    assert!(said.contains("[3/3] Querying"), "{said}");
}

#[test]
fn refuses_a_name_in_one_sentence() {
    let _one = one_at_a_time();
    let folder = scratch("try, name");
    let said = xtask_try(&folder).args(["--name", "class"]).fail();
    assert_eq!(
        said.lines().last(),
        Some(
            "error: The project name \"class\" is a keyword of Python: type another, such as \
             class-ext."
        )
    );
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn says_that_python_is_missing_or_too_old() {
    let _one = one_at_a_time();
    let folder = scratch("try, python");
    let path = scratch("try, path");
    let said = xtask_try(&folder).env("PATH", &path).fail();
    assert!(said.starts_with("error: Python 3.10 or later is needed, but none was found: install"));
    assert_eq!(said.lines().count(), 1, "{said}");

    fake_python(&path, "python3", "3 9");
    let said = xtask_try(&folder).env("PATH", &path).fail();
    let expected = "error: Python 3.10 or later is needed, but python3 is Python 3.9: install";
    assert!(said.starts_with(expected), "{said}");

    let said = xtask_try(&folder)
        .args(["--python", "no-such-python"])
        .fail();
    assert!(said.contains("but no-such-python does not run"), "{said}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn says_that_there_is_no_network() {
    let _one = one_at_a_time();
    let folder = scratch("try, network");
    let said = xtask_try(&folder)
        .arg("--python")
        .arg(cpython("3.11"))
        .env("PIP_INDEX_URL", "https://localhost:9/simple")
        .env("PIP_RETRIES", "0")
        .env("PIP_NO_CACHE_DIR", "1")
        .fail();
    let last = said.lines().last().unwrap();
    assert!(
        last.starts_with(
            "error: The package registries could not be reached: this needs a network."
        ),
        "{said}"
    );
}
