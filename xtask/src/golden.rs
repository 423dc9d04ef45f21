//! Writes the projects that a handful of answers render into, so that a change can be looked at.
//!
//! The first project is written whole, and of each other project only what differs from the first.
//! A file that has the same bytes in the template is only named.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use similar::TextDiff;

use crate::render::update;
use crate::{cargo_generate, choices, files, questions, remove_folder, root};

/// The answers that are not the defaults. `ALL` stands for all choices.
const PROJECTS: [(&str, &[&str]); 4] = [
    ("default", &[]),
    (
        "function",
        &["extension_points=scalar_udf", "license=MIT", "ci=none"],
    ),
    (
        "codecs",
        &[
            "extension_points=logical_extension_codec,physical_extension_codec",
            "license=MIT OR Apache-2.0",
            "author=Your Name <you@example.com>",
            "repository=https://example.com/me/my-ext",
            "ci=gitlab",
            "spark=true",
        ],
    ),
    (
        "everything",
        &["extension_points=ALL", "datafusion=ALL", "ci=both"],
    ),
];

#[derive(clap::Args)]
pub struct Args {
    /// Write nothing; fail and show the difference if a project is not as it was
    #[arg(long)]
    check: bool,
}

pub fn run(args: &Args) -> Result<()> {
    if update_all(root(), args.check)? {
        bail!("the template renders something else: look at it, and run `cargo xtask golden`");
    }
    Ok(())
}

/// Writes what the template in `repository` renders.
pub fn write(repository: &Path) -> Result<()> {
    update_all(repository, false).map(|_| ())
}

fn update_all(repository: &Path, check: bool) -> Result<bool> {
    let mut drifted = false;
    let mut first: Option<Files> = None;
    for (name, answers) in PROJECTS {
        let files = render(repository, answers)?;
        let target = format!("xtask/tests/golden/{name}.txt");
        let text = match &first {
            None => whole(&files),
            Some(first) => difference(first, &files),
        };
        drifted |= update(&repository.join(&target), &target, &text, check)?;
        first.get_or_insert(files);
    }
    Ok(drifted)
}

/// The files of a project, by their paths.
type Files = BTreeMap<String, String>;

/// All files in one text, so that no tool takes a file for a part of this repository.
fn whole(files: &Files) -> String {
    files
        .iter()
        .map(|(path, contents)| format!("==> {path} <==\n{contents}\n"))
        .collect()
}

/// How `files` differ from `first`.
fn difference(first: &Files, files: &Files) -> String {
    let mut text = String::new();
    for path in first.keys().filter(|path| !files.contains_key(*path)) {
        text += &format!("==> {path} is not there <==\n");
    }
    for (path, contents) in files {
        match first.get(path) {
            Some(same) if same == contents => {}
            Some(other) => {
                let diff = TextDiff::from_lines(other, contents);
                text += &format!("==> {path} differs <==\n{}\n", diff.unified_diff());
            }
            None => text += &format!("==> {path} <==\n{contents}\n"),
        }
    }
    text
}

fn render(repository: &Path, answers: &[&str]) -> Result<Files> {
    let folder = repository.join("target").join("golden");
    remove_folder(&folder)?;
    fs::create_dir_all(&folder)?;
    let mut command = cargo_generate(&std::env::current_exe()?, &folder, "my-ext");
    command.arg("--path").arg(repository);
    // The address and the author should not depend on who runs this.
    command.args(["-d", "template_repository="]);
    command.envs([("GIT_AUTHOR_NAME", "nobody"), ("GIT_AUTHOR_EMAIL", "")]);
    let questions = questions(repository)?;
    for answer in answers {
        let answer = match answer.split_once("=ALL") {
            Some((key, _)) => format!("{key}={}", choices(&questions[key]).join(",")),
            None => (*answer).to_owned(),
        };
        command.arg("-d").arg(answer);
    }
    let output = command.output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    let project = folder.join("my-ext");
    let mut sources = BTreeSet::new();
    for folder in ["template", "ci-template"].map(|folder| repository.join(folder)) {
        for path in files(&folder)? {
            sources.extend(fs::read_to_string(folder.join(path)));
        }
    }
    let mut rendered = Files::new();
    for path in files(&project)? {
        let contents = fs::read_to_string(project.join(&path))?;
        let contents = match sources.contains(&contents) {
            true => "as in the template\n".to_owned(),
            false => contents,
        };
        rendered.insert(path.display().to_string(), contents);
    }
    Ok(rendered)
}
