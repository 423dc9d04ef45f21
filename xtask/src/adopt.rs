//! `cargo xtask adopt`: gives the machinery to a PyO3 package that exists.
//!
//! All of it is tried in a copy of the repository first, where cargo says whether the versions fit.

mod files;
mod hooks;
mod manifest;
mod package;

use std::collections::BTreeMap;
use std::fs;
use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};

use self::files::{Plan, apply};
use self::hooks::{Found, Hook, Todo, slashed};
use self::package::{Adopted, Repository, check_links, machinery_manifest};
use crate::root;
use crate::steps::Steps;

/// What an adopted package records, as a generated one does.
const RECORD: &str = ".template-answers.toml";
const MACHINERY: &str = "template/pyo3-datafusion";
/// What updates an adopted package, in its folder.
const UPDATE: &str = "`uv run THE/TEMPLATE/update.py`";
const FEATURES: [&str; 5] = ["functions", "tables", "files", "plans", "parquet"];

#[derive(clap::Args)]
pub struct Args {
    /// The folder of the crate that has PyO3, such as bindings/python
    path: PathBuf,
    /// Say what was found and what to write, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Where to put the crate pyo3-datafusion, from the crate's folder on
    #[arg(long, value_name = "FOLDER", default_value = manifest::NAME)]
    machinery: PathBuf,
    /// Features of pyo3-datafusion besides those that the hooks need, with commas between
    #[arg(long, value_delimiter = ',', value_parser = FEATURES)]
    features: Vec<String>,
    /// Also put the list of tables and functions for the conformance tests there, such as tests/datafusion,
    /// from the crate's folder on
    #[arg(long, value_name = "FOLDER")]
    tests: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Adopts the package, and prints what is left to its owner: on stdout, so that
/// `cargo xtask adopt PATH > hooks.patch` makes a patch.
///
/// # Errors
///
/// The error is one sentence that says what to do, and nothing was changed.
pub fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let applying = stop_at_ctrl_c(scratch.path())?;
    let repository = Repository::open(&args.path)?;
    let copy = scratch.path().join("copy");
    repository.copy(&copy)?;

    let mut steps = Steps::new(3);
    let package = Adopted::read(&repository, &copy, &mut steps)?;
    let major = package.major()?;
    let found = hooks::find(
        &copy,
        &package.sources()?,
        &hooks::Package {
            name: &package.distribution(&copy)?.0,
            options_prefix: &package.distribution(&copy)?.1,
            major,
        },
    )?;
    let features = features(args, &package, &found)?;
    let plan = Plan::new(args, &repository, &copy, &package, &features, &found.hooks)?;
    print!("{}", package.description(&copy, major)?);
    plan.write_files(&copy)?;
    let lock = check_links(&package, &copy, &mut steps)?;
    let changes = plan.changes(&repository, &copy, &lock)?;
    print!("{}", report(&found, &changes, &plan.folders));
    if args.dry_run {
        println!("\nThis was a dry run: nothing was changed.");
        return Ok(());
    }
    if changes.is_empty() {
        let name = &package.package.name;
        match found.patch.is_empty() {
            true => println!("\nNothing to do: {name} has all of it."),
            false => println!("\n{name} has the files already: only your code is left to change."),
        }
        return Ok(());
    }
    if !args.yes && !confirmed()? {
        println!("Nothing was changed.");
        return Ok(());
    }
    applying.store(true, Ordering::SeqCst);
    apply(&repository.top, &changes)?;
    println!("\nDone: commit it, and then edit the hooks.");
    Ok(())
}

/// Ends the process at Ctrl-C, but for the moment in which files are written.
fn stop_at_ctrl_c(scratch: &Path) -> Result<Arc<AtomicBool>> {
    let applying = Arc::new(AtomicBool::new(false));
    let (writes, scratch) = (Arc::clone(&applying), scratch.to_owned());
    ctrlc::set_handler(move || {
        if !writes.load(Ordering::SeqCst) {
            let _ = fs::remove_dir_all(&scratch);
            eprintln!("\nstopped: nothing was changed");
            std::process::exit(130);
        }
    })?;
    Ok(applying)
}

/// Asks, where there is somebody to ask.
fn confirmed() -> Result<bool> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(true);
    }
    eprint!("\nMake these changes? [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The features of the machinery that the package needs.
fn features(args: &Args, package: &Adopted, found: &Found) -> Result<Vec<String>> {
    let is_wanted = |feature: &str| {
        let mut hooks = found.hooks.iter().filter_map(Hook::feature);
        hooks.any(|each| each == feature) || args.features.iter().any(|each| each == feature)
    };
    let features = FEATURES.iter().filter(|feature| is_wanted(feature));
    let mut features: Vec<_> = features.collect();
    if features.is_empty() {
        bail!(
            "no class of {} has a hook `__datafusion_…__` that pyo3-datafusion exports: say what you \
             need with --features, which takes {}",
            package.package.name,
            FEATURES.join(", ")
        );
    }
    // `datafusion-ffi` does not compile without it, if another crate switches it on. That of DataFusion
    // 54 always has it, so there the feature is empty.
    let manifest = root()
        .join(MACHINERY)
        .join(machinery_manifest(package.major()?)?.unwrap_or_default());
    let manifest: toml::Table = fs::read_to_string(manifest.join("Cargo.toml"))?.parse()?;
    let switches = manifest["features"]["parquet"].as_array();
    let parquet = switches.is_some_and(|switches| !switches.is_empty())
        && package.has_feature("datafusion-common", "parquet");
    if parquet && !features.contains(&&"parquet") {
        features.push(&"parquet");
    }
    Ok(features
        .into_iter()
        .map(|feature| (*feature).to_owned())
        .collect())
}

/// The edits that are left to the owner, and the files that change now.
fn report(found: &Found, changes: &BTreeMap<PathBuf, Vec<u8>>, folders: &[PathBuf]) -> String {
    let mut text = String::new();
    for hook in &found.hooks {
        let what = match &hook.todo {
            Todo::Replace => "replace its body as below".to_owned(),
            Todo::Write(call) => format!("end it with `{call}`"),
            Todo::Nothing => "uses pyo3-datafusion already".to_owned(),
            Todo::Unknown => "pyo3-datafusion exports nothing for it: leave it".to_owned(),
        };
        let file = slashed(&hook.file);
        let (class, name, line) = (&hook.class, &hook.name, hook.line);
        text += &format!("  {class}.__datafusion_{name}__, {file}:{line}: {what}\n");
    }
    if !changes.is_empty() {
        text += "\nFiles that change now:\n";
        let mut shown: BTreeMap<String, usize> = BTreeMap::new();
        for path in changes.keys() {
            let folder = folders.iter().find(|folder| path.starts_with(folder));
            let line = match folder {
                Some(folder) => format!("{}/", slashed(folder)),
                None => slashed(path),
            };
            *shown.entry(line).or_default() += 1;
        }
        for (path, count) in shown {
            match path.ends_with('/') {
                true => text += &format!("  {path} ({count} files)\n"),
                false => text += &format!("  {path}\n"),
            }
        }
    }
    if !found.patch.is_empty() {
        text += &format!(
            "\nThen change your code: {} lines to write, {} to delete. `git apply` takes this output \
             as it is.\n",
            found.added, found.deleted
        );
        if !found.unused.is_empty() {
            text += "What nothing uses any more goes too:\n";
            for unused in &found.unused {
                text += &format!("  {unused}\n");
            }
        }
        text += &format!("\n{}", found.patch);
    }
    for note in &found.notes {
        text += &format!("\nNote: {note}\n");
    }
    text
}
