//! Finds a Python, and the programs of a virtual environment.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{root, versions};

type Version = (u32, u32);

const NAMES: [&str; 9] = [
    "python3",
    "python",
    "python3.15",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
    "py",
];

/// An interpreter that is new enough for a generated project: `asked`, or the first on the PATH.
///
/// # Errors
///
/// The error is one sentence that says what to install.
pub fn find(asked: Option<&OsStr>) -> Result<OsString> {
    let versions = versions(root())?;
    let needed = versions["python"]["minimum"].as_str();
    let needed = needed.and_then(|version| parse(version, '.'));
    let needed @ (major, minor) = needed.context("versions.toml has no Python version")?;
    let help = "install one from https://www.python.org or your system's packages, or name one \
                with --python";
    let mut too_old = None;
    let candidates: Vec<&OsStr> = match asked {
        Some(python) => vec![python],
        None => NAMES.iter().map(OsStr::new).collect(),
    };
    for python in candidates {
        match version(python) {
            Some(version) if version >= needed => return Ok(python.to_owned()),
            Some(version) => {
                too_old.get_or_insert((python.to_owned(), version));
            }
            None => {}
        }
    }
    match (too_old, asked) {
        (Some((python, version)), _) => bail!(
            "Python {major}.{minor} or later is needed, but {} is Python {}.{}: {help}.",
            python.to_string_lossy(),
            version.0,
            version.1
        ),
        (None, Some(python)) => bail!(
            "Python {major}.{minor} or later is needed, but {} does not run: {help}.",
            python.to_string_lossy()
        ),
        (None, None) => {
            bail!("Python {major}.{minor} or later is needed, but none was found: {help}.")
        }
    }
}

fn version(python: &OsStr) -> Option<Version> {
    let output = Command::new(python)
        .args(["-c", "import sys; print(*sys.version_info[:2])"])
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    parse(str::from_utf8(&output.stdout).ok()?.trim(), ' ')
}

fn parse(version: &str, separator: char) -> Option<Version> {
    let (major, minor) = version.split_once(separator)?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The program `name` of the virtual environment `venv`.
pub fn venv_program(venv: &Path, name: &str) -> PathBuf {
    match cfg!(windows) {
        true => venv.join("Scripts").join(name).with_extension("exe"),
        false => venv.join("bin").join(name),
    }
}
