//! The files that an adopted package gets.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

use super::hooks::{Hook, slashed};
use super::manifest;
use super::package::{Adopted, Repository, machinery_manifest};
use super::{Args, MACHINERY, RECORD, UPDATE};
use crate::{address, git, root};

/// The files that the package gets, from the top of the repository on.
pub struct Plan {
    files: BTreeMap<PathBuf, Vec<u8>>,
    /// The folders of the template among them.
    pub folders: Vec<PathBuf>,
}

impl Plan {
    pub fn new(
        args: &Args,
        repository: &Repository,
        copy: &Path,
        package: &Adopted,
        features: &[String],
        hooks: &[Hook],
    ) -> Result<Self> {
        let crate_folder = &repository.prefix;
        let machinery = inside(crate_folder, &args.machinery)?;
        let tests = args
            .tests
            .as_ref()
            .map(|tests| inside(crate_folder, tests))
            .transpose()?;
        let mut plan = Self {
            files: BTreeMap::new(),
            folders: vec![],
        };
        let recorded = Record::read(&copy.join(crate_folder).join(RECORD))?;
        let mut record = Record::of_this_template(root())?;
        if let Some(recorded) = &recorded {
            if recorded.digest != record.digest {
                bail!(
                    "{} has the machinery of another version of the template: {UPDATE} updates it",
                    package.package.name
                );
            }
            record.folders.clone_from(&recorded.folders);
        }
        plan.machinery(copy, &machinery, &mut record, crate_folder)?;
        if let Some(tests) = tests {
            let instances = tests.join("instances.py");
            if !copy.join(&instances).exists() {
                let module = package.distribution(copy)?.1;
                plan.files
                    .insert(instances, instances_file(&module, hooks).into());
            }
        }
        plan.files
            .insert(crate_folder.join(RECORD), record.text().into());
        plan.manifests(repository, copy, package, &machinery, features)?;
        Ok(plan)
    }

    /// Puts a folder of the template there, unless an earlier adoption has done it.
    fn machinery(
        &mut self,
        copy: &Path,
        target: &Path,
        record: &mut Record,
        crate_folder: &Path,
    ) -> Result<()> {
        let path = relative(target, crate_folder);
        if let Some(other) = record.folders.get(MACHINERY)
            && *other != path
        {
            bail!("the template's folder is {other} already: leave it there, or move it yourself");
        }
        if !record.folders.contains_key(MACHINERY) && copy.join(target).exists() {
            bail!(
                "there is a folder {} already: choose another with --machinery",
                slashed(target)
            );
        }
        if record.folders.insert(MACHINERY.to_owned(), path).is_some() {
            return Ok(());
        }
        self.folders.push(target.to_owned());
        for file in crate::files(&root().join(MACHINERY))? {
            if !slashed(&file).contains("__pycache__") {
                let bytes = fs::read(root().join(MACHINERY).join(&file))?;
                self.files.insert(target.join(&file), bytes);
            }
        }
        Ok(())
    }

    /// Adds the dependency, through the workspace where the crate's DataFusion comes from there.
    fn manifests(
        &mut self,
        repository: &Repository,
        copy: &Path,
        package: &Adopted,
        machinery: &Path,
        features: &[String],
    ) -> Result<()> {
        let major = package.major()?;
        let manifest = machinery_manifest(major)?.context("no machinery for this major")?;
        let crate_manifest = repository.prefix.join("Cargo.toml");
        let crate_text = read(&copy.join(&crate_manifest))?;
        let parsed: toml::Table = crate_text.parse()?;
        let dependencies = parsed.get("dependencies").and_then(toml::Value::as_table);
        let inherits = dependencies.into_iter().flatten().any(|(name, value)| {
            name.starts_with("datafusion") && value.get("workspace").is_some()
        });
        let top = package
            .metadata
            .workspace_root
            .as_std_path()
            .canonicalize()?;
        let top = top.strip_prefix(copy.canonicalize()?)?.to_owned();
        let location = |from: &Path| {
            let mut path = relative(machinery, from);
            let mut name = String::new();
            if !manifest.is_empty() {
                path = format!("{path}/{manifest}");
                name = format!("package = \"{}-{major}\", ", manifest::NAME);
            }
            format!("{name}path = \"{path}\"")
        };
        let features = format!("features = [\"{}\"]", features.join("\", \""));
        if inherits {
            let workspace = top.join("Cargo.toml");
            self.dependency(
                copy,
                &workspace,
                &["workspace", "dependencies"],
                &location(&top),
            )?;
            let value = format!("workspace = true, {features}");
            return self.dependency(copy, &crate_manifest, &["dependencies"], &value);
        }
        let value = format!("{}, {features}", location(&repository.prefix));
        self.dependency(copy, &crate_manifest, &["dependencies"], &value)
    }

