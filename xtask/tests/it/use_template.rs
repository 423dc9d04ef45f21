//! GitHub's "Use this template": the workflow's own steps run in a copy such as the button makes.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use xtask::remove_folder;
use xtask::use_template::WORKFLOW;

use crate::tools::{
    Run, assert_same, copy_template, generate, git, path_with, read, scratch, write_program,
};
use crate::workflow::{Outcome, Runner, Workflow};

const INIT: &str = ".github/workflows/template-init.yml";
/// Where the template is, as GitHub tells of a copy.
const TEMPLATE: &str = "https://github.com/the/template.git";
const WHAT_TO_DO: &str =
    "open Actions on GitHub, choose \"Use this template\", then \"Run workflow\".";

/// What the button makes: a repository with all files in one commit, to which a work tree pushed.
struct Copy {
    folder: PathBuf,
    /// OWNER/NAME.
    repository: String,
}

/// What GitHub says of a repository, and what was typed.
#[derive(Default)]
struct Event<'a> {
    by_hand: bool,
    is_template: bool,
    is_fork: bool,
    about: &'a str,
    name: &'a str,
    license: &'a str,
    extension_points: &'a str,
    datafusion: &'a str,
}

impl Copy {
    fn new(name: &str) -> Self {
        let copy = Self {
            folder: scratch(&format!("use template, {name}")),
            repository: format!("octo/{name}"),
        };
        let first = copy.folder.join("first");
        copy_template(&first);
        git(&first, &["init", "--quiet", "--initial-branch", "main"]);
        git(
            &copy.folder,
            &[
                "init",
                "--quiet",
                "--bare",
                "--initial-branch",
                "main",
                "origin",
            ],
        );
        git(&first, &["remote", "add", "origin", "../origin"]);
        copy.commit_and_push("Initial commit");
        copy
    }

    fn origin(&self) -> PathBuf {
        self.folder.join("origin")
    }

    /// Commits and pushes what there is in the folder `first`.
    fn commit_and_push(&self, message: &str) {
        let first = self.folder.join("first");
        git(&first, &["add", "--all"]);
        git(
            &first,
            &["commit", "--quiet", "--allow-empty", "--message", message],
        );
        git(&first, &["push", "--quiet", "origin", "main"]);
    }

    fn head(&self) -> String {
        git(&self.origin(), &["rev-parse", "main"])
    }

    /// A fresh clone, as deep as `depth` says.
    fn clone(&self, name: &str, depth: &str) -> PathBuf {
        let folder = self.folder.join(name);
        remove_folder(&folder).unwrap();
        let clone = [
            "clone",
            "--quiet",
            "--no-local",
            "--depth",
            depth,
            "origin",
            name,
        ];
        git(&self.folder, &clone);
        folder
    }

    /// Runs the workflow as GitHub does after `event`.
    fn run(&self, event: &Event) -> Outcome {
        let workflow = Workflow::read(self.folder.join("first").join(INIT));
        let steps = &workflow.jobs["project"].steps;
        let checkout = steps.iter().find(|step| step.uses.is_some()).unwrap();
        let checkout = self.clone("checkout", &checkout.with["fetch-depth"]);
        let programs = self.programs();
        let name = if event.by_hand {
            "workflow_dispatch"
        } else {
            "push"
        };
        let env = [
            ("PATH", path_with(&[&programs])),
            ("GITHUB_EVENT_NAME", name.into()),
            ("GITHUB_REF", "refs/heads/main".into()),
            ("GITHUB_REF_NAME", "main".into()),
            ("GITHUB_REPOSITORY", OsString::from(&self.repository)),
            ("GITHUB_SERVER_URL", "https://github.com".into()),
            ("GITHUB_SHA", self.head().trim().into()),
        ];
        let is = |yes| if yes { "true" } else { "false" };
        Runner {
            workspace: &checkout,
            expressions: &[
                ("github.event.repository.is_template", is(event.is_template)),
                ("github.event.repository.fork", is(event.is_fork)),
                ("github.event.repository.description", event.about),
                ("github.token", "the token"),
                ("inputs.name", event.name),
                ("inputs.description", ""),
                ("inputs.license", event.license),
                ("inputs.extension_points", event.extension_points),
                ("inputs.datafusion", event.datafusion),
            ],
            env: env.into(),
        }
        .run(&workflow, "project")
    }

