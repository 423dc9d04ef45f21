//! The machinery by itself.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use xtask::root;

use crate::environment::FULL;
use crate::tools::{
    Run, cargo, choose, every_major, extension_points, files, generate, majors, read, scratch,
};

/// A project in which the machinery is a member of the workspace. It shares all builds with [`FULL`],
/// as it has the same lock file.
fn project(test: &str) -> PathBuf {
    let folder = scratch(test);
    let answers = [choose(&extension_points()), every_major()].concat();
    generate(&folder, "full-ext").args(answers).succeed();
    let project = folder.join("full-ext");
    let manifest = project.join("Cargo.toml");
    let apart = "exclude = [\"pyo3-datafusion\"]\n";
    let text = read(&manifest);
    assert!(text.contains(apart));
    fs::write(manifest, text.replace(apart, "")).unwrap();
    fs::copy(FULL.project.join("Cargo.lock"), project.join("Cargo.lock")).unwrap();
    project
}

/// The packages of the machinery, one for each major.
fn packages() -> Vec<String> {
    let mut packages: Vec<_> = majors()
        .iter()
        .map(|major| format!("pyo3-datafusion-{major}"))
        .collect();
    packages.pop();
    packages.push("pyo3-datafusion".to_owned());
    packages
}

#[test]
fn passes_its_tests_and_has_docs() {
    let project = project("machinery");
    let tests = cargo(&project)
        .args(["test", "--workspace", "--lib"])
        .succeed();
    let passed = tests.matches("test result: ok. 24 passed").count();
    assert_eq!(passed, packages().len(), "{tests}");
    cargo(&project)
        .args(["clippy", "--workspace", "--all-targets"])
        .args(["--", "--deny", "warnings"])
        .succeed();
    for package in packages() {
        cargo(&project)
            .args(["doc", "--no-deps", "--all-features", "--package", &package])
            .env("RUSTDOCFLAGS", "--deny warnings")
            .succeed();
    }
}

#[test]
fn each_feature_is_enough() {
    let project = project("features of the machinery");
    for feature in ["functions", "tables", "plans", "files"] {
        // Together and with `parquet`, which changes no line of the crate, they share what the workspace
        // compiled: each by itself would compile all of DataFusion anew, as features of tokio differ.
        let mut clippy: Command = cargo(&project);
        clippy.arg("clippy");
        for package in packages() {
            clippy.args(["--package", &package]);
            clippy.args([
                "--features",
                &format!("{package}/{feature},{package}/parquet"),
            ]);
        }
        clippy.args(["--", "--deny", "warnings"]).succeed();
    }
}

#[test]
fn unsafe_is_in_one_module_and_explained() {
    let sources = root().join("template/pyo3-datafusion/src");
    for file in files(&sources) {
        let source = read(sources.join(&file));
        let blocks = source.matches("unsafe {").count() + source.matches("unsafe impl").count();
        let explained = source.matches("// SAFETY: ").count();
        assert_eq!(blocks, explained, "{}", file.display());
        assert_eq!(
            blocks > 0,
            file.parent().is_some_and(|folder| folder.ends_with("raw"))
                && !file.ends_with("mod.rs"),
            "{}",
            file.display()
        );
    }
}
