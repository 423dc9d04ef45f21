//! Every answer renders into a project whose files parse, are formatted, and hold nothing of the
//! template.

use std::fs;
use std::path::Path;
use std::process::Command;

use xtask::root;

use crate::tools::{Run, assert_same, check_formatted, files, generate, read, read_toml, scratch};

const LICENSES: [&str; 3] = ["Apache-2.0", "MIT", "MIT OR Apache-2.0"];
const CIS: [&str; 4] = ["github", "gitlab", "both", "none"];
const REPOSITORIES: [&str; 2] = ["", "https://example.com/me/my-ext"];
const DESCRIPTIONS: [&str; 2] = [
    "An extension of Apache DataFusion",
    "Zähler's & Co: <fast> #1",
];

/// The arguments that give `answers`.
fn define(answers: &[(&str, &str)]) -> Vec<String> {
    answers
        .iter()
        .flat_map(|(key, value)| ["-d".to_owned(), format!("{key}={value}")])
        .collect()
}

#[test]
fn every_answer() {
    // Every pair of answers occurs: `license` × `ci` in full, and over them each of the others
    // with both of its values beside every license and every ci.
    let folder = scratch("every answer");
    for (l, license) in LICENSES.iter().enumerate() {
        for (c, ci) in CIS.iter().enumerate() {
            let repository = REPOSITORIES[(l + c) % 2];
            let description = DESCRIPTIONS[(l + c / 2) % 2];
            let name = format!("my-ext-{l}{c}");
            let answers = [
                ("license", *license),
                ("ci", *ci),
                ("repository", repository),
                ("description", description),
                ("extension_points", "table_provider"),
            ];
            generate(&folder, &name).args(define(&answers)).succeed();
            let project = folder.join(&name);
            check_manifests(&project, &answers);
            check_files(&project, license, ci);
            check_nothing_left(&project);
            check_formatted(&project);
            check_reproducible(&project, &name);
        }
    }
}

fn check_manifests(project: &Path, answers: &[(&str, &str)]) {
    let answer = |key| answers.iter().find(|(k, _)| *k == key).unwrap().1;
    let cargo = read_toml(project.join("Cargo.toml"));
    let pyproject = read_toml(project.join("pyproject.toml"));
    let (package, metadata) = (&cargo["package"], &pyproject["project"]);
    for key in ["name", "description", "license"] {
        assert_eq!(package[key], metadata[key]);
    }
    assert_eq!(package["description"].as_str(), Some(answer("description")));
    assert_eq!(package["license"].as_str(), Some(answer("license")));
    let repository = package.get("repository").and_then(toml::Value::as_str);
    let url = metadata
        .get("urls")
        .and_then(|urls| urls["Repository"].as_str());
    assert_eq!(repository.unwrap_or_default(), answer("repository"));
    assert_eq!(url, repository);

    let recorded = &read_toml(project.join(".template-answers.toml"))["values"];
    for (key, value) in answers {
        let recorded = match &recorded[*key] {
            toml::Value::Array(items) => items[0].as_str(),
            item => item.as_str(),
        };
        assert_eq!(recorded, Some(*value));
    }
}

fn check_files(project: &Path, license: &str, ci: &str) {
    let has = |path: &str| project.join(path).exists();
    assert_eq!(
        has(".github/workflows/ci.yml"),
        ["github", "both"].contains(&ci)
    );
    assert_eq!(has(".gitlab-ci.yml"), ["gitlab", "both"].contains(&ci));
    assert_eq!(has("LICENSE"), license != "MIT OR Apache-2.0");
    assert_eq!(has("LICENSE-MIT"), license == "MIT OR Apache-2.0");
    assert_eq!(has("LICENSE-APACHE"), license == "MIT OR Apache-2.0");
    for leftover in [
        "hooks",
        "template",
        "ci-template",
        "cargo-generate.toml",
        "xtask",
        "docs",
    ] {
        assert!(!has(leftover), "{leftover}");
    }
    // Copied byte for byte.
    let ours = |path: &str| fs::read(root().join("ci-template").join(path)).unwrap();
    if has(".github") {
        let theirs = fs::read(project.join(".github/workflows/ci.yml")).unwrap();
        assert_eq!(theirs, ours("github/workflows/ci.yml"));
    }
    if has(".gitlab-ci.yml") {
        let theirs = fs::read(project.join(".gitlab-ci.yml")).unwrap();
        assert_eq!(theirs, ours("gitlab/.gitlab-ci.yml"));
    }
}

