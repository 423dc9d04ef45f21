//! What cargo would compile, and with which versions, without compiling it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::tools::{Run, cargo, choose, every_major, extension_points, generate, printed, scratch};

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
