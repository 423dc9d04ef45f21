//! Writes the files that follow from `versions.toml`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest, Sha256};
use similar::TextDiff;
use tera::{Context, Delimiters, Tera};

use crate::picture::first_minute;
use crate::{datafusion_majors, files, root, versions};

/// The folder with the sources, below `ci-template`.
const SOURCES: &str = "ci-template/templates";

/// The sources, and the files that they are rendered to, relative to the repository. GitHub's "Use this
/// template" may not write workflows into a project, so this repository has the workflows too.
const FILES: &[(&str, &[&str])] = &[
    (
        "github/ci.yml",
        &[
            "ci-template/github/workflows/ci.yml",
            ".github/workflows/ci.yml",
        ],
    ),
    (
        "github/release.yml",
        &[
            "ci-template/github/workflows/release.yml",
            ".github/workflows/release.yml",
        ],
    ),
    (
        "github/weekly.yml",
        &[
            "ci-template/github/workflows/weekly.yml",
            ".github/workflows/weekly.yml",
        ],
    ),
    (
        "gitlab/.gitlab-ci.yml",
        &["ci-template/gitlab/.gitlab-ci.yml"],
    ),
    (
        "repository/template-init.yml",
        &[".github/workflows/template-init.yml"],
    ),
    (
        "repository/template.yml",
        &[".github/workflows/template.yml"],
    ),
    ("repository/cargo-generate.toml", &["cargo-generate.toml"]),
];

/// This file is rendered last, because it has the digest of all others.
const HOOK: &str = "hooks/versions.rhai";

/// The files that projects are generated from, besides `cargo-generate.toml`.
const GENERATED_FROM: [&str; 4] = [
    "ci-template/github",
    "ci-template/gitlab",
    "hooks",
    "template",
];

/// The manifest of the machinery, which is rendered for each major of DataFusion.
const MACHINERY: &str = "template/pyo3-datafusion/Cargo.toml";

/// Tables, and the pages that have them after a comment with their name.
const TABLES: &[(&str, &str)] = &[
    ("docs/compatibility.md", "docs/reference/compatibility.md"),
    ("docs/majors.md", "docs/reference/answers.md"),
    ("docs/versions.md", "README.md"),
    ("docs/wheels.md", "docs/publishing.md"),
];

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
    /// The folder of the template [default: this repository]
    #[arg(long)]
    path: Option<PathBuf>,
}

/// # Errors
///
/// A source cannot be rendered: the error has the line and the column, and nothing is written. With
/// `--check`, a file is not up to date.
pub fn run(args: &Args) -> Result<()> {
    let repository = args.path.as_deref().unwrap_or(root());
    if update_all(repository, args.check)? {
        bail!("rendered files are out of date: run `cargo xtask render`");
    }
    Ok(())
}

/// Brings every file up to date.
pub fn write(repository: &Path) -> Result<()> {
    update_all(repository, false).map(|_| ())
}

fn update_all(repository: &Path, check: bool) -> Result<bool> {
    let mut drifted = false;
    for (target, text) in render(repository)? {
        drifted |= update(&repository.join(&target), &target, &text, check)?;
    }
    Ok(drifted)
}

/// What each file should contain.
fn render(repository: &Path) -> Result<Vec<(String, String)>> {
    let tera = sources(&repository.join(SOURCES))?;
    let context = context(repository)?;
    let render = |source: &str, context: &Context| {
        tera.render(source, context)
            .with_context(|| format!("cannot render {SOURCES}/{source}"))
    };
    let mut rendered = vec![];
    for (source, targets) in FILES {
        let text = render(source, &context)?;
        rendered.extend(
            targets
                .iter()
                .map(|target| (target.to_string(), text.clone())),
        );
    }
    let majors = datafusion_majors(&versions(repository)?)?;
    for (index, major) in majors.iter().enumerate() {
        let mut context = context.clone();
        for (name, value) in major {
            context.insert(name.clone(), value);
        }
        let later: Vec<_> = majors[index + 1..].iter().map(|m| &m["major"]).collect();
        context.insert("later_majors", &later);
        context.insert("is_newest", &later.is_empty());
        let manifest = render(MACHINERY, &context)?;
        let folder = "template/pyo3-datafusion";
        if later.is_empty() {
            rendered.push((format!("{folder}/Cargo.toml"), manifest));
            continue;
        }
        let major = &major["major"];
        rendered.push((format!("{folder}/majors/{major}/Cargo.toml"), manifest));
    }
    for (source, page) in TABLES {
        let text = fs::read_to_string(repository.join(page))
            .with_context(|| format!("cannot read {page}"))?;
        let table = render(source, &context)?;
        rendered.push((page.to_string(), with_table(&text, source, &table)?));
    }
    let readme =
        fs::read_to_string(repository.join("README.md")).context("cannot read README.md")?;
    let picture = "docs/first-minute.svg".to_owned();
    rendered.push((picture, first_minute(&readme)?));
    let mut context = context.clone();
    context.insert("digest", "");
    rendered.push((HOOK.to_owned(), render(HOOK, &context)?));
    context.insert("digest", &digest(repository, &rendered)?);
    rendered.pop();
    rendered.push((HOOK.to_owned(), render(HOOK, &context)?));
    Ok(rendered)
}