    /// The programs of a runner, but for those that are everywhere: a `cargo` that is already
    /// built, and a `gh` that notes what it is asked to do.
    fn programs(&self) -> PathBuf {
        let folder = self.folder.join("programs");
        let xtask = env!("CARGO_BIN_EXE_xtask");
        let asked = self.asked();
        for (name, script) in [
            (
                "cargo",
                format!(
                    "[ \"$1\" = xtask ] && shift && exec env GIT_AUTHOR_NAME=nobody GIT_AUTHOR_EMAIL= '{xtask}' \"$@\" --path ."
                ),
            ),
            (
                "gh",
                format!(
                    "[ \"$1\" = api ] && echo {TEMPLATE} && exit\n\
                     echo \"$GH_TOKEN: $*\" >> '{}'",
                    asked.display()
                ),
            ),
        ] {
            write_program(&folder, name, &script);
        }
        folder
    }

    /// What was asked of GitHub.
    fn asked(&self) -> PathBuf {
        self.folder.join("asked")
    }

    /// Runs the workflow, which changes nothing.
    fn run_in_vain(&self, event: &Event) -> Outcome {
        let before = self.head();
        let outcome = self.run(event);
        assert_eq!(self.head(), before);
        assert!(!self.asked().exists(), "{}", read(self.asked()));
        let checkout = self.folder.join("checkout");
        assert_eq!(git(&checkout, &["rev-parse", "HEAD"]), before);
        assert_eq!(git(&checkout, &["status", "--porcelain"]), "");
        outcome
    }

    /// Runs the workflow, which fails and says what to do; returns the reason.
    fn run_and_fail(&self, event: &Event) -> String {
        let outcome = self.run_in_vain(event);
        assert!(!outcome.succeeded, "{outcome:?}");
        let (reason, advice) = outcome
            .summary
            .split_once("\n\n")
            .unwrap_or(("", &outcome.summary));
        let page = format!(
            "/{}/blob/{}/docs/use-this-template.md",
            self.repository,
            self.head().trim()
        );
        let expected = format!(
            "Nothing was pushed: the repository is as it was. [What to do \
             now](https://github.com{page}#if-it-fails)\n"
        );
        assert_eq!(advice, expected);
        assert!(
            outcome.log.contains(&format!("::error::{reason}\n")),
            "{}",
            outcome.log
        );
        reason.to_owned()
    }

    /// Runs the workflow, after which the repository is what `cargo generate` makes of `answers`.
    fn becomes(&self, event: &Event, name: &str, answers: &[&str]) {
        let before = self.head();
        let outcome = self.run(event);
        assert!(outcome.succeeded, "{}", outcome.log);
        assert_eq!(
            read(self.asked()),
            format!(
                "the token: workflow run ci.yml --repo {} --ref main\n",
                self.repository
            )
        );

        let template = format!("template_repository={TEMPLATE}");
        let repository = format!("repository=https://github.com/{}", self.repository);
        let mut expected = generate(&self.folder, name);
        for answer in [&[template.as_str(), repository.as_str()], answers].concat() {
            expected.args(["-d", answer]);
        }
        expected.succeed();
        assert_same(&self.clone("pushed", "1"), &self.folder.join(name));

        // GitHub lets a workflow delete others, and do nothing else to them.
        let changes = git(
            &self.origin(),
            &[
                "diff-tree",
                "-r",
                "--name-status",
                before.trim(),
                "main",
                "--",
                ".github/workflows",
            ],
        );
        assert!(changes.contains(INIT), "{changes}");
        assert!(
            changes.lines().all(|change| change.starts_with("D\t")),
            "{changes}"
        );
        // Those who have the repository can go on with it.
        assert_eq!(git(&self.origin(), &["rev-parse", "main^"]), before);
    }
}

