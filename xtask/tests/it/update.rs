//! Projects take over a newer template.

use std::path::Path;
use std::process::Command;

use xtask::root;

use crate::environment::{Environment, TEST_PACKAGES, build_wheel};
use crate::tools::{
    Run, build_environment, cpython, git, path_with, program, read, scratch, template_repository,
    tool,
};

/// cargo-generate and uv, as an owner has them.
fn path() -> std::ffi::OsString {
    let (generator, uv) = (program(), tool("uv"));
    let programs = [&generator, &uv].map(|program| Path::new(program.get_program()));
    path_with(&programs.map(|program| program.parent().unwrap()))
}

fn pytest(every_edit: bool) {
    let environment = Environment::new("update", "3.12", &["pytest"]);
    let mut pytest = environment.pytest_command(&root().join("xtask/tests/update"));
    pytest
        .current_dir(scratch("update"))
        .env("TEMPLATE", root())
        .env("XTASK", env!("CARGO_BIN_EXE_xtask"))
        .env("PATH", path());
    if every_edit {
        pytest.env("EVERY_EDIT", "1");
        build_environment(&mut pytest);
    }
    let said = pytest.succeed();
    assert!(said.contains(" passed"), "{said}");
    println!("{}", said.lines().last().unwrap_or_default());
}

#[test]
fn loses_nothing() {
    pytest(false);
}

#[test]
#[ignore = "takes ten minutes"]
fn loses_nothing_of_every_edit() {
    pytest(true);
}

/// With the session of the project, from a template that has changed; and what comes of it works.
#[test]
fn with_one_command() {
    let folder = scratch("update with nox");
    let template = folder.join("template");
    let address = template_repository(&template);
    let generate = [
        "--git",
        &address,
        "--name",
        "update-ext",
        "--silent",
        "--vcs",
        "none",
    ];
    program().args(generate).current_dir(&folder).succeed();
    let project = folder.join("update-ext");
    // cargo-generate makes no repository inside of another one, as this is.
    git(&project, &["init", "--quiet"]);
    git(&project, &["add", "--all"]);
    git(&project, &["commit", "--quiet", "--message", "Generated"]);

    let nox = |arguments: &[&str]| {
        let mut nox = Command::new(tool("uv").get_program());
        nox.args(["tool", "run", "nox", "--session", "update", "--"]);
        nox.args(arguments)
            .current_dir(&project)
            .env("PATH", path());
        for who in ["GIT_AUTHOR", "GIT_COMMITTER"] {
            nox.env(format!("{who}_NAME"), "test");
            nox.env(format!("{who}_EMAIL"), "test@example.com");
        }
        nox.env("UV_PYTHON", cpython("3.12"));
        nox
    };
    let said = nox(&[]).fail();
    assert!(
        said.contains("it is not recorded where the template is: add `-- ADDRESS`"),
        "{said}"
    );
    // The weekly job asks, which is no failure of the project.
    let said = nox(&["--check"]).succeed();
    assert!(said.contains("it is not recorded where"), "{said}");
    let said = nox(&[&address, "--check"]).succeed();
    assert!(said.contains("The project has all that"), "{said}");
    let said = nox(&["--help"]).succeed();
    assert!(
        said.contains("usage: -- ADDRESS") && said.contains("--dry-run"),
        "{said}"
    );
    let said = nox(&[&address]).succeed();
    assert!(said.contains("Nothing to do"), "{said}");

    let page = template.join("template/SECURITY.md");
    std::fs::write(&page, read(&page).replace("# Security", "# Safety")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["render", "--path"])
        .arg(&template)
        .succeed();
    git(
        &template,
        &["commit", "--quiet", "--all", "--message", "Newer"],
    );
    let said = nox(&[&address, "--check"]).succeed();
    assert!(said.starts_with("The template has commit "), "{said}");
    let said = nox(&[&address, "-d", "extension_points=+scalar_udf"]).succeed();
    assert!(
        said.contains("table_provider -> table_provider,scalar_udf"),
        "{said}"
    );
    assert!(read(project.join("SECURITY.md")).starts_with("# Safety"));

    let wheel = build_wheel(&project, cpython("3.11"), "dist");
    let environment = Environment::new("updated", "3.12", &TEST_PACKAGES);
    environment.install(&[&wheel], &[]);
    environment.tests_of(&project);
    let mut cargo = crate::tools::cargo(&project);
    build_environment(&mut cargo);
    cargo.args(["fmt", "--check"]).succeed();
}

/// What the command consists of is as tidy as a project.
#[test]
fn is_tidy() {
    for check in [
        ["format", "--check"],
        ["check", "--extend-select=B,I,UP,SIM,RUF,E501"],
    ] {
        tool("ruff")
            .args(check)
            .args([
                "--no-cache",
                "--line-length=100",
                "update.py",
                "adopted.py",
                "ffi_to_crate.py",
                "xtask/tests/update",
            ])
            .current_dir(root())
            .succeed();
    }
    tool("basedpyright")
        .args([
            "--pythonversion=3.11",
            "--level=error",
            "update.py",
            "adopted.py",
            "ffi_to_crate.py",
        ])
        .current_dir(root())
        .succeed();
}
