//! The same project from the program `cargo generate`, in every way that it is called.

use std::ffi::OsStr;
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

/// A command that runs the program `arguments` in a terminal, and types `keys`, each once the program
/// is quiet.
fn in_a_terminal(keys: &[&str], arguments: &[&OsStr]) -> Command {
    const TYPE: &str = r#"
import json, os, pty, select, signal, sys

# A question that nobody answers would wait forever.
signal.alarm(120)

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
    os.write(terminal, keys.encode())

child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
for keys in [*json.loads(sys.argv[1]), ""]:
    answer(keys)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;
    let mut command = Command::new(xtask::python::find(None).unwrap());
    command
        .args(["-c", TYPE, &serde_json::to_string(keys).unwrap()])
        .args(arguments)
        .env("TERM", "xterm");
    command
}

#[test]
fn interactively() {
    let folder = scratch("interactive");
    let template = folder.join("template");
    copy_template(&template);
    let program = program();
    let generate = ["generate", "--path", "template", "--vcs", "none"].map(OsStr::new);
    // The first name is refused, and asked for again; the rest are the defaults.
    let keys = [
        "class\r",
        "My_Cool.Ext\r",
        "\r",
        "\r",
        "\r",
        "\r",
        "\r",
        "\r",
        "\r",
        "\r",
    ];
    let said = in_a_terminal(&keys, &[&[program.get_program()], &generate[..]].concat())
        .current_dir(&folder)
        .succeed();
    assert!(
        said.contains("is a keyword of Python: type another, such as class-ext."),
        "{said}"
    );
    // What each choice is for, and how to choose it.
    assert!(said.contains("Space marks, Enter goes on"), "{said}");
    assert!(said.contains("aggregate_udf of a group of rows"), "{said}");
    let project = folder.join("my-cool-ext");
    assert!(read(project.join("pyproject.toml")).contains("name = \"my-cool-ext\""));
    assert!(read(project.join(".template-answers.toml")).contains("license = \"Apache-2.0\""));
    assert!(project.join(".github/workflows/ci.yml").exists());
}

#[test]
fn ctrl_c_at_a_question_leaves_nothing_behind() {
    let folder = scratch("ctrl-c");
    let program = [env!("CARGO_BIN_EXE_xtask"), "generate"].map(OsStr::new);
    let said = in_a_terminal(&["my-ext\r", "\u{3}"], &program)
        .current_dir(&folder)
        .fail();
    assert!(said.contains("Description"), "{said}");
    assert!(said.contains("stopped: no project was made"), "{said}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn the_lowest_version_is_declared() {
    let config = read_toml(root().join("cargo-generate.toml"));
    let required = config["template"]["cargo_generate_version"]
        .as_str()
        .unwrap();
    assert_eq!(required, format!(">={CARGO_GENERATE}"));
}