#[test]
fn the_first_push_makes_the_project() {
    let copy = Copy::new("My_Cool.UDFs");
    let event = Event {
        about: "Zähler's & Co: $(false) `false` <fast> #1",
        ..Event::default()
    };
    let description = format!("description={}", event.about);
    copy.becomes(&event, "my-cool-udfs", &[&description]);
}

#[test]
fn a_name_that_is_refused_can_be_typed() {
    for (name, refusal) in [
        (
            "9lives",
            "does not start with a letter: type one that does, such as my-ext.",
        ),
        (
            "datafusion",
            "is a package that the project depends on: type another, such as datafusion-ext.",
        ),
    ] {
        let copy = Copy::new(name);
        let reason = copy.run_and_fail(&Event::default());
        assert_eq!(
            reason,
            format!("The project name \"{name}\" {refusal} To answer otherwise, {WHAT_TO_DO}")
        );

        let event = Event {
            by_hand: true,
            name: "nine_lives",
            license: "MIT OR Apache-2.0",
            extension_points: "scalar_udf, window_udf",
            datafusion: "54, 55",
            ..Event::default()
        };
        let answers = [
            "license=MIT OR Apache-2.0",
            "extension_points=scalar_udf,window_udf",
            "datafusion=54,55",
        ];
        copy.becomes(&event, "nine_lives", &answers);
    }
}

#[test]
fn wrong_answers_are_refused() {
    let copy = Copy::new("wrong-answers");
    let answers = |license, extension_points| Event {
        by_hand: true,
        license,
        extension_points,
        ..Event::default()
    };
    let reason = copy.run_and_fail(&answers("GPL", ""));
    let expected = "\"GPL\" is not among the choices for license, which are Apache-2.0, MIT, MIT OR \
                    Apache-2.0. To answer otherwise, ";
    assert_eq!(reason, format!("{expected}{WHAT_TO_DO}"));
    let reason = copy.run_and_fail(&answers("", "scalar_udf,scalar"));
    let expected = "\"scalar\" is not among the choices for extension_points, which are \
                    table_provider, insert, table_provider_factory, ";
    assert!(reason.starts_with(expected), "{reason}");
    assert!(reason.ends_with(WHAT_TO_DO), "{reason}");
    let reason = copy.run_and_fail(&Event {
        by_hand: true,
        datafusion: "53",
        ..Event::default()
    });
    let expected = "\"53\" is not among the choices for datafusion, which are 54, 55. ";
    assert!(reason.starts_with(expected), "{reason}");
}

/// As the page says.
#[test]
fn the_project_can_be_made_anew() {
    let copy = Copy::new("anew");
    copy.becomes(&Event::default(), "anew", &[]);

    let first = copy.folder.join("first");
    let page = read(first.join("docs/use-this-template.md"));
    assert!(page.contains("$ git revert --no-edit HEAD\n$ git push\n"));
    git(&first, &["pull", "--quiet", "origin", "main"]);
    git(&first, &["revert", "--no-edit", "HEAD"]);
    git(&first, &["push", "--quiet", "origin", "main"]);
    fs::remove_file(copy.asked()).unwrap();
    let outcome = copy.run_in_vain(&Event::default());
    assert!(outcome.succeeded);

    let event = Event {
        by_hand: true,
        name: "other",
        extension_points: "aggregate_udf",
        ..Event::default()
    };
    copy.becomes(&event, "other", &["extension_points=aggregate_udf"]);
}

/// Nobody wrote it for the template.
#[test]
fn a_description_that_does_not_fit_stops_nobody() {
    let copy = Copy::new("quoted");
    let event = Event {
        about: "The \"best\" functions",
        ..Event::default()
    };
    copy.becomes(&event, "quoted", &[]);
}

