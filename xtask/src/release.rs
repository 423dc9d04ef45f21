//! `cargo xtask release`: makes a version of the template, from which projects are generated and to
//! which they are updated.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use regex::Regex;
use toml_edit::value;

use crate::{address, edit_versions, git, golden, render, root};

/// The heading above the changes that come with the next version.
const UNRELEASED: &str = "## Unreleased\n";

#[derive(clap::Args)]
pub struct Args {
    /// The version, such as 0.2.0
    version: String,
    /// The folder of the template [default: this repository]
    #[arg(long)]
    path: Option<PathBuf>,
}

/// Writes the version into `versions.toml`, the changelog and all that is rendered, and makes a commit
/// and its tag.
///
/// # Errors
///
/// The error is one sentence that says what to do. It comes before anything is written, unless
/// rendering fails.
pub fn run(args: &Args) -> Result<()> {
    let version = &args.version;
    let repository = args.path.as_deref().unwrap_or(root());
    let git = |arguments: &[&str]| git(Command::new("git").current_dir(repository).args(arguments));
    if !Regex::new(r"^\d+\.\d+\.\d+$")?.is_match(version) {
        bail!("{version} is not a version: type one such as 0.2.0");
    }
    if !git(&["status", "--porcelain"])?.is_empty() {
        bail!("the repository has changes that are not committed: commit them first");
    }
    let tag = format!("v{version}");
    let released = git(&["tag", "--list", "v*", "--sort=version:refname"])?;
    if let Some(newest) = released.lines().last()
        && numbers(newest) >= numbers(&tag)
    {
        bail!("{newest} is there already: type a later version");
    }
    let Some(address) = address(repository) else {
        bail!(
            "the repository has no address that projects could be updated from: set one with `git \
             remote add origin ADDRESS`"
        );
    };
    let changelog = repository.join("CHANGELOG.md");
    let log = fs::read_to_string(&changelog).context("cannot read CHANGELOG.md")?;
    let news = log.split_once(UNRELEASED).map(|(_, after)| after);
    if news.is_none_or(|news| news.trim_start().is_empty() || news.trim_start().starts_with("## "))
    {
        bail!("CHANGELOG.md has nothing under \"## Unreleased\": say what projects gain");
    }

    let log = log.replacen(UNRELEASED, &format!("{UNRELEASED}\n## {version}\n"), 1);
    fs::write(changelog, log)?;
    edit_versions(repository, |versions| {
        versions["template"]["version"] = value(version);
        versions["template"]["repository"] = value(address);
    })?;
    render::write(repository)?;
    golden::write(repository)?;
    git(&[
        "commit",
        "--quiet",
        "--all",
        "--message",
        &format!("Version {version}"),
    ])?;
    git(&[
        "tag",
        "--annotate",
        "--message",
        &format!("Version {version}"),
        &tag,
    ])?;
    println!("{tag} is made. To publish it: git push --follow-tags");
    Ok(())
}

fn numbers(tag: &str) -> Vec<u64> {
    let numbers = tag.trim_start_matches('v').split('.');
    numbers.filter_map(|number| number.parse().ok()).collect()
}