    fn dependency(&mut self, copy: &Path, path: &Path, table: &[&str], value: &str) -> Result<()> {
        let text = match self.files.get(path) {
            Some(text) => String::from_utf8(text.clone())?,
            None => read(&copy.join(path))?,
        };
        if manifest::dependency(&text, table)?.is_none() {
            let text = manifest::with_dependency(&text, table, value)?;
            self.files.insert(path.to_owned(), text.into());
        }
        Ok(())
    }

    pub fn write_files(&self, folder: &Path) -> Result<()> {
        for (path, bytes) in &self.files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().context("no folder")?)?;
            fs::write(path, bytes)?;
        }
        Ok(())
    }

    /// What is not yet as planned in the repository.
    pub fn changes(
        &self,
        repository: &Repository,
        copy: &Path,
        lock: &Path,
    ) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        let mut files = self.files.clone();
        // A lock file that git does not know is not the repository's.
        let lock = lock.strip_prefix(copy.canonicalize()?)?;
        let known = git(Command::new("git").current_dir(&repository.top).args([
            "ls-files",
            "--",
            &slashed(lock),
        ]))?;
        if !known.is_empty() {
            files.insert(lock.to_owned(), fs::read(copy.join(lock))?);
        }
        files.retain(|path, bytes| {
            fs::read(repository.top.join(path)).ok().as_deref() != Some(bytes.as_slice())
        });
        Ok(files)
    }
}

/// Where a template is, which an update of the package looks at.
struct Record {
    repository: String,
    version: String,
    digest: String,
    /// The folder of the package for each folder of the template.
    folders: BTreeMap<String, String>,
}

impl Record {
    fn of_this_template(template: &Path) -> Result<Self> {
        let said = fs::read_to_string(template.join("hooks/versions.rhai"))?;
        let value = |key: &str| {
            let line = said.lines().find_map(|line| line.trim().strip_prefix(key));
            let value = line.and_then(|line| line.split('"').nth(1));
            value
                .map(str::to_owned)
                .context("hooks/versions.rhai says too little")
        };
        let recorded = value("export const REPOSITORY")?;
        Ok(Self {
            repository: address(template).unwrap_or(recorded),
            version: value("template:")?,
            digest: value("template_digest:")?,
            folders: BTreeMap::new(),
        })
    }

    fn read(path: &Path) -> Result<Option<Self>> {
        let Ok(text) = fs::read_to_string(path) else {
            return Ok(None);
        };
        let table: toml::Table = text.parse()?;
        let text = |value: &toml::Value| value.as_str().unwrap_or_default().to_owned();
        let template = table["template"].as_table().cloned().unwrap_or_default();
        let value = |key: &str| template.get(key).map(text).unwrap_or_default();
        let adopted = table.get("adopted").and_then(toml::Value::as_table);
        let folders = adopted.into_iter().flatten();
        Ok(Some(Self {
            repository: value("repository"),
            version: value("version"),
            digest: value("digest"),
            folders: folders
                .map(|(key, value)| (key.clone(), text(value)))
                .collect(),
        }))
    }

    fn text(&self) -> String {
        let folders = self.folders.iter();
        let folders: String = folders
            .map(|(key, value)| format!("\"{key}\" = \"{value}\"\n"))
            .collect();
        format!(
            "# Where the folders below are from. Typed in this folder, {UPDATE}\n# replaces them by \
             their newest version, where THE/TEMPLATE is a clone of the template.\n\n[template]\n\
             repository = \"{}\"\nversion = \"{}\"\ndigest = \"{}\"\n\n# The folders of the template, \
             and where they are here.\n[adopted]\n{folders}",
            self.repository, self.version, self.digest,
        )
    }
}