/// A digest of the state of the template that a project was generated from. cargo-generate does not tell
/// a template its commit, and a commit cannot contain its own name.
fn digest(repository: &Path, rendered: &[(String, String)]) -> Result<String> {
    let mut contents = BTreeMap::new();
    for part in GENERATED_FROM {
        for file in files(&repository.join(part))? {
            let path = Path::new(part).join(file);
            let is_cache = |name: &OsStr| name.to_string_lossy().contains("cache");
            if !path.iter().any(is_cache) {
                contents.insert(path.clone(), fs::read(repository.join(path))?);
            }
        }
    }
    for (path, text) in rendered {
        let mut parts = GENERATED_FROM.iter().chain(&["cargo-generate.toml"]);
        if parts.any(|part| Path::new(path).starts_with(part)) {
            contents.insert(path.into(), text.clone().into());
        }
    }
    let mut hash = Sha256::new();
    for (path, content) in contents {
        for bytes in [
            path.to_string_lossy().replace('\\', "/").as_bytes(),
            &content,
        ] {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
    }
    let digest = hash.finalize();
    Ok(digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// `page` with the table that stands after the comment `<!-- source -->` replaced.
fn with_table(page: &str, source: &str, table: &str) -> Result<String> {
    let comment = format!("<!-- {source} -->\n");
    let (before, after) = page
        .split_once(&comment)
        .with_context(|| format!("no page has the line {comment}"))?;
    let rows = after.split_inclusive('\n');
    let after: String = rows.skip_while(|line| line.starts_with('|')).collect();
    Ok(format!("{before}{comment}{table}{after}"))
}

/// Brings the file `path`, which is shown as `name`, up to date; with `check` it only shows what
/// would change, and returns whether anything would.
pub fn update(path: &Path, name: &str, rendered: &str, check: bool) -> Result<bool> {
    let current = fs::read_to_string(path).unwrap_or_default();
    if current == rendered {
        return Ok(false);
    }
    if check {
        let diff = TextDiff::from_lines(current.as_str(), rendered);
        print!("{}", diff.unified_diff().header(name, "rendered"));
    } else {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, rendered).with_context(|| format!("cannot write {name}"))?;
        println!("wrote {name}");
    }
    Ok(check)
}

/// All sources, by their path below `folder`; those in `partials`, by their name.
fn sources(folder: &Path) -> Result<Tera> {
    let mut sources = vec![];
    for path in files(folder)? {
        let source = fs::read_to_string(folder.join(&path))?;
        let name = path.to_string_lossy().replace('\\', "/");
        sources.push(match name.strip_prefix("partials/") {
            // The line that includes the partial has a line break of its own.
            Some(partial) => (partial.to_owned(), source.trim_end().to_owned()),
            None => (name, source),
        });
    }
    let mut tera = Tera::new();
    tera.set_delimiters(delimiters())?;
    tera.add_raw_templates(sources)?;
    Ok(tera)
}

/// The variables of the sources.
fn context(repository: &Path) -> Result<Context> {
    let versions = versions(repository)?;
    let mut context = Context::from_serialize(&versions)?;
    let majors = datafusion_majors(&versions)?;
    context.insert("oldest", &majors[0]);
    context.insert("newest", &majors[majors.len() - 1]);
    // The platforms for which GitLab has runners.
    let platforms = versions["wheels"]["platforms"].as_array();
    let platforms = platforms.context("versions.toml has no wheels.platforms")?;
    let of_gitlab: Vec<_> = platforms
        .iter()
        .filter(|platform| platform.get("gitlab").is_some())
        .collect();
    context.insert("gitlab_platforms", &of_gitlab);
    Ok(context)
}