/// No Liquid, and no blank where a variable was misspelt.
fn check_nothing_left(project: &Path) {
    for path in files(project) {
        assert!(!path.to_string_lossy().contains('{'), "{}", path.display());
        if path.starts_with(".github") {
            continue;
        }
        let text = read(project.join(&path));
        for leftover in ["{{", "}}", "{%", "%}", "cargo xtask"] {
            assert!(!text.contains(leftover), "{leftover} in {}", path.display());
        }
        assert!(
            text.is_empty() || text.ends_with('\n'),
            "{}",
            path.display()
        );
        assert!(
            !text.contains("\n\n\n\n"),
            "blank lines in {}",
            path.display()
        );
    }
}

/// The recorded answers give the same project again.
fn check_reproducible(project: &Path, name: &str) {
    let again = scratch("every answer, again");
    generate(&again, name)
        .arg("--values-file")
        .arg(project.join(".template-answers.toml"))
        .succeed();
    assert_same(project, &again.join(name));
}

/// Liquid renders an unknown variable as nothing, and says nothing.
#[test]
fn every_variable_is_declared() {
    let config = read_toml(root().join("cargo-generate.toml"));
    let mut declared = vec!["project-name".to_owned(), "crate_name".to_owned()];
    declared.extend(config["placeholders"].as_table().unwrap().keys().cloned());
    let versions = read(root().join("hooks/versions.rhai"));
    declared.extend(versions.lines().filter_map(|line| {
        let (name, _) = line.trim().split_once(": ")?;
        (!name.contains(' ')).then(|| name.to_owned())
    }));

    let template = root().join("template");
    let mut used = 0;
    for path in files(&template) {
        let text = format!("{}{}", read(template.join(&path)), path.display());
        for tag in text.split("{{").skip(1) {
            let (expression, _) = tag.split_once("}}").unwrap();
            let name = expression.split('|').next().unwrap().trim();
            assert!(
                declared.iter().any(|d| d == name),
                "{name} in {}",
                path.display()
            );
            used += 1;
        }
    }
    assert!(used > 20);
}

#[test]
fn answers_that_are_not_taken_are_named() {
    let folder = scratch("bad answers");
    for (key, value) in [
        ("license", "GPL-3.0"),
        ("ci", "jenkins"),
        ("extension_points", "udf"),
        ("description", "with \"quotes\""),
        ("description", ""),
        ("repository", "example.com"),
        ("repository", "https://example.com/"),
    ] {
        let error = generate(&folder, "my-ext")
            .args(define(&[(key, value)]))
            .fail();
        assert!(
            error.contains(&format!("\"{value}\" is not a valid value for {key}")),
            "{error}"
        );
        assert_eq!(files(&folder), Vec::<std::path::PathBuf>::new());
        // cargo-generate makes the folder before it looks at the answers.
        fs::remove_dir(folder.join("my-ext")).unwrap();
    }
}

#[test]
fn no_extension_point_is_the_default_one() {
    let folder = scratch("no extension point");
    generate(&folder, "my-ext")
        .args(define(&[("extension_points", "")]))
        .succeed();
    assert!(folder.join("my-ext/src/table_provider.rs").exists());
}

#[test]
fn nothing_outside_of_the_project_is_written() {
    let folder = scratch("outside");
    let home = scratch("outside, home");
    // A workspace around it must stay as it is.
    let manifest = "[workspace]\nresolver = \"3\"\nmembers = []\n";
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    generate(&folder, "my-ext")
        .env("HOME", &home)
        .env("XDG_CONFIG_HOME", &home)
        .succeed();
    assert_eq!(files(&home), Vec::<std::path::PathBuf>::new());
    assert_eq!(read(folder.join("Cargo.toml")), manifest);
    let entries = fs::read_dir(&folder).unwrap().count();
    assert_eq!(entries, 2);
}

#[test]
fn rendered_files_are_up_to_date() {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["render", "--check"])
        .succeed();
}

/// The lists of the hooks agree with the questions, and with the files.
#[test]
fn extension_points_agree() {
    let config = read_toml(root().join("cargo-generate.toml"));
    let choices = config["placeholders"]["extension_points"]["choices"]
        .as_array()
        .unwrap();
    let hook = read(root().join("hooks/extension_points.rhai"));
    for choice in choices {
        assert!(hook.contains(&format!("export const ALL = [{choice}")));
        let choice = choice.as_str().unwrap();
        assert!(root().join(format!("template/src/{choice}.rs")).exists());
        assert!(
            root()
                .join(format!("template/tests/test_{choice}.py"))
                .exists()
        );
        assert!(read(root().join("template/src/lib.rs")).contains(&format!("mod {choice};")));
    }
}
