//! `cargo xtask use-template`: turns a copy of this repository, as GitHub's "Use this template"
//! makes one, into a generated project.
//!
//! `.github/workflows/template-init.yml` runs it, in the copy.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use regex::Regex;

use crate::steps::Steps;
use crate::{cargo_generate, choices, git, questions, root};

/// What the workflow is called on GitHub.
pub const WORKFLOW: &str = "Use this template";

/// An empty answer counts as not given: a form on GitHub sends one for each field.
#[derive(clap::Args)]
pub struct Args {
    /// The repository on GitHub
    #[arg(long, value_name = "OWNER/NAME")]
    repository: String,
    /// What to call the project [default: the repository's name, normalized as PyPI does]
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
    /// One line about it
    #[arg(long, default_value = "", hide_default_value = true)]
    description: String,
    /// The license of its code
    #[arg(long, default_value = "", hide_default_value = true)]
    license: String,
    /// What it adds to DataFusion, with commas between
    #[arg(long, default_value = "", hide_default_value = true)]
    extension_points: String,
    /// The majors of DataFusion that it is for, with commas between
    #[arg(long, default_value = "", hide_default_value = true)]
    datafusion: String,
    /// The address of the template, for updates
    #[arg(long, default_value = "", hide_default_value = true)]
    template_repository: String,
    /// The folder of the copy [default: this repository]
    #[arg(long)]
    path: Option<PathBuf>,
}

/// Replaces all files of the repository, and leaves the commit to the caller.
///
/// # Errors
///
/// The error is one sentence that says what to do, and nothing was changed.
pub fn run(args: &Args) -> Result<()> {
    let done = replace(args);
    if let Err(error) = &done {
        tell_github("error", &format!("{error:#}"))?;
    }
    done
}

fn replace(args: &Args) -> Result<()> {
    let repository = match &args.path {
        Some(path) => std::path::absolute(path)?,
        None => root().to_owned(),
    };
    let git =
        |arguments: &[&str]| git(Command::new("git").current_dir(&repository).args(arguments));
    if !git(&["status", "--porcelain"])?.is_empty() {
        bail!("The repository has changes that are not committed: commit them, or take them back.");
    }

    let scratch = tempfile::tempdir()?;
    let project = scratch.path().join("project");
    fs::create_dir(&project)?;
    generate(args, &repository, &project)?;

    let tree = write_tree(&repository, &project, &scratch.path().join("index"))?;
    refuse_new_workflows(&git(&[
        "diff-tree",
        "-r",
        "--name-only",
        "--diff-filter=d",
        "HEAD",
        &tree,
        "--",
        ".github/workflows",
    ])?)?;
    // git changes all files or none. What it ignores, such as target/, stays.
    git(&["read-tree", "-m", "-u", "HEAD", &tree])?;
    println!("The project is staged: commit and push it.");
    Ok(())
}

/// Generates the project into the folder `project`.
fn generate(args: &Args, repository: &Path, project: &Path) -> Result<()> {
    let name = match args.name.trim() {
        "" => default_name(&args.repository)?,
        name => name.to_owned(),
    };
    let questions = questions(repository)?;
    let points = check_choices(&questions, "extension_points", &args.extension_points)?;
    let majors = check_choices(&questions, "datafusion", &args.datafusion)?;
    if !args.license.is_empty() {
        check_choice(&questions, "license", &args.license)?;
    }
    let mut command = cargo_generate(&std::env::current_exe()?, project, &name);
    command.arg("--init").arg("--path").arg(repository);
    // Even an empty address is given, because the copy's own address is that of the project.
    let template = &args.template_repository;
    command
        .arg("-d")
        .arg(format!("template_repository={template}"));
    for (key, value) in [
        (
            "repository",
            format!("https://github.com/{}", args.repository).as_str(),
        ),
        ("ci", "github"),
        ("description", description(args, &questions["description"])?),
        ("license", &args.license),
        ("extension_points", &points),
        ("datafusion", &majors),
    ] {
        if !value.is_empty() {
            command.arg("-d").arg(format!("{key}={value}"));
        }
    }
    if let Err(failure) = Steps::new(1).run("Generating the project", &mut command)? {
        bail!(
            "{} To answer otherwise, {}",
            failure.refusal(),
            run_workflow()
        );
    }
    Ok(())
}

