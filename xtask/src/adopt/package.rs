//! The package that adopts the machinery, as git and cargo see it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::semver::{Version, VersionReq};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId, Target};

use super::hooks::slashed;
use super::{MACHINERY, RECORD};
use crate::steps::Steps;
use crate::{datafusion_majors, git, root, versions};

/// The git repository that a crate is in.
pub struct Repository {
    pub top: PathBuf,
    /// The folder of the crate, from the top on.
    pub prefix: PathBuf,
}

impl Repository {
    pub fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        if !path.is_dir() {
            bail!("there is no folder {shown}: name the folder of the crate that has PyO3");
        }
        if !path.join("Cargo.toml").is_file() {
            bail!("{shown} has no Cargo.toml: name the folder of the crate that has PyO3");
        }
        let git = |arguments: &[&str]| git(Command::new("git").current_dir(path).args(arguments));
        let Ok(top) = git(&["rev-parse", "--show-toplevel"]) else {
            bail!("{shown} is not in a git repository: type `git init`, and commit all files");
        };
        if git(&["rev-parse", "--verify", "--quiet", "HEAD"]).is_err() {
            bail!("the repository of {shown} has no commit: commit all files");
        }
        let prefix = PathBuf::from(git(&["rev-parse", "--show-prefix"])?);
        let changed = git(&["status", "--porcelain"])?;
        let changed: Vec<_> = changed.lines().filter_map(|line| line.get(2..)).collect();
        if !changed.is_empty() {
            let changed: Vec<_> = changed.iter().map(|path| path.trim()).collect();
            bail!(
                "commit or stash your changes first, in {}",
                changed.join(", ")
            );
        }
        if git(&["ls-files", "--error-unmatch", "Cargo.toml"]).is_err() {
            bail!("git does not know {shown}/Cargo.toml: commit it");
        }
        Ok(Self {
            top: PathBuf::from(top),
            prefix,
        })
    }

    /// Writes what is committed to `folder`.
    pub fn copy(&self, folder: &Path) -> Result<()> {
        fs::create_dir(folder)?;
        let prefix = format!("--prefix={}/", folder.display());
        let mut command = Command::new("git");
        command
            .current_dir(&self.top)
            .args(["checkout-index", "--all", &prefix]);
        git(&mut command)?;
        Ok(())
    }
}

/// The package that adopts the machinery.
pub struct Adopted {
    pub metadata: Metadata,
    pub package: Package,
}

impl Adopted {
    pub fn read(repository: &Repository, copy: &Path, steps: &mut Steps) -> Result<Self> {
        let folder = copy.join(&repository.prefix);
        let shown = shown(&repository.prefix);
        let metadata = match metadata(&folder, steps, "Reading the crate")? {
            Ok(metadata) => metadata,
            Err(reason) => bail!("cargo cannot read {shown}: {reason}"),
        };
        let manifest = folder.join("Cargo.toml").canonicalize()?;
        let is_this = |package: &&Package| {
            let path = package.manifest_path.as_std_path();
            path.canonicalize().is_ok_and(|path| path == manifest)
        };
        let Some(package) = metadata.packages.iter().find(is_this).cloned() else {
            let members = metadata.workspace_packages();
            let members = members
                .into_iter()
                .filter(|package| depends_on_pyo3(package));
            let members: Vec<_> = members
                .filter_map(|package| package.manifest_path.parent()?.strip_prefix(&folder).ok())
                .map(|path| path.to_string())
                .collect();
            match members.as_slice() {
                [] => {
                    bail!("{shown} is a workspace without a crate that has PyO3: adopt needs one")
                }
                members => bail!(
                    "{shown} is a workspace: name the folder of its crate that has PyO3, {}",
                    members.join(" or ")
                ),
            }
        };
        let name = &package.name;
        if folder.join(RECORD).is_file() {
            let record: toml::Table = fs::read_to_string(folder.join(RECORD))?.parse()?;
            if !record.contains_key("adopted") {
                bail!(
                    "{name} was generated from the template: `uvx nox --session update` updates it"
                );
            }
        }
        if !depends_on_pyo3(&package) {
            bail!("{name} does not depend on pyo3: name the folder of the crate that does");
        }
        if !package.targets.iter().any(|target| target.is_cdylib()) {
            bail!(
                "{name} is no Python module: the [lib] in its Cargo.toml needs crate-type = [\"cdylib\"]"
            );
        }
        Ok(Self { metadata, package })
    }

    /// The packages that this one links.
    pub fn linked(&self) -> Vec<&Package> {
        let nodes = self
            .metadata
            .resolve
            .iter()
            .flat_map(|resolve| &resolve.nodes);
        let nodes: BTreeMap<&PackageId, _> = nodes.map(|node| (&node.id, node)).collect();
        let (mut seen, mut left) = (BTreeSet::new(), vec![&self.package.id]);
        while let Some(id) = left.pop() {
            if !seen.insert(id) {
                continue;
            }
            let Some(node) = nodes.get(id) else { continue };
            let normal = node.deps.iter().filter(|dependency| {
                let mut kinds = dependency.dep_kinds.iter();
                kinds.any(|kind| kind.kind == DependencyKind::Normal)
            });
            left.extend(normal.map(|dependency| &dependency.pkg));
        }
        let packages = self.metadata.packages.iter();
        packages
            .filter(|package| seen.contains(&package.id))
            .collect()
    }

