//! The same project from the program `cargo generate`, in every way that it is called.

use std::fs;
use std::process::Command;

use xtask::root;

use crate::tools::{
    CARGO_GENERATE, Run, assert_same, copy_template, generate, program, read, read_toml, scratch,
    template_repository,
};

#[test]
fn program_and_library_agree() {
    let folder = scratch("program");
    let template = folder.join("template");
    let url = template_repository(&template);
    generate(&folder, "my-ext").succeed();
    let check = |place: &str| {
        assert_same(&folder.join(place).join("my-ext"), &folder.join("my-ext"));
    };

    // From a folder.
    fs::create_dir(folder.join("path")).unwrap();
    let said = program()
        .args(["--silent", "--name", "my-ext", "--path", "../template"])
        .current_dir(folder.join("path"))
        .succeed();
    let next = [
        "cd my-ext && uv run examples/quickstart.py   # build it and query it",
        "uv run pytest                                # test it",
    ];
    for line in next {
        assert!(said.contains(&format!("    {line}\n")), "{said}");
    }
    check("path");

    // From a repository.
    fs::create_dir(folder.join("git")).unwrap();
    program()
        .args([
            "--silent", "--name", "my-ext", "--vcs", "none", "--git", &url,
        ])
        .current_dir(folder.join("git"))
        .succeed();
    check("git");

    // Into a folder that is there.
    fs::create_dir_all(folder.join("init/my-ext")).unwrap();
    let said = program()
        .args([
            "--silent",
            "--init",
            "--name",
            "my-ext",
            "--path",
            "../../template",
        ])
        .current_dir(folder.join("init/my-ext"))
        .succeed();
    assert!(!said.contains("cd my-ext"), "{said}");
    check("init");

    // Rendered, and a command run in it.
    program()
        .args(["--silent", "--vcs", "none", "--name", "my-ext", "--test"])
        .env(
            "CARGO_GENERATE_TEST_CMD",
            "cargo metadata --no-deps --offline --format-version 1",
        )
        .current_dir(&template)
        .succeed();
}

#[test]
fn interactively() {
    let folder = scratch("interactive");
    let template = folder.join("template");
    copy_template(&template);
    let program = program();
    // The first name is refused, and asked for again; the rest are the defaults.
    let script = r#"
import os, pty, select, sys, time

def answer(keys):
    """Wait until the program is quiet, then type."""
    while select.select([terminal], [], [], 1.0)[0]:
        try:
            said = os.read(terminal, 4096)
        except OSError:
            return
        if not said:
            return
        sys.stdout.buffer.write(said)
    os.write(terminal, keys)

child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
for keys in [b"class\r", b"My_Cool.Ext\r", b"\r", b"\r", b"\r", b"\r", b"\r"]:
    answer(keys)
answer(b"")
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;
    let said = Command::new(xtask::python::find(None).unwrap())
        .args(["-c", script])
        .arg(program.get_program())
        .args(["generate", "--path", "template", "--vcs", "none"])
        .env("TERM", "xterm")
        .current_dir(&folder)
        .succeed();
    assert!(
        said.contains("is a keyword of Python: type another, such as class-ext."),
        "{said}"
    );
    let project = folder.join("my-cool-ext");
    assert!(read(project.join("pyproject.toml")).contains("name = \"my-cool-ext\""));
    assert!(read(project.join(".template-answers.toml")).contains("license = \"Apache-2.0\""));
    assert!(project.join(".github/workflows/ci.yml").exists());
}

#[test]
fn the_lowest_version_is_declared() {
    let config = read_toml(root().join("cargo-generate.toml"));
    let required = config["template"]["cargo_generate_version"]
        .as_str()
        .unwrap();
    assert_eq!(required, format!(">={CARGO_GENERATE}"));
}
