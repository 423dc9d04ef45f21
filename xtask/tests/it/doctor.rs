//! The doctor of a project finds what is missing or does not fit, and says what to type.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::{
    Run, cargo, choose, cpython, generate, git, printed, read, scratch, write_program,
};

struct Doctor {
    project: PathBuf,
    /// Programs that are found first.
    programs: PathBuf,
}

impl Doctor {
    fn new(test: &str) -> Self {
        let folder = scratch(test);
        let function = choose(&["scalar_udf".to_owned()]);
        generate(&folder, "my-ext").args(function).succeed();
        let doctor = Self {
            project: folder.join("my-ext"),
            programs: folder.join("programs"),
        };
        for (program, says) in [
            ("git", "git version 2.47.3"),
            ("rustc", "rustc 1.99.0 (0000000 2026-01-01)"),
            ("uv", "uv 0.11.0"),
        ] {
            doctor.says(program, says);
        }
        doctor
    }

    fn says(&self, program: &str, text: &str) {
        write_program(&self.programs, program, &format!("echo '{text}'"));
    }

    fn command(&self) -> Command {
        let mut command = Command::new(cpython("3.12"));
        command
            .arg(self.project.join("pyo3-datafusion/doctor.py"))
            .env("PATH", &self.programs);
        command
    }

    /// What it says that is not in order, with its exit code.
    fn finds(&self) -> (Option<i32>, String) {
        let output = self.command().finish();
        let said = printed(&output);
        let lines = said.lines().filter(|line| !line.starts_with("ok "));
        let lines: Vec<_> = lines.map(str::trim).collect();
        (output.status.code(), lines.join("\n"))
    }

    fn change(&self, path: &str, from: &str, to: &str) {
        let path = self.project.join(path);
        let text = read(&path);
        assert!(text.contains(from), "{from}");
        fs::write(path, text.replace(from, to)).unwrap();
    }
}

#[test]
fn finds_what_is_missing() {
    let doctor = Doctor::new("doctor");
    assert_eq!(doctor.finds(), (Some(0), String::new()));

    doctor.says("rustc", "rustc 1.80.0");
    let (code, said) = doctor.finds();
    assert_eq!(code, Some(1));
    assert!(said.starts_with("wrong  Rust is 1.80.0, but 1.9"), "{said}");
    assert!(said.ends_with("is needed\nrustup update"), "{said}");
    let linker = "[ \"$1\" = --version ] && echo 'rustc 1.99.0' || exit 1";
    write_program(&doctor.programs, "rustc", linker);
    let (code, said) = doctor.finds();
    assert_eq!(code, Some(1));
    assert!(
        said.starts_with("wrong  Rust cannot link a program\n"),
        "{said}"
    );
    fs::remove_file(doctor.programs.join("rustc")).unwrap();
    let said = "wrong  Rust is missing\ninstall it from https://rustup.rs";
    assert_eq!(doctor.finds(), (Some(1), said.to_owned()));
    doctor.says("rustc", "rustc 1.99.0");

    // Neither is needed to build.
    fs::remove_file(doctor.programs.join("uv")).unwrap();
    doctor.says("git", "git version 2.30.2");
    let said = "note   uv is missing\npip install uv\n\
                note   git is 2.30.2, but updates need 2.38\ninstall a newer git";
    assert_eq!(doctor.finds(), (Some(0), said.to_owned()));
}

#[test]
fn finds_what_does_not_fit() {
    let doctor = Doctor::new("doctor, versions");
    let installed = doctor.project.join(".venv/lib/python3.12/site-packages");
    fs::create_dir_all(installed.join("datafusion-54.1.0.dist-info")).unwrap();
    let said = "wrong  datafusion 54.1.0 is installed in .venv, but 55 is needed\n\
                uv pip install \"datafusion>=55,<56\"";
    assert_eq!(doctor.finds(), (Some(1), said.to_owned()));
    fs::remove_dir_all(doctor.project.join(".venv")).unwrap();

    doctor.change("pyproject.toml", "datafusion>=55,<56", "datafusion>=54,<55");
    let said = "wrong  Cargo.toml is for DataFusion 55, and pyproject.toml for 54\n\
                uvx nox --session update -- -d datafusion=55";
    assert_eq!(doctor.finds(), (Some(1), said.to_owned()));
    doctor.change("pyproject.toml", "datafusion>=54,<55", "datafusion>=55,<56");

    // A newer template.
    let template = scratch("doctor, template");
    git(&template, &["init", "--quiet", "--initial-branch", "main"]);
    git(
        &template,
        &["commit", "--quiet", "--allow-empty", "-m", "Newer"],
    );
    for tag in ["v0.1.0", "v0.10.0", "v0.11.0-rc.1"] {
        git(&template, &["tag", tag]);
    }
    let address = format!("repository = \"{}\"", template.display());
    let answers = doctor.project.join(".template-answers.toml");
    let text = read(&answers).replacen("repository = \"\"", &address, 1);
    fs::write(answers, text).unwrap();
    fs::remove_file(doctor.programs.join("git")).unwrap();
    let real = Command::new("sh").args(["-c", "command -v git"]).succeed();
    std::os::unix::fs::symlink(real.trim(), doctor.programs.join("git")).unwrap();
    let said = "note   the template has version 0.10.0, and this project is from 0.1.0\n\
                uvx nox --session update -- --dry-run";
    assert_eq!(doctor.finds(), (Some(0), said.to_owned()));
}

/// The compiler would say that `RecordBatch` is not `RecordBatch`.
#[test]
fn finds_a_crate_in_two_versions() {
    let doctor = Doctor::new("doctor, crates");
    let cargo_program = Path::new(env!("CARGO"));
    std::os::unix::fs::symlink(cargo_program, doctor.programs.join("cargo")).unwrap();
    let mut add = cargo(&doctor.project);
    add.args([
        "add",
        "--quiet",
        "--rename=old-arrow",
        "--no-default-features",
        "arrow@58",
    ]);
    add.succeed();
    cargo(&doctor.project).arg("fetch").succeed();
    // Its own is that of the tests.
    fs::remove_file(doctor.programs.join("rustc")).unwrap();
    let rustc = Command::new("rustup").args(["which", "rustc"]).succeed();
    std::os::unix::fs::symlink(rustc.trim(), doctor.programs.join("rustc")).unwrap();
    let output = doctor.command().env("PATH", path_of(&doctor)).finish();
    let said = printed(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("wrong  arrow has 2 versions: 58."), "{said}");
    assert!(said.contains(" for my-ext 0.1.0; 59."), "{said}");
    let todo = "that datafusion-common has: cargo tree --depth 1 --package datafusion-common@55.";
    assert!(said.contains(todo), "{said}");
    assert_eq!(said.matches("versions: ").count(), 1, "{said}");
}

/// With a linker.
fn path_of(doctor: &Doctor) -> std::ffi::OsString {
    crate::tools::path_with(&[&doctor.programs])
}
