//! `cargo xtask major`: adds a major of DataFusion to the template.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use toml_edit::{Table, value};

use crate::{datafusion_majors, edit_versions, git, render, root, versions};

#[derive(clap::Args)]
pub struct Args {
    /// The major, such as 56: the next after the newest that the template has
    major: u64,
    /// The folder of the template [default: this repository]
    #[arg(long)]
    path: Option<PathBuf>,
}

/// Asks cargo which crates fit together, writes them into `versions.toml`, and renders.
///
/// # Errors
///
/// The error is one sentence. Nothing is written before all versions are known.
pub fn run(args: &Args) -> Result<()> {
    let repository = args.path.as_deref().unwrap_or(root());
    let majors = datafusion_majors(&versions(repository)?)?;
    let newest = majors.last().context("versions.toml has no majors")?;
    let next = newest["major"].as_integer().unwrap_or_default() + 1;
    if i64::try_from(args.major)? != next {
        bail!("the next major is {next}: run `cargo xtask major {next}`");
    }
    let scratch = tempfile::tempdir()?;
    let crates = Crates::resolve(scratch.path(), args.major)?;
    let major = crates.table(args.major)?;
    println!("Found {}.", major.to_string().trim().replace('\n', ", "));
    add(repository, major)?;
    println!("\nWhat to do next: docs/adding-a-major.md");
    Ok(())
}

/// Adds the next major, whose table in `versions.toml` is `major`, and renders.
///
/// # Errors
///
/// A file cannot be read or written.
pub fn add(repository: &Path, major: Table) -> Result<()> {
    let next = major["major"].as_integer().context("not a major")?;
    edit_versions(repository, |versions| {
        if let Some(majors) = versions["datafusion"]["majors"].as_array_of_tables_mut() {
            majors.push(major);
        }
    })?;
    // The newest major so far becomes an older one, with a manifest as the one before it has.
    let manifest = |major: i64| repository.join(format!("template/majors/{major}/Cargo.toml"));
    let (newest, before) = (next - 1, next - 2);
    if !manifest(newest).exists() {
        let text = fs::read_to_string(manifest(before))?;
        let text = text.replace(&before.to_string(), &newest.to_string());
        fs::create_dir_all(repository.join(format!("template/majors/{newest}")))?;
        fs::write(manifest(newest), text)?;
    }
    render::write(repository)?;
    // `git commit --all` leaves files out that git does not know.
    let folders = ["template/majors", "template/pyo3-datafusion/majors"];
    let mut add = Command::new("git");
    add.args(["add", "--intent-to-add"]).args(folders);
    if repository.join(".git").exists() {
        git(add.current_dir(repository))?;
    }
    Ok(())
}

/// The packages that cargo chooses for a major.
struct Crates(Vec<Value>);

impl Crates {
    fn resolve(folder: &Path, major: u64) -> Result<Self> {
        fs::create_dir(folder.join("src"))?;
        fs::write(folder.join("src/lib.rs"), "")?;
        let manifest = format!(
            "[package]\nname = \"resolve\"\nedition = \"2024\"\n\n[dependencies]\n\
             datafusion-ffi = {{ version = \"{major}\", default-features = false }}\n\n[workspace]\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        let output = Command::new("cargo")
            .args(["metadata", "--format-version", "1"])
            .current_dir(folder)
            .output()
            .context("cannot run cargo")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!(
                "there are no crates of DataFusion {major} yet:\n{}",
                said.trim()
            );
        }
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let packages = metadata["packages"].as_array();
        Ok(Self(packages.context("no packages")?.clone()))
    }

    /// "55.2" of 55.2.0.
    fn minor(&self, name: &str) -> Result<String> {
        let package = self.0.iter().find(|package| package["name"] == name);
        let version = package.and_then(|package| package["version"].as_str());
        let version = version.with_context(|| format!("datafusion-ffi has no {name}"))?;
        let (minor, _) = version.rsplit_once('.').context("not a version")?;
        Ok(minor.to_owned())
    }

    fn table(&self, major: u64) -> Result<Table> {
        let mut table = Table::new();
        table["major"] = value(i64::try_from(major)?);
        table["crates"] = value(self.minor("datafusion-ffi")?);
        table["arrow"] = value(self.minor("arrow")?);
        table.decor_mut().set_prefix("\n");
        Ok(table)
    }
}
