//! The READMEs and the pages: their commands and examples are run, and show what they say.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::root;

use crate::environment::{Environment, FULL};
use crate::tools::{
    Run, build_environment, cpython, extension_points, generate, path_with, read, scratch, tool,
};

/// What stands in the blocks of a page that are in `language`.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    page.split(&format!("```{language}\n"))
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// The lines after `$ ` in the `console` blocks of a page.
fn commands(page: &str) -> Vec<String> {
    blocks(page, "console")
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("$ "))
        .map(str::to_owned)
        .collect()
}

/// The text block after a mark.
fn shown(page: &str, mark: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("<!-- {mark} -->\n```text\n"))
        .unwrap();
    rest.split("```").next().unwrap().to_owned()
}

/// A PATH with the Python, uv and cargo that a reader would have.
fn path() -> OsString {
    let (cargo, python, uv) = (PathBuf::from(env!("CARGO")), cpython("3.12"), tool("uv"));
    let uv = Path::new(uv.get_program());
    // Its own `python3` comes before that of uv's environment.
    path_with(&[&cargo, &python, uv].map(|program| program.parent().unwrap()))
}

fn shell(folder: &Path, command: &str) -> String {
    let mut shell = Command::new("bash");
    shell
        .args(["-euo", "pipefail", "-c", command])
        .env("PATH", path())
        .current_dir(folder);
    build_environment(&mut shell);
    shell.succeed()
}

/// Every command, in order, in a fresh project.
#[test]
fn of_a_generated_project() {
    let folder = scratch("readme");
    generate(&folder, "readme-ext").succeed();
    let project = folder.join("readme-ext");
    let readme = read(project.join("README.md"));
    let output = shown(&readme, "quickstart output");
    let commands = commands(&readme);
    assert!(commands.len() >= 8, "{commands:?}");
    for command in commands {
        println!("$ {command}");
        let said = shell(&project, &command);
        if command.contains("quickstart.py") {
            assert!(said.contains(output.trim_end()), "{said}");
        }
        if command.contains("pytest") {
            assert!(said.contains(" passed"), "{said}");
        }
    }
}

/// `cargo xtask try` is run by the tests of `try_out`; here, that the README shows its output.
#[test]
fn of_the_template() {
    let readme = read(root().join("README.md"));
    let generated = read(root().join("template/README.md"));
    assert_eq!(
        shown(&readme, "output of cargo xtask try"),
        shown(&generated, "quickstart output")
    );
    let commands = commands(&readme);
    assert_eq!(commands[0], "cargo xtask try");
    assert_eq!(commands.last().map(String::as_str), Some("cargo test"));

    // Generating, from where a reader would be.
    let folder = scratch("readme of the template");
    let generate = commands
        .iter()
        .find(|c| c.starts_with("cargo xtask generate"))
        .unwrap();
    let generate = generate.replace("--destination ..", "--silent --destination \"$FOLDER\"");
    shell(
        root(),
        &format!("FOLDER='{}'; {generate}", folder.display()),
    );
    assert!(folder.join("my-ext/pyproject.toml").exists());
}

/// Each example, in a package that has all extension points, prints what its page shows.
#[test]
fn of_the_extension_points() {
    let environment = Environment::new("pages", "3.12", &[&FULL.wheel]);
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
            .arg(
                [&setup, &page]
                    .map(|page| blocks(page, "python").concat())
                    .concat(),
            )
            .succeed();
        assert_eq!(said.trim(), blocks(&page, "text").concat().trim());
    }
}
