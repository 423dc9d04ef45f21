//! `cargo xtask …`: the template's own commands.

use std::process::ExitCode;

use clap::Parser;
use xtask::{GenerateArgs, adopt, bench, golden, major, release, render, try_out, use_template};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about)]
enum Command {
    /// Generate a project, build it, and query it
    Try(try_out::Args),
    /// Measure how fast a project is scanned and built
    Bench(bench::Args),
    /// Generate a project, as `cargo generate` does
    Generate(GenerateArgs),
    /// Give the crate pyo3-datafusion to a PyO3 package that exists
    Adopt(adopt::Args),
    /// Write the files that follow from versions.toml
    Render(render::Args),
    /// Write the projects that a handful of answers render into
    Golden(golden::Args),
    /// Make a version of the template: changelog, commit and tag
    Release(release::Args),
    /// Add a major of DataFusion to the template
    Major(major::Args),
    /// Turn what GitHub's "Use this template" made into a generated project
    UseTemplate(use_template::Args),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Try(args) => try_out::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Generate(_) if std::env::var_os("GIT_AUTHOR_NAME").is_none() => {
            xtask::again_with_author()
        }
        Command::Generate(args) => xtask::generate_or_show(args),
        Command::Adopt(args) => adopt::run(&args),
        Command::Render(args) => render::run(&args),
        Command::Golden(args) => golden::run(&args),
        Command::Release(args) => release::run(&args),
        Command::Major(args) => major::run(&args),
        Command::UseTemplate(args) => use_template::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
