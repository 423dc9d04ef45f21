//! Measures how long a generated project takes to build, and how large it is, against a crate with the
//! dependencies of upstream's example.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::{Bench, copy_folder, hold_batches, replace, sources, wheel};
use crate::{datafusion_majors, remove_folder, root, versions};

/// Each case can be left out, because a release build takes many minutes.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Case {
    /// The generated project, for development: from nothing to a row, and after a change
    Dev,
    /// Upstream's dependencies, for development: from nothing, and after a change
    UpstreamDev,
    /// Release wheels of the generated project, with its profile and with others
    Release,
    /// A release wheel with upstream's dependencies and profile
    UpstreamRelease,
    /// Projects for one major of DataFusion and for all: development, release wheels, and imports
    Majors,
}

/// Profiles of a release wheel: a name, and what it changes in that of the generated project.
const PROFILES: [(&str, &[&str]); 7] = [
    ("generated, release", &[]),
    ("opt-level s", &["opt-level='s'"]),
    ("lto off", &["lto='off'"]),
    ("lto off, opt-level 2", &["lto='off'", "opt-level=2"]),
    ("lto off, opt-level s", &["lto='off'", "opt-level='s'"]),
    (
        "lto off, codegen-units 16",
        &["lto='off'", "codegen-units=16"],
    ),
    ("lto thin", &["lto='thin'"]),
];

impl Case {
    pub fn steps(self) -> usize {
        match self {
            Case::Dev => 5,
            Case::UpstreamDev => 2,
            Case::Release => 3 + 4 * PROFILES.len(),
            Case::UpstreamRelease => 1,
            Case::Majors => 2 * 9 + 2,
        }
    }
}

pub fn run(bench: &mut Bench, cases: &[Case]) -> Result<()> {
    for case in cases {
        match case {
            Case::Dev => dev(bench)?,
            Case::UpstreamDev => upstream_dev(bench)?,
            Case::Release => release(bench)?,
            Case::UpstreamRelease => {
                let project = upstream(bench)?;
                let what = "upstream's dependencies, release";
                build(bench, &project, what, "release", &[])?;
            }
            Case::Majors => majors(bench)?,
        }
    }
    Ok(())
}

fn dev(bench: &mut Bench) -> Result<()> {
    let (project, generating) = bench.generate("stub-ext")?;
    let cold = build(bench, &project, "generated, cold", "dev", &[])?;
    let mut quickstart = Command::new(bench.venv_program("python"));
    quickstart
        .arg("examples/quickstart.py")
        .current_dir(&project);
    let querying = bench.step("Querying", &mut quickstart)?.took;
    let seconds = (generating + cold + querying).as_secs_f64();
    record(
        bench,
        "generated, to the first row",
        json!({ "seconds": seconds }),
    )?;

    let what = "generated, one line changed";
    let seconds = change_and_test(bench, &project, what)?.as_secs_f64();
    record(
        bench,
        &format!("{what}, to a passing pytest"),
        json!({ "seconds": seconds }),
    )
}

/// Measures what a wheel for more than one major costs.
fn majors(bench: &mut Bench) -> Result<()> {
    let all: Vec<_> = datafusion_majors(&versions(root())?)?
        .iter()
        .map(|major| major["major"].to_string())
        .collect();
    let newest = all.last().context("there is no major")?.clone();
    let sites = bench.dir.join("sites");
    remove_folder(&sites)?;
    for (name, majors) in [("one major", newest), ("all majors", all.join(","))] {
        let answers = ["-d".to_owned(), format!("datafusion={majors}")];
        let folder = bench.dir.join(name);
        let (stub, _) = bench.generate_with(&folder, "stub-ext", &answers)?;
        let (batches, _) = bench.generate_with(&folder, "bench-ext", &answers)?;
        hold_batches(&batches)?;
        build(bench, &stub, &format!("{name}, cold"), "dev", &[])?;
        let what = format!("{name}, one line changed");
        let testing = change_and_test(bench, &stub, &what)?;
        let what = format!("{what}, to a passing pytest");
        record(bench, &what, json!({ "seconds": testing.as_secs_f64() }))?;

        let what = format!("{name}, release");
        build(bench, &stub, &what, "release", &[])?;
        let mut maturin = bench.maturin(&batches, &target_of(bench, &stub));
        bench.step("Building it over batches", &mut maturin)?;
        for project in [&stub, &batches] {
            let mut install = bench.install(project)?;
            install.arg("--target").arg(sites.join(&what));
            bench.step("Installing it", &mut install)?;
        }
    }
    for program in ["speed.py", "imports.py"] {
        let mut measure = Command::new(bench.venv_program("python"));
        measure.arg(sources().join(program)).arg(&sites);
        let printed = bench.step("Comparing the wheels", &mut measure)?;
        let figures: Map<String, Value> = serde_json::from_str(&printed.output)?;
        for (what, figures) in figures {
            record(bench, &what, figures)?;
        }
    }
    Ok(())
}

