//! What a handful of answers render into, to be looked at when the template changes.

use std::fs;

use anyhow::{Result, bail};

use crate::render::update;
use crate::{cargo_generate, files, remove_folder, root};

/// The answers, besides those that are the defaults.
const PROJECTS: [(&str, &[&str]); 4] = [
    ("default", &[]),
    (
        "function",
        &["extension_points=scalar_udf", "license=MIT", "ci=none"],
    ),
    (
        "codecs",
        &[
            "extension_points=logical_extension_codec,physical_extension_codec",
            "license=MIT OR Apache-2.0",
            "repository=https://example.com/me/my-ext",
            "ci=gitlab",
        ],
    ),
    (
        "everything",
        &[
            "extension_points=table_provider_factory,table_function,scalar_udf,aggregate_udf,\
             window_udf,catalog_provider_list,extension_options,physical_optimizer_rule,\
             session_extension",
            "ci=both",
        ],
    ),
];

#[derive(clap::Args)]
pub struct Args {
    /// Write nothing; fail and show the difference if a project is not as it was
    #[arg(long)]
    check: bool,
}

pub fn run(args: &Args) -> Result<()> {
    let mut drifted = false;
    for (name, answers) in PROJECTS {
        let target = format!("xtask/tests/golden/{name}.txt");
        drifted |= update(
            &root().join(&target),
            &target,
            &render(answers)?,
            args.check,
        )?;
    }
    if drifted {
        bail!("the template renders something else: look at it, and run `cargo xtask golden`");
    }
    Ok(())
}

/// All files of a project in one text, so that none is taken for a part of this repository.
fn render(answers: &[&str]) -> Result<String> {
    let folder = root().join("target").join("golden");
    remove_folder(&folder)?;
    fs::create_dir_all(&folder)?;
    let mut command = cargo_generate(&std::env::current_exe()?, &folder, "my-ext");
    for answer in answers {
        command.arg("-d").arg(answer);
    }
    let output = command.output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    let project = folder.join("my-ext");
    let mut text = String::new();
    for path in files(&project)? {
        let shown = path.display().to_string();
        // They are long, and copied as they are.
        if !shown.contains("LICENSE") {
            let contents = fs::read_to_string(project.join(path))?;
            text += &format!("==> {shown} <==\n{contents}\n");
        }
    }
    Ok(text)
}
