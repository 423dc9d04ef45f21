//! The READMEs and the pages: their commands and examples are run, and show what they say.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pulldown_cmark::{Event, Parser, Tag};
use xtask::root;

use crate::environment::{Environment, FULL};
use crate::page::{Typed, commands_of, marked, text_in};
use crate::tools::{
    Run, assert_same, build_environment, cpython, extension_points, generate, path_with, read,
    scratch, target, template_repository, tool, typed,
};

/// A PATH with the Pythons, uv and cargo that a reader would have, and the tools of cargo that a test
/// has compiled.
fn path() -> OsString {
    let (cargo, uv) = (PathBuf::from(env!("CARGO")), tool("uv"));
    let uv = Path::new(uv.get_program());
    // Their own `python3` comes before that of uv's environment.
    let pythons = [cpython("3.12"), cpython("3.10")];
    let folders = [&cargo, &pythons[0], &pythons[1], uv].map(|program| program.parent().unwrap());
    path_with(&[&folders[..], &[&target().join("tools").join("bin")]].concat())
}

/// bash, which runs `command` in `folder` as a reader would.
pub fn shell(folder: &Path, command: &str) -> Command {
    let mut shell = Command::new("bash");
    shell
        .args(["-euc", command])
        .env("PATH", path())
        .current_dir(folder);
    build_environment(&mut shell);
    shell
}

/// Runs `command`, all of which must succeed.
fn run(folder: &Path, command: &str) -> String {
    shell(folder, &format!("set -o pipefail\n{command}")).succeed()
}

/// Every command for its owner, in order, in a fresh project, but for the release build.
#[test]
fn of_a_generated_project() {
    follow("readme", |command| !command.contains("benchmark"));
}

#[test]
#[ignore = "makes a release build"]
fn of_a_generated_project_to_the_end() {
    follow("whole readme", |_| true);
}

fn follow(test: &str, wanted: fn(&str) -> bool) {
    let folder = scratch(test);
    generate(&folder, "readme-ext").succeed();
    let project = folder.join("readme-ext");
    let readme = read(project.join("README.md"));
    let output = marked(&readme, "quickstart output");
    let commands = commands_of(&read(project.join("AGENTS.md")));
    assert!(commands.len() >= 7, "{commands:?}");
    for Typed { line: command, .. } in commands {
        if !wanted(&command) {
            continue;
        }
        println!("$ {command}");
        let said = run(&project, &command);
        if command.contains("quickstart.py") {
            assert!(said.contains(output.trim_end()), "{said}");
        }
        if command.contains("pytest") {
            assert!(said.contains(" passed"), "{said}");
        }
    }
}

/// PyPI shows the README, without the other files of the project.
#[test]
fn has_no_link_that_pypi_lacks() {
    let folder = scratch("links of the readme");
    let github = "repository=https://github.com/me/my-ext";
    let gitlab = "repository=https://gitlab.com/me/my-ext";
    let answers = [
        vec![],
        vec!["-d", "extension_points=scalar_udf"],
        vec!["-d", github],
        vec!["-d", gitlab, "-d", "ci=gitlab"],
    ];
    for (index, answers) in answers.into_iter().enumerate() {
        let name = format!("links-{}-ext", ["a", "b", "c", "d"][index]);
        generate(&folder, &name).args(answers).succeed();
        let readme = read(folder.join(&name).join("README.md"));
        assert!(readme.contains(&format!("$ pip install {name}\n")));
        for event in Parser::new(&readme) {
            if let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event {
                assert!(dest_url.starts_with("https://"), "{name}: {dest_url}");
            }
        }
        // What only its owner needs is elsewhere.
        for word in ["TODO(", "uv run", "cargo ", "Rust 1."] {
            assert!(!readme.contains(word), "{name}: {word}");
        }
    }
}

/// `cargo xtask try` is run by the tests of `try_out`; here, that the README shows its output.
#[test]
fn of_the_template() {
    let readme = read(root().join("README.md"));
    let generated = read(root().join("template/README.md"));
    assert_eq!(
        marked(&readme, "output of cargo xtask try"),
        marked(&generated, "quickstart output")
    );
    let commands: Vec<_> = commands_of(&readme).into_iter().map(|c| c.line).collect();
    assert_eq!(commands[0], "cargo xtask try");
    assert_eq!(commands.last().map(String::as_str), Some("cargo test"));

    // Generating, from where a reader would be, who takes the defaults.
    let folder = scratch("readme of the template");
    let url = template_repository(&folder.join("template"));
    for (start, place) in [
        ("cargo generate ", folder.join("generate")),
        ("cargo xtask generate ", root().to_owned()),
    ] {
        let command = commands.iter().find(|c| c.starts_with(start)).unwrap();
        let command = typed(command, &url).replace("--destination ..", "--destination \"$FOLDER\"");
        fs::create_dir_all(&place).unwrap();
        // `cargo run` would build xtask anew, without what the tests need, while other tests run it.
        let xtask = format!("{:?} ", env!("CARGO_BIN_EXE_xtask"));
        let command = command.replace("cargo xtask ", &xtask);
        let command = format!("FOLDER='{}'; {command} --silent", folder.display());
        shell(&place, &command).succeed();
    }
    assert_same(&folder.join("generate/my-ext"), &folder.join("my-ext"));
}

/// Each example, in a package that has all extension points, prints what its page shows.
#[test]
fn of_the_extension_points() {
    let readers = ["duckdb", "pandas", "polars", "pyarrow"];
    let environment = Environment::new("pages", "3.12", &readers);
    environment.install(&[&FULL.wheel], &[]);
    // The types of functions are as `nox --session lint` wants them.
    let stubs = FULL.project.join("pyo3-datafusion/stubs.py");
    environment.python().arg(stubs).arg("--check").succeed();
    let page = |name: &str| {
        let page = read(root().join(format!("docs/extension-points/{name}.md")));
        page.replace("my_ext", "full_ext")
            .replace("my-ext", "full-ext")
    };
    let setup = page("README");
    for point in extension_points() {
        println!("{point}");
        let page = page(&point);
        let said = environment
            .python()
            .args(["-W", "error", "-c"])
            .arg([&setup, &page].map(|page| text_in(page, "python")).concat())
            .succeed();
        assert_eq!(said.trim(), text_in(&page, "text").trim());
    }
}
