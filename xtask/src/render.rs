//! Writes what follows from `versions.toml`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use similar::TextDiff;
use tera::{Context, Delimiters, Tera};

use crate::{root, versions};

/// What is rendered, and what to, relative to the repository.
const FILES: &[(&str, &str)] = &[("xtask/templates/versions.rhai", "hooks/versions.rhai")];

/// Unlike Tera's own, these occur neither in GitHub's workflows nor in Liquid.
fn delimiters() -> Delimiters {
    Delimiters {
        block_start: "<%".into(),
        block_end: "%>".into(),
        variable_start: "<{".into(),
        variable_end: "}>".into(),
        comment_start: "<#".into(),
        comment_end: "#>".into(),
    }
}

#[derive(clap::Args)]
pub struct Args {
    /// Write nothing; fail and show the difference if a file is not up to date
    #[arg(long)]
    check: bool,
}

pub fn run(args: &Args) -> Result<()> {
    let mut drifted = false;
    for (template, target) in FILES {
        let rendered = render(&root().join(template))?;
        drifted |= update(target, &rendered, args.check)?;
    }
    if drifted {
        bail!("rendered files are out of date: run `cargo xtask render`");
    }
    Ok(())
}

/// Brings the file `target` of the repository up to date; with `check` it only shows what would
/// change, and returns whether anything would.
pub fn update(target: &str, rendered: &str, check: bool) -> Result<bool> {
    let path = root().join(target);
    let current = fs::read_to_string(&path).unwrap_or_default();
    if current == rendered {
        return Ok(false);
    }
    if check {
        let diff = TextDiff::from_lines(current.as_str(), rendered);
        print!("{}", diff.unified_diff().header(target, "rendered"));
    } else {
        fs::write(&path, rendered).with_context(|| format!("cannot write {target}"))?;
        println!("wrote {target}");
    }
    Ok(check)
}

fn render(template: &Path) -> Result<String> {
    let mut context = Context::from_serialize(&versions()?)?;
    context.insert("template", env!("CARGO_PKG_VERSION"));

    let mut tera = Tera::new();
    tera.set_delimiters(delimiters())?;
    let source = fs::read_to_string(template)?;
    let name = template.display().to_string();
    tera.add_raw_template(&name, &source)?;
    Ok(tera.render(&name, &context)?)
}