#[test]
fn a_changed_workflow_is_not_written() {
    let copy = Copy::new("changed-workflow");
    let first = copy.folder.join("first");
    let ci = first.join(".github/workflows/ci.yml");
    let original = read(&ci);
    for changed in [Some("name: Mine\n"), None] {
        match changed {
            Some(text) => fs::write(&ci, text).unwrap(),
            None => fs::remove_file(&ci).unwrap(),
        }
        copy.commit_and_push("Change a workflow");
        let event = Event {
            by_hand: true,
            ..Event::default()
        };
        let reason = copy.run_and_fail(&event);
        assert_eq!(
            reason,
            format!(
                "The project's .github/workflows/ci.yml is not the repository's, and GitHub lets \
                 no workflow write another: copy ci-template/github/workflows/ci.yml to \
                 .github/workflows/ci.yml, commit it, then {WHAT_TO_DO}"
            )
        );
    }
    // What it says to do works.
    assert_eq!(
        read(first.join("ci-template/github/workflows/ci.yml")),
        original
    );
    fs::write(&ci, original).unwrap();
    copy.commit_and_push("Change it back");
    let event = Event {
        by_hand: true,
        ..Event::default()
    };
    copy.becomes(&event, "changed-workflow", &[]);
}

#[test]
fn a_push_that_is_refused_changes_nothing() {
    let copy = Copy::new("protected");
    write_program(&copy.origin().join("hooks"), "pre-receive", "exit 1");
    let before = copy.head();
    let outcome = copy.run(&Event::default());
    assert!(!outcome.succeeded);
    assert_eq!(copy.head(), before);
    assert!(!copy.asked().exists());
    assert!(
        outcome.summary.starts_with("Nothing was pushed"),
        "{outcome:?}"
    );
}

/// The template itself, forks and mirrors of it stay what they are.
#[test]
fn others_are_left_alone() {
    let copy = Copy::new("other");
    for (is_template, is_fork) in [(true, false), (false, true)] {
        for by_hand in [false, true] {
            let event = Event {
                by_hand,
                is_template,
                is_fork,
                ..Event::default()
            };
            let outcome = copy.run_in_vain(&event);
            assert_eq!(outcome.ran, [""; 0]);
        }
    }
    copy.commit_and_push("A second commit");
    let outcome = copy.run_in_vain(&Event::default());
    assert!(outcome.succeeded);
    assert_eq!(outcome.ran, ["See whether the repository is new"]);
}

/// Messages name the workflow, and so does the page.
#[test]
fn the_workflow_has_its_name() {
    let workflow = Workflow::read(xtask::root().join(INIT));
    assert_eq!(workflow.name, WORKFLOW);
    assert!(WHAT_TO_DO.contains(WORKFLOW));
}

/// Changes that nobody committed would be lost.
#[test]
fn changes_are_not_lost() {
    let copy = Copy::new("uncommitted");
    let checkout = copy.clone("checkout", "1");
    fs::write(checkout.join("README.md"), "Mine\n").unwrap();
    let said = use_template(&checkout).fail();
    let expected = "error: The repository has changes that are not committed: commit them, or \
                    take them back.\n";
    assert_eq!(said, expected);
    assert_eq!(read(checkout.join("README.md")), "Mine\n");
    // What git ignores is nobody's business.
    git(&checkout, &["checkout", "--quiet", "."]);
    fs::create_dir(checkout.join("target")).unwrap();
    fs::write(checkout.join("target/built"), "").unwrap();
    use_template(&checkout).succeed();
    assert!(checkout.join("target/built").exists());
    assert!(checkout.join("pyproject.toml").exists());
    assert!(!checkout.join("xtask").exists());
}

/// The command, as somebody calls it without GitHub.
fn use_template(repository: &Path) -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_xtask"));
    command
        .args(["use-template", "--repository", "octo/uncommitted", "--path"])
        .arg(repository);
    command.env_remove("GITHUB_STEP_SUMMARY");
    command
}
