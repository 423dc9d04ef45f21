//! `cargo xtask bench`: measures how fast a generated project is scanned and built.

mod build;
mod scan;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

pub use scan::hold_batches;

use crate::python::{self, venv_program};
use crate::steps::Steps;
use crate::{cargo_generate, datafusion_majors, remove_folder, root, versions};

#[derive(clap::Args)]
pub struct Args {
    /// What to measure [default: both]
    part: Option<Part>,
    /// Few cases, few times: to see that it works
    #[arg(long)]
    quick: bool,
    /// What to build, separated by commas [default: all]
    #[arg(long, value_delimiter = ',')]
    only: Vec<build::Case>,
    /// Where to build [default: target/bench in this repository]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Where to write the figures, the charts and the tables of the page [default: the folder to
    /// build in, as not every run is worth publishing]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Measure nothing: write the chart and the first tables of the page again, from the
    /// benchmarks.json in --out
    #[arg(long, requires = "out", conflicts_with_all = ["part", "quick", "only"])]
    report: bool,
    /// The Python to use [default: the first on the PATH that is new enough]
    #[arg(long)]
    python: Option<OsString>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Scanning, against other ways to hand over the same rows
    Scan,
    /// Building, against the dependencies of upstream's example
    Build,
}

pub fn run(args: &Args) -> Result<()> {
    let dir = match &args.dir {
        Some(dir) => std::path::absolute(dir)?,
        None => root().join("target").join("bench"),
    };
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let scans = args.part != Some(Part::Build) && !args.report;
    let builds = match (args.part, args.only.as_slice()) {
        _ if args.report => vec![],
        (Some(Part::Scan), _) => vec![],
        (_, []) => build::Case::value_variants().to_vec(),
        (_, only) => only.to_vec(),
    };
    let mut steps = 2;
    if scans {
        steps += scan::STEPS;
    }
    steps += builds.iter().map(|case| case.steps()).sum::<usize>();
    let mut bench = Bench {
        python: python::find(args.python.as_deref())?,
        steps: Steps::new(steps),
        dir,
        quick: args.quick,
    };
    bench.make_venv()?;
    if scans {
        scan::run(&mut bench)?;
    }
    build::run(&mut bench, &builds)?;

    let out = args.out.as_ref().unwrap_or(&bench.dir);
    let mut report = Command::new(bench.venv_program("python"));
    report
        .arg(sources().join("report.py"))
        .arg("--out")
        .arg(out);
    if !args.report {
        report.arg("--folder").arg(&bench.dir);
    }
    run_visibly(&mut report)
}

/// What is built and run for the benchmark.
fn sources() -> PathBuf {
    root().join("xtask").join("bench")
}

/// A step that was taken.
struct Done {
    output: String,
    took: Duration,
    /// The time of all cores together, if the system tells it.
    cpu_seconds: Option<f64>,
}

/// The computing time, in seconds, of all child processes that have ended.
fn cpu_seconds() -> Option<f64> {
    #[cfg(unix)]
    {
        use nix::sys::resource::{UsageWho, getrusage};

        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
        let times = [usage.user_time(), usage.system_time()];
        let seconds = times.map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6);
        Some(seconds.iter().sum())
    }
    #[cfg(not(unix))]
    None
}

struct Bench {
    python: OsString,
    steps: Steps,
    dir: PathBuf,
    quick: bool,
}

impl Bench {
    /// Runs `command` as a step, which must succeed.
    fn step(&mut self, what: &str, command: &mut Command) -> Result<Done> {
        let (started, computed) = (Instant::now(), cpu_seconds());
        match self.steps.run(what, command)? {
            Ok(output) => Ok(Done {
                output,
                took: started.elapsed(),
                cpu_seconds: cpu_seconds().zip(computed).map(|(now, then)| now - then),
            }),
            Err(failure) => {
                let log = self.dir.join("bench.log");
                std::fs::write(&log, &failure.output)?;
                bail!("{what}: {}. See {}.", failure.reason(), log.display());
            }
        }
    }

