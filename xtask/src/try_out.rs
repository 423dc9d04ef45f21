//! `cargo xtask try`: from nothing to a query over a Rust extension.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::python::{self, venv_program};
use crate::steps::{Failure, Steps};
use crate::{cargo_generate, root};

#[derive(clap::Args)]
pub struct Args {
    /// What to call the project
    #[arg(long, default_value = "my-ext")]
    name: String,
    /// Where to make the project's folder [default: target/try in this repository]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Keep a project that is already there, and build it again
    #[arg(long)]
    keep: bool,
    /// The Python to use [default: the first on the PATH that is new enough]
    #[arg(long)]
    python: Option<OsString>,
}

pub fn run(args: &Args) -> Result<()> {
    let python = python::find(args.python.as_deref())?;
    let dir = match &args.dir {
        Some(dir) => std::path::absolute(dir)?,
        None => root().join("target").join("try"),
    };
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let project = dir.join(&args.name);
    let keep = args.keep && project.exists();
    let already_there = format!(
        "{} is already there: build it again with --keep, or choose another place with --name or \
         --dir.",
        project.display()
    );
    if project.exists() && !keep {
        bail!(already_there);
    }
    let mut steps = Steps::new(if keep { 3 } else { 4 });

    let project = if keep {
        project
    } else {
        let generated = steps.run(
            "Generating the project",
            &mut cargo_generate(&std::env::current_exe()?, &dir, &args.name),
        )?;
        match generated {
            // cargo-generate changes a name such as My_Ext, and the last line is the path that it made.
            Ok(printed) => PathBuf::from(printed.lines().last().unwrap_or_default().trim()),
            Err(failure) if failure.output.contains("directory already exists") => {
                bail!(already_there)
            }
            Err(failure) => bail!(failure.refusal()),
        }
    };

    let venv = project.join(".venv");
    let venv_made = steps.run(
        "Making a virtual environment",
        Command::new(&python).args(["-m", "venv"]).arg(&venv),
    )?;
    check(venv_made, "Python cannot make a virtual environment")?;
    let built = steps.run(
        "Building (two to four minutes, the first time)",
        Command::new(venv_program(&venv, "python"))
            .args(["-m", "pip", "install", "--verbose", "--editable", "."])
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
            .current_dir(&project),
    )?;
    check(built, "The project cannot be built")?;
    let queried = steps.run(
        "Querying",
        Command::new(venv_program(&venv, "python"))
            .arg("examples/quickstart.py")
            .current_dir(&project),
    )?;
    let shown = check(queried, "The quickstart fails")?;

    println!();
    println!("{}", shown.trim_end());
    println!();
    println!("The rows come from Rust, in {}", project.display());
    println!("What to do next:");
    println!();
    println!("    cd \"{}\"", project.display());
    let python = venv_program(&PathBuf::from(".venv"), "python");
    let python = python.display();
    println!("    {python} -m pip install --upgrade pip");
    println!("    {python} -m pip install --group dev && {python} -m pytest");
    println!("    follow the TODO(n) in src/source.rs, and AGENTS.md");
    Ok(())
}

/// Returns what a step printed. If the step failed, the error is one sentence, and a log has the rest.
fn check(step: std::result::Result<String, Failure>, what: &str) -> Result<String> {
    let failure = match step {
        Ok(printed) => return Ok(printed),
        Err(failure) => failure,
    };
    let log = root().join("target").join("try.log");
    std::fs::write(&log, &failure.output)?;
    let log = log.display();
    if failure.is_offline() {
        bail!(
            "The package registries could not be reached: this needs a network. Go on with --keep \
             when there is one; what was tried is in {log}."
        );
    }
    bail!(
        "{what}: {}. Fix that, and go on with --keep; {log} has all output.",
        failure.reason().trim_end_matches('.')
    );
}
