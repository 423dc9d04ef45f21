//! The generated project does what its README says: it builds, is clean under its own tools, and
//! one wheel of it passes its tests on every Python.

use std::fs;
use std::path::Path;

use crate::environment::{Environment, PLAIN, TEST_PACKAGES};
use crate::tools::{Run, cargo, check_formatted, path_with, tool};

#[test]
fn passes_its_rust_checks() {
    let project = &PLAIN.project;
    cargo(project).args(["fmt", "--check"]).succeed();
    cargo(project)
        .args(["clippy", "--all-targets", "--", "--deny", "warnings"])
        .succeed();
    let said = cargo(project).arg("test").succeed();
    assert!(said.contains("test result: ok. 6 passed"), "{said}");
}

/// `cargo test` there needs no Python, to build or to run.
#[test]
fn rust_tests_need_no_python() {
    let said = cargo(&PLAIN.project)
        .args(["test", "--test", "source"])
        .env("PYO3_NO_PYTHON", "1")
        .succeed();
    assert!(said.contains("test result: ok"), "{said}");
}

#[test]
fn links_only_the_parts_it_uses() {
    let tree = cargo(&PLAIN.project)
        .args([
            "tree", "--edges", "normal", "--prefix", "none", "--format", "{p}",
        ])
        .succeed();
    for unwanted in ["datafusion v", "datafusion-python", "parquet v", "mimalloc"] {
        assert!(
            !tree.contains(&format!("\n{unwanted}")),
            "{unwanted}\n{tree}"
        );
    }
    assert!(tree.contains("\ndatafusion-ffi v55."), "{tree}");
}

#[test]
fn unsafe_is_in_one_file_and_explained() {
    for entry in fs::read_dir(PLAIN.project.join("src")).unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        let blocks = source.matches("unsafe {").count();
        let explained = source.matches("// SAFETY: ").count();
        assert_eq!(blocks, explained, "{}", path.display());
        assert_eq!(blocks > 0, path.ends_with("host.rs"), "{}", path.display());
    }
}

#[test]
fn todos_are_numbered_and_in_the_readme() {
    let source = fs::read_to_string(PLAIN.project.join("src/source.rs")).unwrap();
    let readme = fs::read_to_string(PLAIN.project.join("README.md")).unwrap();
    for number in 1..=7 {
        let todo = format!("TODO({number})");
        assert_eq!(source.matches(&todo).count(), 1, "{todo}");
        assert_eq!(readme.matches(&todo).count(), 1, "{todo}");
    }
}

/// One wheel for CPython 3.10 and up.
#[test]
fn one_wheel_passes_on_every_python() {
    let wheel = &PLAIN.wheel;
    let name = wheel.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("plain_ext-0.1.0-cp310-abi3-"), "{name}");
    for version in ["3.10", "3.11", "3.12", "3.13"] {
        let environment = Environment::new(&format!("python {version}"), version, &TEST_PACKAGES);
        environment.install(&[wheel], &[]);
        println!("Python {version}:");
        environment.pytest(&PLAIN.project.join("tests"));
    }
}

#[test]
fn passes_its_python_checks() {
    let environment = Environment::new("types", "3.12", &TEST_PACKAGES);
    environment.install(&[&PLAIN.wheel], &[]);
    let python = environment.python().get_program().to_owned();
    let project = &PLAIN.project;
    check_formatted(project);
    tool("mypy")
        .arg("--python-executable")
        .arg(&python)
        .arg("--cache-dir=/dev/null")
        .current_dir(project)
        .succeed();
    // It looks for the package in the environment that is active.
    let bin = Path::new(&python).parent().unwrap();
    let said = tool("basedpyright")
        .args(["--verifytypes", "plain_ext", "--ignoreexternal"])
        .env("VIRTUAL_ENV", bin.parent().unwrap())
        .env("PATH", path_with(&[bin]))
        .succeed();
    assert!(said.contains("Type completeness score: 100%"), "{said}");
}

/// pyarrow, polars and duckdb read the table where `datafusion` is not installed, and only the
/// hooks for DataFusion ask for it.
#[test]
fn arrow_needs_no_datafusion() {
    let environment = Environment::new("no datafusion", "3.13", &["duckdb", "polars", "pyarrow"]);
    environment.install(&[&PLAIN.wheel], &["--no-deps"]);
    let code = r#"
import duckdb, polars, pyarrow
import plain_ext

readings = plain_ext.Readings()
print(pyarrow.table(readings).num_rows, polars.DataFrame(readings).height)
print(duckdb.execute("SELECT count(*) FROM readings").fetchall())
for arguments in [(), (5,)]:
    try:
        readings.__datafusion_table_provider__(*arguments)
    except ImportError as error:
        print(error)
"#;
    let said = environment.python().args(["-c", code]).succeed();
    let expected = "plain-ext 0.1.0 was built for datafusion 55, but datafusion is not installed. \
                    Run: pip install \"datafusion>=55,<56\"\n";
    assert_eq!(said, format!("1000 1000\n[(1000,)]\n{expected}{expected}"));
}
