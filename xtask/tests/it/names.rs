//! What name is taken becomes consistent names for Cargo, PyPI and Python; what is not is refused
//! in one sentence, and leaves nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use xtask::root;

use crate::tools::{
    Run, check_formatted, cpython, files, generate, quoted, read, read_toml, scratch,
};

const LONGEST: &str = "a-name-of-fifty-characters-which-is-as-long-as-any";

/// Generates a project called `name`; what was said if that was refused.
fn try_generate(folder: &Path, name: &str) -> Result<(), String> {
    let output = generate(folder, name).finish();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

fn refusal(folder: &Path, name: &str) -> String {
    let said = try_generate(folder, name).expect_err(name);
    sentence(folder, &said)
}

/// What a refusal says, which leaves nothing behind.
fn sentence(folder: &Path, said: &str) -> String {
    let (_, sentence) = said.rsplit_once("Runtime error: ").expect(said);
    let (sentence, _) = sentence.rsplit_once(" (line ").expect(said);
    let left = fs::read_dir(folder).unwrap().next();
    assert!(left.is_none(), "{sentence} left {left:?}");
    sentence.to_owned()
}

/// The names in the project agree: those of Cargo, PyPI, the library and the import package.
fn check(project: &Path) {
    let cargo = read_toml(project.join("Cargo.toml"));
    let pyproject = read_toml(project.join("pyproject.toml"));
    let name = cargo["package"]["name"].as_str().unwrap();
    assert_eq!(pyproject["project"]["name"].as_str(), Some(name));
    let import = name.replace('-', "_");
    assert_eq!(cargo["lib"]["name"].as_str(), Some(import.as_str()));
    let module = format!("{import}._internal");
    assert_eq!(
        pyproject["tool"]["maturin"]["module-name"].as_str(),
        Some(module.as_str())
    );
    for file in ["__init__.py", "_internal.pyi", "py.typed"] {
        assert!(project.join("python").join(&import).join(file).exists());
    }
    // PEP 508, Cargo, and an ASCII identifier at once.
    assert!(name.starts_with(|c: char| c.is_ascii_lowercase()));
    assert!(name.ends_with(|c: char| c.is_ascii_alphanumeric()));
    assert!(
        name.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    );
    let used = format!("from {import} import Readings");
    assert!(read(project.join("examples/quickstart.py")).contains(&used));
}

#[test]
fn awkward_names_come_out_consistent() {
    let folder = scratch("awkward names");
    for (name, expected) in [
        ("my-ext", "my-ext"),
        ("my_ext", "my_ext"),
        ("My_Cool.Ext", "my-cool-ext"),
        ("My_Cool.UDFs", "my-cool-ud-fs"),
        ("FooBar", "foo-bar"),
        ("x", "x"),
        ("x2", "x2"),
        ("a--b", "a-b"),
        ("datafusion-x", "datafusion-x"),
        (LONGEST, LONGEST),
    ] {
        generate(&folder, name).succeed();
        check(&folder.join(expected));
    }
}

/// Nothing is wrapped anew, however long the name is.
#[test]
fn the_longest_name_is_formatted() {
    let folder = scratch("longest name");
    generate(&folder, LONGEST).succeed();
    check_formatted(&folder.join(LONGEST));
}

#[test]
fn refusals_say_what_to_type() {
    let folder = scratch("refused names");
    let tests = [
        ("", "The project name is empty: type one such as my-ext."),
        (
            "9lives",
            "does not start with a letter: type one that does, such as my-ext.",
        ),
        ("-x", "does not start with a letter"),
        ("ext-", "does not end with a letter or a digit"),
        (
            "ünï",
            "has the character \"ü\" in it: type ASCII letters, digits and \"-\" only",
        ),
        ("my ext", "has the character \" \" in it"),
        ("my/ext", "has the character \"/\" in it"),
        ("a\"; abort(\"", "has the character \"\"\" in it"),
        ("{{name}}", "has the character \"{\" in it"),
        (
            "class",
            "is a keyword of Python: type another, such as class-ext.",
        ),
        ("None", "is a keyword of Python"),
        (
            "self",
            "is a keyword of Rust: type another, such as self-ext.",
        ),
        (
            "Json",
            "is a module of Python's standard library: type another, such as json-ext.",
        ),
        ("core", "is a crate of Rust's standard library"),
        (
            "datafusion_common",
            "is a package that the project depends on",
        ),
        ("datafusion", "is a package that the project depends on"),
        ("tests", "is a file or folder of the project"),
        ("hooks", "is a file or folder of the project"),
        ("nul", "is a device of Windows"),
        (
            &format!("{LONGEST}a"),
            "is longer than 50 characters: type a shorter one.",
        ),
    ];
    for (name, expected) in tests {
        let sentence = refusal(&folder, name);
        assert!(sentence.contains(expected), "{sentence}");
    }
}

#[test]
fn any_name_is_taken_or_refused() {
    // One for each core.
    std::thread::scope(|scope| {
        for half in ["any name", "any other name"] {
            scope.spawn(move || taken_or_refused(&scratch(half)));
        }
    });
}

fn taken_or_refused(folder: &Path) {
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    // Names that are likely to be taken, and any text that an argument can be.
    let names = prop_oneof![
        1 => "[A-Za-z][A-Za-z0-9_.-]{0,12}",
        2 => "[^\0]{0,6}",
    ];
    TestRunner::new(config)
        .run(&names, |name| {
            match try_generate(folder, &name) {
                Ok(()) => {
                    let project = fs::read_dir(folder).unwrap().next().unwrap().unwrap();
                    check(&project.path());
                    fs::remove_dir_all(project.path()).unwrap();
                }
                Err(said) => {
                    let sentence = sentence(folder, &said);
                    prop_assert!(sentence.starts_with("The project name "));
                    prop_assert!(sentence.contains(": type "));
                }
            }
            prop_assert!(files(folder).is_empty());
            Ok(())
        })
        .unwrap();
}

/// A list of the hook.
fn reserved(list: &str) -> BTreeSet<String> {
    let hook = read(root().join("hooks/reserved_names.rhai"));
    let (_, rest) = hook.split_once(&format!("const {list} = [")).unwrap();
    let (names, _) = rest.split_once(']').unwrap();
    quoted(names).collect()
}

#[test]
fn no_module_of_python_is_missing() {
    let reserved = reserved("PYTHON_MODULES");
    for version in ["3.10", "3.11", "3.12", "3.13"] {
        let code = "import sys; print(*sys.stdlib_module_names)";
        let modules = Command::new(cpython(version)).args(["-c", code]).succeed();
        for module in modules.split_whitespace() {
            let module = module.to_lowercase();
            // `problem` refuses a leading "_" anyway.
            assert!(
                module.starts_with('_') || reserved.contains(&module),
                "{module}"
            );
        }
    }
}

#[test]
fn no_keyword_of_python_is_missing() {
    let reserved = reserved("PYTHON_KEYWORDS");
    let code = "import keyword; print(*keyword.kwlist)";
    let keywords = Command::new(cpython("3.13")).args(["-c", code]).succeed();
    for keyword in keywords.split_whitespace() {
        assert!(reserved.contains(&keyword.to_lowercase()), "{keyword}");
    }
}

/// rustc takes none of these as the name of a module.
#[test]
fn keywords_of_rust_are_keywords() {
    let reserved = reserved("RUST_KEYWORDS");
    let folder = scratch("keywords");
    for keyword in &reserved {
        let source = folder.join("keyword.rs");
        fs::write(&source, format!("pub mod {keyword} {{}}")).unwrap();
        Command::new("rustc")
            .args([
                "--edition",
                "2024",
                "--crate-type",
                "lib",
                "--emit",
                "metadata",
                "--out-dir",
            ])
            .arg(&folder)
            .arg(&source)
            .fail();
    }
}

#[test]
fn no_dependency_is_missing() {
    let reserved = reserved("DEPENDENCIES");
    let template = root().join("template");
    let manifests = files(&template).into_iter();
    // What only the machinery links is no name of the project's.
    let manifests = manifests
        .filter(|path| path.ends_with("Cargo.toml") && !path.starts_with("pyo3-datafusion"));
    let dependencies: String = manifests
        .map(|path| {
            let cargo = read(template.join(path));
            let (_, dependencies) = cargo.split_once("[dependencies]\n").unwrap();
            dependencies.split_once("\n[").unwrap().0.to_owned() + "\n"
        })
        .collect();
    // In the place of variables, what they stand for.
    let crates = dependencies
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .filter(|(name, _)| !name.contains("{{"));
    let pyproject = read(template.join("pyproject.toml"));
    let packages = pyproject.lines().filter_map(|line| {
        let requirement = line.trim().trim_start_matches("dependencies = [");
        requirement.strip_prefix('"')?.split_once(">=")
    });
    let hook = read(root().join("hooks/extension_points.rhai"));
    let names: Vec<_> = crates
        .chain(packages)
        .map(|(name, _)| name.to_owned())
        .chain(quoted(&hook).filter(|name| name.starts_with("datafusion-")))
        .map(|name| name.replace('-', "_"))
        .collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        assert!(reserved.contains(&name), "{name}");
    }
}
