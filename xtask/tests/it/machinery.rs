//! The machinery by itself, as a member of this repository's workspace.

use std::process::Command;

use xtask::root;

use crate::tools::{Run, build_environment, files, read, read_toml};

/// cargo over one build of the machinery. It links no Python, as its tests need none.
fn cargo(package: &str, arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(arguments);
    cargo.args(["--package", package]);
    cargo.env("PYO3_BUILD_EXTENSION_MODULE", "1");
    build_environment(&mut cargo);
    cargo
}

/// The packages, the newest major first.
fn packages() -> Vec<String> {
    let folder = root().join("template/pyo3-datafusion");
    let manifests = files(&folder).into_iter();
    let manifests = manifests.filter(|file| file.ends_with("Cargo.toml"));
    let names = manifests.map(|file| read_toml(folder.join(file))["package"]["name"].clone());
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

/// Each feature alone, and all.
#[test]
fn is_clean_with_every_feature() {
    for package in packages() {
        for features in ["", "functions", "tables", "files", "plans"] {
            let arguments = ["clippy", "--features", features, "--", "--deny", "warnings"];
            // cargo takes the package before the arguments of clippy.
            let mut clippy = cargo(&package, &arguments[..3]);
            clippy.args(&arguments[3..]).succeed();
        }
        let mut clippy = cargo(&package, &["clippy", "--all-features", "--all-targets"]);
        clippy.args(["--", "--deny", "warnings"]).succeed();
    }
}

#[test]
fn passes_its_tests_and_has_docs() {
    for package in packages() {
        let said = cargo(&package, &["test", "--all-features"]).succeed();
        assert!(said.contains("test result: ok. "), "{said}");
        let mut doc = cargo(&package, &["doc", "--no-deps", "--all-features"]);
        doc.env("RUSTDOCFLAGS", "--deny warnings").succeed();
    }
}

#[test]
fn unsafe_is_in_one_file_and_explained() {
    let sources = root().join("template/pyo3-datafusion/src");
    for file in files(&sources) {
        let source = read(sources.join(&file));
        let blocks = source.matches("unsafe {").count();
        let explained = source.matches("// SAFETY: ").count();
        assert_eq!(blocks, explained, "{}", file.display());
        assert_eq!(
            blocks > 0,
            file.ends_with("boundary/capsule.rs"),
            "{}",
            file.display()
        );
    }
}
