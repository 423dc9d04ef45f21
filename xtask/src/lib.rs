//! Builds, tests and measures the template. Everything that the commands and the tests share.

pub mod bench;
pub mod golden;
pub mod python;
pub mod render;
pub mod steps;
pub mod try_out;
pub mod use_template;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// What `versions.toml` says.
pub fn versions(repository: &Path) -> Result<toml::Table> {
    let path = repository.join("versions.toml");
    let text = std::fs::read_to_string(path).context("cannot read versions.toml")?;
    text.parse().context("versions.toml is no TOML")
}

/// Generates the project `name` below `folder`, asking nothing. Takes further answers.
///
/// It runs cargo-generate, the library, over this repository, in a process of its own: it reads and
/// prints as it likes.
pub fn cargo_generate(xtask: &Path, folder: &Path, name: &str) -> Command {
    let mut command = Command::new(xtask);
    command
        .args(["generate", "--silent"])
        .arg(format!("--name={name}"))
        .arg("--destination")
        .arg(folder);
    command
}

/// All files below `folder`, relative to it, sorted; without those of git.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = vec![];
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        let path = entry.path().strip_prefix(folder)?;
        if entry.file_type().is_file() && !path.starts_with(".git") {
            files.push(path.to_owned());
        }
    }
    Ok(files)
}

/// Removes a folder with all that is in it, if there is one.
pub fn remove_folder(folder: &Path) -> std::io::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// The arguments of `cargo generate` that its users need.
#[derive(clap::Args)]
pub struct GenerateArgs {
    /// The template [default: this repository]
    #[arg(long)]
    pub path: Option<PathBuf>,
    /// What to call the project
    #[arg(long)]
    pub name: Option<String>,
    /// Where to make the project's folder
    #[arg(long, default_value = ".")]
    pub destination: PathBuf,
    /// Generate into the destination itself
    #[arg(long)]
    pub init: bool,
    /// Ask nothing: take the default where no answer is given
    #[arg(long)]
    pub silent: bool,
    /// An answer, as KEY=VALUE
    #[arg(long, short)]
    pub define: Vec<String>,
    /// A TOML file with answers, such as a project's .template-answers.toml
    #[arg(long)]
    pub values_file: Option<String>,
}

pub fn generate(args: GenerateArgs) -> Result<PathBuf> {
    let template = args.path.as_deref().unwrap_or(root());
    cargo_generate::generate(cargo_generate::GenerateArgs {
        template_path: cargo_generate::TemplatePath {
            path: Some(template.display().to_string()),
            ..Default::default()
        },
        name: args.name,
        destination: Some(std::path::absolute(args.destination)?),
        init: args.init,
        silent: args.silent,
        define: args.define,
        template_values_file: args.values_file,
        vcs: Some(cargo_generate::Vcs::None),
        // Never touch a Cargo.toml outside of the project.
        no_workspace: true,
        // It is formatted as it is, which the tests could not tell otherwise.
        no_fmt: true,
        ..Default::default()
    })
}
