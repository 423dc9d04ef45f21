//! An owner measures their own tables and functions.

use std::fs;

use crate::environment::{Environment, FULL, TEST_PACKAGES};
use crate::tools::{Run, read};

#[test]
fn measures_all_instances_and_what_became_slower() {
    let environment = Environment::new("own benchmark", "3.12", &TEST_PACKAGES);
    environment.install(&[&FULL.wheel], &[]);
    let kept = FULL.project.join("target/benchmark.json");
    let _ = fs::remove_file(&kept);
    let run = || {
        environment
            .python()
            .arg("pyo3-datafusion/benchmark.py")
            .current_dir(&FULL.project)
            .succeed()
    };
    let said = run();
    for what in [
        "readings, all rows",
        "readings, LIMIT 10",
        "rooms, count(*)",
        "Fahrenheit(double)",
        "RootMeanSquare(double)",
        "Change(double)",
        "clamp(double)",
    ] {
        let line = said.lines().find(|line| line.starts_with(what));
        let line = line.unwrap_or_else(|| panic!("no {what} in {said}"));
        assert!(
            line.contains(" ms ") && line.trim_end().ends_with('-'),
            "{line}"
        );
    }
    assert!(!said.contains("slower"), "{said}");

    // As if the last run had been a thousand times as fast for one, and as slow for the others.
    let ratios: serde_json::Value = serde_json::from_str(&read(&kept)).unwrap();
    let mut ratios = ratios.as_object().unwrap().clone();
    for (what, ratio) in &mut ratios {
        let factor = if what == "readings, all rows" {
            1e-3
        } else {
            1e3
        };
        *ratio = (ratio.as_f64().unwrap() * factor).into();
    }
    fs::write(&kept, serde_json::to_string(&ratios).unwrap()).unwrap();
    let said = run();
    let slower: Vec<_> = said
        .lines()
        .filter(|line| line.ends_with("  slower"))
        .collect();
    assert_eq!(slower.len(), 1, "{said}");
    assert!(slower[0].starts_with("readings, all rows"), "{said}");
}