    /// Whether a feature of a linked package is on.
    pub fn has_feature(&self, name: &str, feature: &str) -> bool {
        let linked = self.linked().into_iter();
        let ids: BTreeSet<_> = linked
            .filter(|package| package.name.as_str() == name)
            .map(|package| &package.id)
            .collect();
        let mut nodes = self
            .metadata
            .resolve
            .iter()
            .flat_map(|resolve| &resolve.nodes);
        nodes.any(|node| {
            let mut features = node.features.iter();
            ids.contains(&node.id) && features.any(|each| each.as_str() == feature)
        })
    }

    fn linked_versions(&self, name: &str) -> BTreeSet<&Version> {
        let linked = self.linked().into_iter();
        linked
            .filter(|package| package.name.as_str() == name)
            .map(|package| &package.version)
            .collect()
    }

    /// The major of DataFusion that the package links.
    pub fn major(&self) -> Result<u64> {
        let name = &self.package.name;
        let majors: BTreeSet<_> = ["datafusion-ffi", "datafusion-common"]
            .iter()
            .flat_map(|name| self.linked_versions(name))
            .map(|version| version.major)
            .collect();
        let known = datafusion_majors(&versions(root())?)?;
        let known: Vec<_> = known
            .iter()
            .map(|major| major["major"].to_string())
            .collect();
        let known = known.join(" and ");
        match majors.iter().copied().collect::<Vec<_>>().as_slice() {
            [] => bail!("{name} does not link DataFusion: there is nothing to adopt for it"),
            [major] if machinery_manifest(*major)?.is_none() => bail!(
                "{name} links DataFusion {major}, and pyo3-datafusion is for {known}: move the crate \
                 to one of these first"
            ),
            [major] => Ok(*major),
            several => {
                let several: Vec<_> = several.iter().map(u64::to_string).collect();
                bail!(
                    "{name} links DataFusion {}: `cargo tree --invert datafusion-common@VERSION` shows \
                     who wants which",
                    several.join(" and ")
                )
            }
        }
    }

    fn library(&self) -> Option<&Target> {
        let mut targets = self.package.targets.iter();
        targets.find(|target| target.is_cdylib())
    }

    /// The folder with the Rust files of the library.
    pub fn sources(&self) -> Result<PathBuf> {
        let library = self.library();
        let folder = library.and_then(|target| target.src_path.parent());
        Ok(folder
            .context("the library has no folder")?
            .as_std_path()
            .to_owned())
    }

    /// The names of the Python package: for pip, and for `import`.
    pub fn distribution(&self, copy: &Path) -> Result<(String, String)> {
        let library = self.library();
        let module = library.map_or("", |target| &target.name).replace('-', "_");
        let manifest = self.package.manifest_path.as_std_path();
        let folders = manifest.ancestors().skip(1);
        let folders = folders.take_while(|folder| folder.starts_with(copy));
        for folder in folders {
            let Ok(text) = fs::read_to_string(folder.join("pyproject.toml")) else {
                continue;
            };
            let project: toml::Table = text.parse()?;
            let text = |path: &[&str]| {
                let mut found = project.get(path[0]);
                for key in &path[1..] {
                    found = found.and_then(|value| value.get(key));
                }
                found.and_then(toml::Value::as_str)
            };
            let name = text(&["project", "name"]).unwrap_or(&self.package.name);
            let module = text(&["tool", "maturin", "module-name"]).unwrap_or(&module);
            let module = module.split('.').next().unwrap_or(module);
            return Ok((name.to_owned(), module.to_owned()));
        }
        Ok((self.package.name.to_string(), module))
    }

    /// What was found, for whoever runs the command.
    pub fn description(&self, copy: &Path, major: u64) -> Result<String> {
        let package = &self.package;
        let version = |name| {
            let versions = self
                .linked_versions(name)
                .into_iter()
                .map(Version::to_string);
            let versions: Vec<_> = versions.collect();
            match versions.is_empty() {
                true => "none".to_owned(),
                false => versions.join(", "),
            }
        };
        let pyo3 = package
            .dependencies
            .iter()
            .filter(|each| each.name == "pyo3");
        let mut abi3 = pyo3
            .flat_map(|each| &each.features)
            .filter(|each| each.starts_with("abi3"));
        let abi3 = abi3.clone().find(|each| each.contains('-')).or(abi3.next());
        let abi3 = abi3.map_or("no abi3", |feature| feature);
        let minimum = package.rust_version.as_ref();
        let minimum = minimum.map_or("none".to_owned(), Version::to_string);
        let (distribution, module) = self.distribution(copy)?;
        Ok(format!(
            "{} {} (Python: {distribution}, `import {module}`)\n  DataFusion {major}: datafusion-ffi \
             {}, datafusion-common {}, arrow {}\n  PyO3 {}, {abi3}; edition {}, rust-version {minimum}\n",
            package.name,
            package.version,
            version("datafusion-ffi"),
            version("datafusion-common"),
            version("arrow-array"),
            version("pyo3"),
            package.edition,
        ))
    }
}