/// Measures the time from a change in one line to a passing pytest.
fn change_and_test(bench: &mut Bench, project: &Path, what: &str) -> Result<Duration> {
    replace(
        &project.join("src/readings.rs"),
        "there is no column",
        "no column is named",
    )?;
    let warm = build(bench, project, what, "dev", &[])?;
    let mut pytest = Command::new(bench.venv_program("python"));
    pytest.args(["-m", "pytest", "-q"]).current_dir(project);
    Ok(warm + bench.step("Testing", &mut pytest)?.took)
}

fn upstream_dev(bench: &mut Bench) -> Result<()> {
    let project = upstream(bench)?;
    build(bench, &project, "upstream's dependencies, cold", "dev", &[])?;
    replace(
        &project.join("src/lib.rs"),
        "vec![1, 2, 3]",
        "vec![1, 2, 4]",
    )?;
    let what = "upstream's dependencies, one line changed";
    build(bench, &project, what, "dev", &[])?;
    Ok(())
}

fn upstream(bench: &Bench) -> Result<PathBuf> {
    let project = bench.dir.join("upstream");
    remove_folder(&project)?;
    copy_folder(&sources().join("upstream"), &project)?;
    Ok(project)
}

/// Builds release wheels, and times scans through all of them in turns.
fn release(bench: &mut Bench) -> Result<()> {
    let (stub, _) = bench.generate("stub-ext")?;
    let (batches, _) = bench.generate("bench-ext")?;
    hold_batches(&batches)?;
    let sites = bench.dir.join("sites");
    remove_folder(&sites)?;
    for (what, settings) in PROFILES {
        let settings: Vec<_> = settings
            .iter()
            .map(|setting| format!("--config=profile.release.{setting}"))
            .collect();
        build(bench, &stub, what, "release", &settings)?;
        // This uses the dependencies that were just built.
        let mut maturin = bench.maturin(&batches, &target_of(bench, &stub));
        maturin.args(&settings);
        bench.step("Building it over batches", &mut maturin)?;
        for project in [&stub, &batches] {
            let mut install = bench.install(project)?;
            install.arg("--target").arg(sites.join(what));
            bench.step("Installing it", &mut install)?;
        }
    }
    let mut speed = Command::new(bench.venv_program("python"));
    speed.arg(sources().join("speed.py")).arg(&sites);
    let printed = bench.step("Scanning through each in turns", &mut speed)?;
    let speeds: Map<String, Value> = serde_json::from_str(&printed.output)?;
    for (what, figures) in speeds {
        record(bench, &what, figures)?;
    }
    Ok(())
}

/// The folder in which the dependencies of `project` are built from nothing.
fn target_of(bench: &Bench, project: &Path) -> PathBuf {
    let place = project.strip_prefix(&bench.dir).unwrap_or(project);
    bench.dir.join("target-of-builds").join(place)
}

/// Builds `project` and records what it took, under the name `what`: from nothing, unless the name
/// says that one line changed. For development it is installed too, as `uv run` does.
fn build(
    bench: &mut Bench,
    project: &Path,
    what: &str,
    profile: &str,
    settings: &[String],
) -> Result<Duration> {
    let target = target_of(bench, project);
    let warm = what.ends_with("one line changed");
    remove_folder(&project.join("dist"))?;
    if !warm {
        remove_folder(&target)?;
    }
    let mut maturin = match profile {
        "dev" => bench.develop(project, &target),
        _ => bench.maturin(project, &target),
    };
    maturin.args(settings);
    let done = bench.step(&format!("Building: {what}"), &mut maturin)?;
    let crates = done
        .output
        .lines()
        .filter(|line| line.trim_start().starts_with("Compiling "))
        .count();
    let folder = if profile == "dev" { "debug" } else { profile };
    let library = std::fs::read_dir(target.join(folder))?
        .filter_map(|entry| entry.ok()?.path().to_str().map(PathBuf::from))
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(std::env::consts::DLL_PREFIX)
                && name.ends_with(std::env::consts::DLL_SUFFIX)
        })
        .context("no library")?;
    let mut figures = json!({
        "seconds": done.took.as_secs_f64(),
        "crates": crates,
        "library": library.metadata()?.len(),
    });
    if let Some(cpu_seconds) = done.cpu_seconds {
        figures["cpu_seconds"] = json!(cpu_seconds);
    }
    if profile != "dev" {
        figures["wheel"] = json!(wheel(project)?.metadata()?.len());
    }
    record(bench, what, figures)?;
    Ok(done.took)
}

/// Adds figures of `what` to `build.json`, which several runs can fill.
fn record(bench: &Bench, what: &str, figures: Value) -> Result<()> {
    let path = bench.dir.join("build.json");
    let mut all: Map<String, Value> = match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text)?,
        Err(_) => Map::new(),
    };
    let known = all.entry(what).or_insert_with(|| json!({}));
    if let (Value::Object(known), Value::Object(figures)) = (known, figures) {
        known.extend(figures);
    }
    Ok(std::fs::write(path, serde_json::to_string_pretty(&all)?)?)
}
