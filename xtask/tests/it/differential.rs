//! Random queries over random tables: an extension answers as DataFusion does over the same rows.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use xtask::root;

use crate::environment::{Built, Environment, TEST_PACKAGES};
use crate::tools::{Run, cargo, read, read_toml};

/// A project whose table has the rows of a file, and takes all filters.
fn any_rows(project: &Path) {
    let ours = root().join("xtask/tests/differential");
    for file in ["source.rs", "table_provider.rs"] {
        fs::copy(ours.join(file), project.join("src").join(file)).unwrap();
    }
    fs::remove_file(project.join("src/readings.rs")).unwrap();
    let library = project.join("src/lib.rs");
    let text = read(&library);
    assert_eq!(text.matches("mod readings;\n").count(), 1);
    fs::write(library, text.replace("mod readings;\n", "")).unwrap();
    let manifest = read_toml(project.join("Cargo.toml"));
    let version = |name: &str| manifest["dependencies"][name]["version"].as_str().unwrap();
    cargo(project)
        .args(["add", &format!("arrow-ipc@{}", version("arrow"))])
        .succeed();
    let datafusion = version("datafusion-common");
    let crates = ["datafusion-catalog", "datafusion-execution"];
    cargo(project)
        .args(["add", "--no-default-features"])
        .args(crates.map(|name| format!("{name}@{datafusion}")))
        .succeed();
}

fn compare(seed: u64, rounds: u32) {
    let points = ["table_provider", "insert"].map(str::to_owned);
    let built = Built::new("differential-ext", &points, any_rows);
    let environment = Environment::new("differential", "3.12", &TEST_PACKAGES);
    environment.install(&[&built.wheel], &[]);
    let said = environment
        .python()
        .args(["-m", "pytest", "-q", "-s", "-p", "no:cacheprovider"])
        .arg(root().join("xtask/tests/differential/test_differential.py"))
        .env("SEED", seed.to_string())
        .env("ROUNDS", rounds.to_string())
        .succeed();
    println!("seed {seed}: {said}");
}

#[test]
fn same_answers() {
    compare(1, 80);
}

/// With other tables and queries each time.
#[test]
#[ignore = "takes ten minutes"]
fn same_answers_to_many_queries() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = now.as_secs() / 86_400;
    println!("seed {seed}");
    compare(seed, 1_500);
}