/// The instances of the conformance tests, with the classes that were found.
fn instances_file(module: &str, hooks: &[Hook]) -> String {
    let feature = |wanted: &'static str| {
        hooks
            .iter()
            .filter(move |hook| hook.feature() == Some(wanted))
    };
    let mut text = "\"\"\"The conformance tests run over this: say how to make your tables and functions.\"\"\"\n\nfrom \
                    __future__ import annotations\n\n"
        .to_owned();
    let functions = feature("functions").count() > 0;
    if functions {
        text += "import pyarrow as pa\n";
    }
    text += "from conformance import Table\n";
    if functions {
        text += "from conformance.functions import Aggregate, Scalar, Window\n";
    }
    text += &format!(
        "\nimport {module}\n\nPACKAGE = {module}\n\n# With `rows` and `key`, where you know them, the \
         tests find more mistakes. A thousand rows are enough.\nTABLES: list[Table] = [\n"
    );
    for hook in feature("tables") {
        let (class, line) = (&hook.class, hook.line);
        let file = slashed(&hook.file);
        text += &format!(
            "    # {file}:{line}, __datafusion_{}__\n    # Table(\"{class}\", lambda: \
             {module}.{class}(...), rows=1_000, key=[\"id\"]),\n",
            hook.name
        );
    }
    text += "]\n";
    if functions {
        text += "\n# With the types of the arguments.\nFUNCTIONS: list[Scalar | Aggregate | Window] = [\n";
        for hook in feature("functions") {
            let kind = match hook.name.as_str() {
                "scalar_udf" => "Scalar",
                "aggregate_udf" => "Aggregate",
                "window_udf" => "Window",
                _ => continue,
            };
            text += &format!("    # {kind}({module}.{}, [pa.float64()]),\n", hook.class);
        }
        text += "]\n";
    }
    text
}

/// `path` from the top of the repository on, without `..`.
fn inside(folder: &Path, path: &Path) -> Result<PathBuf> {
    let mut found = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::Normal(part) => found.push(part),
            Component::CurDir => {}
            Component::ParentDir if found.pop() => {}
            _ => bail!(
                "{} is not in the repository: choose a folder in it",
                path.display()
            ),
        }
    }
    Ok(found)
}

/// `path` as it is written in `folder`.
fn relative(path: &Path, folder: &Path) -> String {
    let (path, folder): (Vec<_>, Vec<_>) =
        (path.components().collect(), folder.components().collect());
    let same = path
        .iter()
        .zip(&folder)
        .take_while(|(one, other)| one == other)
        .count();
    let up = folder[same..].iter().map(|_| "..".to_owned());
    let down = path[same..]
        .iter()
        .map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes all files or none.
pub fn apply(top: &Path, changes: &BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    let mut undo = Undo(vec![]);
    for (path, bytes) in changes {
        let target = top.join(path);
        let folder = target.parent().context("no folder")?;
        undo.make_folder(folder)?;
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        let before = fs::read(&target).ok();
        permissions(&target, file.path())?;
        file.persist(&target)?;
        undo.0.push(Step::File(target, before));
    }
    undo.0.clear();
    Ok(())
}

/// A new file gets what any program's new file gets, and an old one keeps what it has.
fn permissions(target: &Path, file: &Path) -> Result<()> {
    let permissions = match fs::metadata(target) {
        Ok(old) => old.permissions(),
        Err(_) => {
            let probe = file.with_extension("new");
            fs::write(&probe, "")?;
            let permissions = fs::metadata(&probe)?.permissions();
            fs::remove_file(&probe)?;
            permissions
        }
    };
    Ok(fs::set_permissions(file, permissions)?)
}

enum Step {
    Folder(PathBuf),
    File(PathBuf, Option<Vec<u8>>),
}

/// Takes back what was done, unless all of it was.
struct Undo(Vec<Step>);

impl Undo {
    fn make_folder(&mut self, folder: &Path) -> Result<()> {
        let missing = folder.ancestors().take_while(|folder| !folder.exists());
        let missing: Vec<_> = missing.map(Path::to_owned).collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(&folder)?;
            self.0.push(Step::Folder(folder));
        }
        Ok(())
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        for step in self.0.drain(..).rev() {
            // Whatever cannot be taken back does not keep the rest from it.
            let _ = match step {
                Step::Folder(folder) => fs::remove_dir(folder),
                Step::File(path, Some(before)) => fs::write(path, before),
                Step::File(path, None) => fs::remove_file(path),
            };
        }
    }
}