/// The page that says what to do after a failure.
fn run_workflow() -> String {
    format!("open Actions on GitHub, choose \"{WORKFLOW}\", then \"Run workflow\".")
}

/// Checks that all `answers` are allowed, and returns them with commas between.
fn check_choices(questions: &toml::Table, name: &str, answers: &str) -> Result<String> {
    let answers = answers
        .split([',', ' '])
        .filter(|answer| !answer.is_empty());
    let answers: Vec<_> = answers.collect();
    for answer in &answers {
        check_choice(questions, name, answer)?;
    }
    Ok(answers.join(","))
}

fn check_choice(questions: &toml::Table, question: &str, answer: &str) -> Result<()> {
    let choices = choices(&questions[question]);
    if !choices.contains(&answer) {
        bail!(
            "\"{answer}\" is not among the choices for {question}, which are {}. To answer \
             otherwise, {}",
            choices.join(", "),
            run_workflow()
        );
    }
    Ok(())
}

/// The name of the repository OWNER/NAME as PyPI normalizes it (PEP 503). `cargo generate` would
/// make `my-cool-ud-fs` of `My_Cool.UDFs`.
fn default_name(repository: &str) -> Result<String> {
    let (_, name) = repository.split_once('/').with_context(|| {
        format!("--repository is OWNER/NAME, but there is no \"/\" in {repository}.")
    })?;
    Ok(Regex::new("[-_.]+")?.replace_all(name, "-").to_lowercase())
}

/// The description, unless the template does not allow it. The description of a repository was not
/// written for the template, and should stop nobody.
fn description<'a>(args: &'a Args, question: &toml::Value) -> Result<&'a str> {
    let allowed = question["regex"].as_str().context("no regex")?;
    let description = args.description.trim();
    if description.is_empty() || Regex::new(allowed)?.is_match(description) {
        return Ok(description);
    }
    let note = format!(
        "The description has more than 200 characters, or one of \" \\ {{ }}, so it is {}. Change \
         it in Cargo.toml, pyproject.toml and README.md.",
        question["default"]
    );
    eprintln!("note: {note}");
    tell_github("notice", &note)?;
    Ok("")
}

/// Stores the files of `project` in `repository`, as a tree that nothing refers to yet.
fn write_tree(repository: &Path, project: &Path, index: &Path) -> Result<String> {
    let git = |arguments: &[&str]| {
        git(Command::new("git")
            .current_dir(repository)
            .arg("--work-tree")
            .arg(project)
            .args(arguments)
            .env("GIT_INDEX_FILE", index))
    };
    // The settings of somebody's git must not leave files out.
    git(&["add", "--all", "--force"])?;
    git(&["write-tree"])
}

/// `changed` has the workflows that the project would bring, one in each line.
fn refuse_new_workflows(changed: &str) -> Result<()> {
    let Some(workflow) = changed.lines().next() else {
        return Ok(());
    };
    let source = workflow.replacen(".github", "ci-template/github", 1);
    bail!(
        "The project's {workflow} is not the repository's, and GitHub lets no workflow write \
         another: copy {source} to {workflow}, commit it, then {}",
        run_workflow()
    );
}

/// Shows `text` on the page of the workflow's run, if a workflow runs this.
fn tell_github(level: &str, text: &str) -> Result<()> {
    let Some(summary) = std::env::var_os("GITHUB_STEP_SUMMARY") else {
        return Ok(());
    };
    let escaped = text.replace('%', "%25").replace('\n', "%0A");
    println!("::{level}::{escaped}");
    let mut summary = OpenOptions::new().append(true).create(true).open(summary)?;
    writeln!(summary, "{text}\n")?;
    Ok(())
}