fn depends_on_pyo3(package: &Package) -> bool {
    let mut dependencies = package.dependencies.iter();
    dependencies.any(|each| each.name == "pyo3" && each.kind == DependencyKind::Normal)
}

fn shown(prefix: &Path) -> String {
    match prefix.as_os_str().is_empty() {
        true => "the repository".to_owned(),
        false => slashed(prefix).trim_end_matches('/').to_owned(),
    }
}

/// What cargo says of the package in `folder`, or why it says nothing.
fn metadata(
    folder: &Path,
    steps: &mut Steps,
    what: &str,
) -> Result<std::result::Result<Metadata, String>> {
    let mut command = MetadataCommand::new();
    command
        .manifest_path(folder.join("Cargo.toml"))
        .current_dir(folder);
    match steps.run(what, &mut command.cargo_command())? {
        Ok(printed) => {
            let json = printed.lines().find(|line| line.starts_with('{'));
            let json = json.context("cargo metadata printed nothing")?;
            Ok(Ok(MetadataCommand::parse(json)?))
        }
        Err(failure) if failure.is_offline() => {
            bail!("the package registries could not be reached: this needs a network")
        }
        Err(failure) => Ok(Err(reason_of_cargo(&failure.output))),
    }
}

/// What cargo said, as one line.
fn reason_of_cargo(output: &str) -> String {
    let lines = output
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let lines = lines.skip_while(|line| !line.starts_with("error"));
    let lines: Vec<_> = lines
        .take(4)
        .map(|line| line.trim_start_matches("error: "))
        .collect();
    lines.join(" ")
}

/// The manifest of the machinery for a major, from its folder on.
pub fn machinery_manifest(major: u64) -> Result<Option<String>> {
    let majors = datafusion_majors(&versions(root())?)?;
    let is_this = |table: &toml::Table| table["major"].as_integer() == i64::try_from(major).ok();
    Ok(majors
        .iter()
        .position(is_this)
        .map(|at| match at + 1 == majors.len() {
            true => String::new(),
            false => format!("majors/{major}"),
        }))
}

/// Has cargo link the package with the machinery, in the copy; returns the lock file.
pub fn check_links(package: &Adopted, copy: &Path, steps: &mut Steps) -> Result<PathBuf> {
    let folder = package
        .package
        .manifest_path
        .parent()
        .context("no folder")?;
    let after = metadata(
        folder.as_std_path(),
        steps,
        "Linking it with pyo3-datafusion",
    )?;
    let name = &package.package.name;
    match after {
        Ok(after) => {
            let top = after.workspace_root.as_std_path().canonicalize()?;
            debug_assert!(top.starts_with(copy.canonicalize()?));
            update_all_of_datafusion(package, &after, &top, steps)?;
            Ok(top.join("Cargo.lock"))
        }
        Err(reason) => {
            let wanted = fs::read_to_string(root().join(MACHINERY).join("Cargo.toml"))?;
            let wanted: toml::Table = wanted.parse()?;
            let wanted = wanted["dependencies"]["pyo3"].as_str().context("no pyo3")?;
            let range = VersionReq::parse(wanted)?;
            for version in package.linked_versions("pyo3") {
                if range.matches(version) {
                    continue;
                }
                let linked = package.linked();
                let who = linked.iter().filter_map(|each| {
                    let mut wants = each.dependencies.iter();
                    let wants = wants.find(|dependency| dependency.name == "pyo3")?;
                    Some(format!("{} {} ({})", each.name, each.version, wants.req))
                });
                let who: Vec<_> = who.collect();
                bail!(
                    "{name} links PyO3 {version}, which {} want, but pyo3-datafusion needs {wanted}, and \
                     Python links only one: move these to a PyO3 in that range first",
                    who.join(", ")
                );
            }
            bail!("{name} cannot be linked with pyo3-datafusion: {reason}")
        }
    }
}

/// The machinery asks for a newer minor of some of DataFusion's crates: the others get it too, as they
/// are released together.
fn update_all_of_datafusion(
    package: &Adopted,
    after: &Metadata,
    top: &Path,
    steps: &mut Steps,
) -> Result<()> {
    let before = package.linked_versions("datafusion-common");
    let ours = after
        .packages
        .iter()
        .filter(|each| each.name.starts_with("datafusion") && before.contains(&each.version));
    let left: Vec<_> = ours
        .map(|each| format!("{}@{}", each.name, each.version))
        .collect();
    let is_left = |name: &str| {
        left.iter()
            .any(|each| each.starts_with(&format!("{name}@")))
    };
    if left.is_empty() || is_left("datafusion-common") {
        return Ok(());
    }
    let mut update = Command::new("cargo");
    update.current_dir(top).arg("update");
    update.args(left.iter().flat_map(|each| ["--package", each]));
    if let Err(failure) = steps.run("Updating the rest of DataFusion", &mut update)? {
        bail!("cargo update failed: {}", failure.reason());
    }
    Ok(())
}
