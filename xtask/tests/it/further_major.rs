//! The day on which there is a further major of DataFusion, in files: nothing is built, as its crates
//! do not exist.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use toml_edit::{Table, value};
use xtask::major;

use crate::tools::{
    Run, choose, extension_points, files, git, majors, read, read_toml, scratch,
    template_repository,
};

/// The template with a further major, committed by `git commit --all`.
static TEMPLATE: LazyLock<PathBuf> = LazyLock::new(|| {
    let template = scratch("further major").join("template");
    template_repository(&template);
    let mut table = Table::new();
    table["major"] = value(i64::from(further()));
    table["crates"] = value(format!("{}.0", further()));
    table["arrow"] = value("99.1");
    major::add(&template, table).unwrap();
    let commit = ["commit", "--quiet", "--all", "--message", "A further major"];
    git(&template, &commit);
    template
});

fn further() -> u32 {
    majors().last().unwrap().parse::<u32>().unwrap() + 1
}

/// All majors, with the further one.
fn all() -> Vec<String> {
    [majors(), vec![further().to_string()]].concat()
}

#[test]
fn is_committed_whole() {
    assert_eq!(git(&TEMPLATE, &["status", "--porcelain"]), "");
    let newest = majors().pop().unwrap();
    for folder in ["template/majors", "template/pyo3-datafusion/majors"] {
        let manifest = format!("HEAD:{folder}/{newest}/Cargo.toml");
        git(&TEMPLATE, &["cat-file", "-e", &manifest]);
    }
    // Rendering once more changes nothing.
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["render", "--check", "--path"])
        .arg(&*TEMPLATE)
        .succeed();
}

/// What lists the majors has all of them.
#[test]
fn is_in_every_list() {
    let (further, all) = (further(), all().join(", "));
    for (path, wanted) in [
        ("README.md", format!("of {all};")),
        ("README.md", format!("crates {further}.0, arrow 99.1")),
        ("docs/reference/answers.md", format!("| `{further}` |")),
        ("docs/reference/compatibility.md", format!(", of {all};")),
        ("cargo-generate.toml", format!("default = [\"{further}\"]")),
        (
            ".github/workflows/template.yml",
            format!("datafusion=={further}."),
        ),
        (
            ".github/workflows/template-init.yml",
            format!("default: \"{further}\""),
        ),
    ] {
        let text = read(TEMPLATE.join(path));
        assert!(text.contains(&wanted), "{path} lacks {wanted}");
    }
    // A project's manifest has these names.
    for major in self::all() {
        let name = format!("datafusion-{major}");
        let xtask = Path::new(env!("CARGO_BIN_EXE_xtask"));
        let said = xtask::cargo_generate(xtask, &scratch("names of majors"), &name)
            .arg("--path")
            .arg(&*TEMPLATE)
            .fail();
        assert!(
            said.contains("is a package that the project depends on"),
            "{said}"
        );
    }
}

/// Each manifest of a project is for its major, and the code asks for features that there are.
#[test]
fn is_in_projects() {
    let all = all();
    let older = all.len() - 1;
    for (name, points, majors) in [
        ("all-ext", extension_points(), &all[..]),
        ("default-ext", vec![], &all[..]),
        ("newest-ext", extension_points(), &all[older..]),
        ("older-ext", vec![], &all[..1]),
        ("middle-ext", vec![], &all[1..older]),
    ] {
        check_project(name, &points, majors);
    }
}

fn check_project(name: &str, points: &[String], majors: &[String]) {
    let folder = scratch(name);
    let xtask = Path::new(env!("CARGO_BIN_EXE_xtask"));
    xtask::cargo_generate(xtask, &folder, name)
        .arg("--path")
        .arg(&*TEMPLATE)
        .args(choose(points))
        .args(["-d", &format!("datafusion={}", majors.join(","))])
        .succeed();
    let project = folder.join(name);
    let manifest = |path: &str, major: &str| {
        let manifest = read_toml(project.join(path));
        let version = manifest["dependencies"]["datafusion-common"]["version"].as_str();
        let is_for = version.unwrap().split('.').next().unwrap();
        assert_eq!(is_for, major, "{name}: {path}");
        manifest
    };
    let (newest, older) = majors.split_last().unwrap();
    let package = manifest("Cargo.toml", newest);
    for (index, major) in older.iter().enumerate() {
        let of_major = manifest(&format!("majors/{major}/Cargo.toml"), major);
        let expected = format!("{name}-datafusion-{major}");
        assert_eq!(of_major["package"]["name"].as_str(), Some(&*expected));
        let features = of_major["features"]["default"].as_array().unwrap().iter();
        let later = majors[index + 1..].iter();
        let expected = later.map(|later| format!("before-{later}"));
        assert!(features.map(|f| f.as_str().unwrap()).eq(expected), "{name}");
        let optional = format!("datafusion-{major}");
        assert!(package["dependencies"].get(&optional).is_some(), "{name}");
    }
    let folder = project.join("majors");
    assert_eq!(folder.exists(), !older.is_empty(), "{name}");
    assert!(
        older.is_empty() || files(&folder).len() == older.len(),
        "{name}"
    );
    // The machinery is the same in every project.
    let all = all();
    let (newest_of_all, older_of_all) = all.split_last().unwrap();
    manifest("pyo3-datafusion/Cargo.toml", newest_of_all);
    for major in older_of_all {
        manifest(&format!("pyo3-datafusion/majors/{major}/Cargo.toml"), major);
    }
    let next = newest.parse::<u32>().unwrap() + 1;
    let range = format!("datafusion>={},<{next}", majors[0]);
    assert!(
        read(project.join("pyproject.toml")).contains(&range),
        "{name}"
    );
    // cargo reads all manifests, and asks for no crate.
    let said = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(&project)
        .succeed();
    assert_eq!(said.matches("\"manifest_path\"").count(), majors.len());
    for file in files(&project.join("src")) {
        let source = read(project.join("src").join(file));
        for feature in source.split("\"before-").skip(1) {
            let major = feature.split('"').next().unwrap().to_owned();
            assert!(majors[1..].contains(&major), "{name}: before-{major}");
        }
    }
}