    /// Makes a virtual environment with the released host, and the packages that build and draw.
    fn make_venv(&mut self) -> Result<()> {
        let venv = self.dir.join("venv");
        self.step(
            "Making a virtual environment",
            Command::new(&self.python).args(["-m", "venv"]).arg(&venv),
        )?;
        let versions = versions(root())?;
        let majors = datafusion_majors(&versions)?;
        let host = format!("datafusion=={}.*", majors[majors.len() - 1]["major"]);
        let pip = venv_program(&venv, "python");
        self.step(
            "Installing the host",
            Command::new(pip)
                .args(["-m", "pip", "install", "--disable-pip-version-check"])
                .args([
                    &host,
                    "matplotlib",
                    "maturin",
                    "pip>=25.1",
                    "pyarrow",
                    "tqdm",
                ])
                // The generated project needs these for development, and no build should fetch them.
                .args([
                    "duckdb",
                    "hypothesis",
                    "mypy",
                    "nox",
                    "polars",
                    "pytest",
                    "ruff",
                ]),
        )?;
        Ok(())
    }

    fn venv_program(&self, name: &str) -> PathBuf {
        venv_program(&self.dir.join("venv"), name)
    }

    /// Generates the project `name` with the default answers, in place of an earlier one.
    fn generate(&mut self, name: &str) -> Result<(PathBuf, Duration)> {
        let folder = self.dir.clone();
        self.generate_with(&folder, name, &[])
    }

    /// The same in `folder`, with other answers.
    fn generate_with(
        &mut self,
        folder: &Path,
        name: &str,
        answers: &[String],
    ) -> Result<(PathBuf, Duration)> {
        let project = folder.join(name);
        remove_folder(&project)?;
        std::fs::create_dir_all(folder)?;
        let mut generate = cargo_generate(&std::env::current_exe()?, folder, name);
        generate.args(answers);
        let done = self.step(&format!("Generating {name}"), &mut generate)?;
        Ok((project, done.took))
    }

    /// The command with which maturin builds a release wheel of `project` into its folder `dist`.
    fn maturin(&self, project: &Path, target: &Path) -> Command {
        let mut maturin = Command::new(self.venv_program("maturin"));
        maturin
            .args(["build", "--release", "--compatibility", "off"])
            .args(["--out", "dist", "--interpreter"])
            .arg(self.venv_program("python"))
            .env("CARGO_TARGET_DIR", target)
            .current_dir(project);
        maturin
    }

    /// The command with which maturin builds `project` for development and installs it.
    fn develop(&self, project: &Path, target: &Path) -> Command {
        let mut maturin = Command::new(self.venv_program("maturin"));
        maturin
            .args(["develop", "--profile", "dev"])
            .env("VIRTUAL_ENV", self.dir.join("venv"))
            .env("CARGO_TARGET_DIR", target)
            .current_dir(project);
        maturin
    }

    /// The command with which pip installs the one wheel of `project`.
    fn install(&self, project: &Path) -> Result<Command> {
        let mut pip = Command::new(self.venv_program("python"));
        pip.args(["-m", "pip", "install", "--disable-pip-version-check"])
            .args(["--no-deps", "--force-reinstall"])
            .arg(wheel(project)?);
        Ok(pip)
    }
}

/// The one wheel of `project`.
fn wheel(project: &Path) -> Result<PathBuf> {
    let dist = project.join("dist");
    let wheels = crate::files(&dist)?;
    match wheels.as_slice() {
        [wheel] => Ok(dist.join(wheel)),
        _ => bail!("not one wheel in {}", dist.display()),
    }
}

/// Puts `new` in place of `old`, which must be in the file.
fn replace(path: &Path, old: &str, new: &str) -> Result<()> {
    let text = std::fs::read_to_string(path)?;
    if !text.contains(old) {
        bail!("no {old:?} in {}", path.display());
    }
    Ok(std::fs::write(path, text.replace(old, new))?)
}

/// Copies the folder `from` to `to`.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for path in crate::files(from)? {
        let target = to.join(&path);
        std::fs::create_dir_all(target.parent().unwrap_or(to))?;
        std::fs::copy(from.join(&path), target)?;
    }
    Ok(())
}

/// Runs a program that has a progress bar or a table of its own.
fn run_visibly(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !status.success() {
        bail!("{} failed", command.get_program().display());
    }
    Ok(())
}
