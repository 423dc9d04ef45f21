//! What cargo would compile, and with which versions, without compiling it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::tools::{
    Run, cargo, choose, every_major, extension_points, generate, printed, read, read_toml, scratch,
};

/// Each unit of a build, with all that it is compiled from, and the name of its crate.
fn units(project: &Path, arguments: &[&str]) -> BTreeMap<String, String> {
    let output = cargo(project)
        .args(["build", "--unit-graph", "-Z", "unstable-options"])
        .args(arguments)
        .env("RUSTC_BOOTSTRAP", "1")
        .finish();
    assert!(output.status.success(), "{}", printed(&output));
    let graph: Value = serde_json::from_slice(&output.stdout).unwrap();
    let units = graph["units"].as_array().unwrap();
    let mut known = BTreeMap::new();
    let name = |unit: &Value| unit["target"]["name"].as_str().unwrap().to_owned();
    let keys = (0..units.len()).map(|index| (key(units, index, &mut known), name(&units[index])));
    keys.collect()
}

/// What cargo tells one unit from another by.
fn key(units: &[Value], index: usize, known: &mut BTreeMap<usize, String>) -> String {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};

    if let Some(key) = known.get(&index) {
        return key.clone();
    }
    let unit = &units[index];
    let mut hash = DefaultHasher::new();
    for part in [
        "pkg_id", "target", "profile", "platform", "mode", "features",
    ] {
        unit[part].to_string().hash(&mut hash);
    }
    for dependency in unit["dependencies"].as_array().unwrap() {
        let index = dependency["index"].as_u64().unwrap() as usize;
        key(units, index, known).hash(&mut hash);
    }
    let key = format!("{:016x}", hash.finish());
    known.insert(index, key.clone());
    key
}

/// After a build for all majors, one for the newest alone compiles only the project's own crate again.
#[test]
fn one_major_takes_what_all_have_compiled() {
    for (name, points) in [("default-ext", vec![]), ("every-ext", extension_points())] {
        let folder = scratch(&format!("units {name}"));
        let answers = [choose(&points), every_major()].concat();
        generate(&folder, name).args(answers).succeed();
        let project = folder.join(name);
        let all = units(&project, &[]);
        let newest = units(&project, &["--no-default-features"]);
        assert!(all.len() > newest.len() && newest.len() > 200);
        let again = newest.iter().filter(|(unit, _)| !all.contains_key(*unit));
        let again: BTreeSet<_> = again.map(|(_, name)| name.replace('_', "-")).collect();
        assert_eq!(again, BTreeSet::from([name.to_owned()]));
    }
}

/// A project with everything, whose manifests and those of the machinery get the lowest versions that
/// they allow.
fn with_lowest_versions(test: &str) -> PathBuf {
    let folder = scratch(test);
    let answers = [choose(&extension_points()), every_major()].concat();
    generate(&folder, "low-ext").args(answers).succeed();
    let project = folder.join("low-ext");
    let manifest = project.join("Cargo.toml");
    // Only for members of the workspace, cargo takes the lowest versions.
    let apart = "exclude = [\"pyo3-datafusion\"]\n";
    let text = read(&manifest);
    assert!(text.contains(apart));
    fs::write(manifest, text.replace(apart, "")).unwrap();
    cargo(&project)
        .args(["generate-lockfile", "-Z", "direct-minimal-versions"])
        .env("RUSTC_BOOTSTRAP", "1")
        .succeed();
    project
}

/// The version in the lock file is the one that the manifests name.
#[test]
fn the_lowest_versions_go_together() {
    let project = with_lowest_versions("lowest versions");
    let lock = read_toml(project.join("Cargo.lock"));
    let packages = lock["package"].as_array().unwrap();
    let locked: BTreeSet<_> = packages
        .iter()
        .map(|package| ["name", "version"].map(|key| package[key].as_str().unwrap()))
        .collect();
    let own = read_toml(project.join("Cargo.toml"));
    let machinery = read_toml(project.join("pyo3-datafusion/Cargo.toml"));
    for (name, dependency) in machinery["dependencies"].as_table().unwrap() {
        // The project may ask for more.
        let dependency = own["dependencies"].get(name).unwrap_or(dependency);
        let version = dependency.get("version").unwrap_or(dependency);
        let version = version.as_str().unwrap();
        let lowest = version.trim_start_matches(">=").split(',').next().unwrap();
        let found = locked.iter().any(|[package, version]| {
            package == name && (*version == lowest || version.starts_with(&format!("{lowest}.")))
        });
        assert!(found, "{name} {lowest} is not what cargo takes");
    }
}

#[test]
#[ignore = "takes ten minutes"]
fn the_lowest_versions_compile() {
    cargo(&with_lowest_versions("lowest versions compiled"))
        .args(["check", "--locked", "--workspace", "--quiet"])
        .succeed();
}
