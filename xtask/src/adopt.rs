//! `cargo xtask adopt`: gives the machinery to a PyO3 package that exists.
//!
//! All of it is tried in a copy of the repository first, where cargo says whether the versions fit.

mod hooks;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{IsTerminal, Write as _};
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use cargo_metadata::semver::{Version, VersionReq};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use tempfile::NamedTempFile;

use self::hooks::{Found, Hook, Todo, slashed};
use crate::steps::Steps;
use crate::{address, datafusion_majors, git, root, versions};

/// What an adopted package records, as a generated one does.
const RECORD: &str = ".template-answers.toml";
const MACHINERY: &str = "template/pyo3-datafusion";
const KIT: &str = "template/tests/conformance";
/// What updates an adopted package, in its folder.
const UPDATE: &str = "`uv run THE/TEMPLATE/update.py`";
const FEATURES: [&str; 5] = ["functions", "tables", "files", "plans", "parquet"];

#[derive(clap::Args)]
pub struct Args {
    /// The folder of the crate that has PyO3, such as bindings/python
    path: PathBuf,
    /// Say what was found and what to write, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Where to put the crate pyo3-datafusion, from the crate's folder on
    #[arg(long, value_name = "FOLDER", default_value = manifest::NAME)]
    machinery: PathBuf,
    /// Features of pyo3-datafusion besides those that the hooks need, with commas between
    #[arg(long, value_delimiter = ',', value_parser = FEATURES)]
    features: Vec<String>,
    /// Also put the conformance tests there, such as tests/datafusion, from the crate's folder on
    #[arg(long, value_name = "FOLDER")]
    tests: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Adopts the package, and prints what is left to its owner: on stdout, so that
/// `cargo xtask adopt PATH > hooks.patch` makes a patch.
///
/// # Errors
///
/// The error is one sentence that says what to do, and nothing was changed.
pub fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let applying = stop_at_ctrl_c(scratch.path())?;
    let repository = Repository::open(&args.path)?;
    let copy = scratch.path().join("copy");
    repository.copy(&copy)?;

    let mut steps = Steps::new(2);
    let package = Adopted::read(&repository, &copy, &mut steps)?;
    let major = package.major()?;
    let found = hooks::find(
        &copy,
        &package.sources()?,
        &hooks::Package {
            name: &package.distribution(&copy)?.0,
            options_prefix: &package.distribution(&copy)?.1,
            major,
        },
    )?;
    let features = features(args, &package, &found)?;
    let plan = Plan::new(args, &repository, &copy, &package, &features, &found.hooks)?;
    print!("{}", package.description(&copy, major)?);
    plan.write_files(&copy)?;
    let lock = check_links(&package, &copy, &mut steps)?;
    let changes = plan.changes(&repository, &copy, &lock)?;
    print!("{}", report(&found, &changes));
    if args.dry_run {
        println!("\nThis was a dry run: nothing was changed.");
        return Ok(());
    }
    if changes.is_empty() {
        println!("\nNothing to do: {} has all of it.", package.package.name);
        return Ok(());
    }
    if !args.yes && !confirmed()? {
        println!("Nothing was changed.");
        return Ok(());
    }
    applying.store(true, Ordering::SeqCst);
    apply(&repository.top, &changes)?;
    println!("\nDone: commit it, and then edit the hooks.");
    Ok(())
}

/// Ends the process at Ctrl-C, but for the moment in which files are written.
fn stop_at_ctrl_c(scratch: &Path) -> Result<Arc<AtomicBool>> {
    let applying = Arc::new(AtomicBool::new(false));
    let (writes, scratch) = (Arc::clone(&applying), scratch.to_owned());
    ctrlc::set_handler(move || {
        if !writes.load(Ordering::SeqCst) {
            let _ = fs::remove_dir_all(&scratch);
            eprintln!("\nstopped: nothing was changed");
            std::process::exit(130);
        }
    })?;
    Ok(applying)
}

/// Asks, where there is somebody to ask.
fn confirmed() -> Result<bool> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(true);
    }
    eprint!("\nMake these changes? [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The git repository that a crate is in.
struct Repository {
    top: PathBuf,
    /// The folder of the crate, from the top on.
    prefix: PathBuf,
}

impl Repository {
    fn open(path: &Path) -> Result<Self> {
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
    fn copy(&self, folder: &Path) -> Result<()> {
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
struct Adopted {
    metadata: Metadata,
    package: Package,
}

impl Adopted {
    fn read(repository: &Repository, copy: &Path, steps: &mut Steps) -> Result<Self> {
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
    fn linked(&self) -> Vec<&Package> {
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

    fn linked_versions(&self, name: &str) -> BTreeSet<&Version> {
        let linked = self.linked().into_iter();
        linked
            .filter(|package| package.name.as_str() == name)
            .map(|package| &package.version)
            .collect()
    }

    /// The major of DataFusion that the package links.
    fn major(&self) -> Result<u64> {
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

    /// The folder with the Rust files of the library.
    fn sources(&self) -> Result<PathBuf> {
        let library = self
            .package
            .targets
            .iter()
            .find(|target| target.is_cdylib());
        let folder = library.and_then(|target| target.src_path.parent());
        Ok(folder
            .context("the library has no folder")?
            .as_std_path()
            .to_owned())
    }

    /// The names of the Python package: for pip, and for `import`.
    fn distribution(&self, copy: &Path) -> Result<(String, String)> {
        let library = self
            .package
            .targets
            .iter()
            .find(|target| target.is_cdylib());
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
    fn description(&self, copy: &Path, major: u64) -> Result<String> {
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
fn machinery_manifest(major: u64) -> Result<Option<String>> {
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

/// The features of the machinery that the package needs.
fn features(args: &Args, package: &Adopted, found: &Found) -> Result<Vec<String>> {
    let is_wanted = |feature: &str| {
        let mut hooks = found.hooks.iter().filter_map(Hook::feature);
        hooks.any(|each| each == feature) || args.features.iter().any(|each| each == feature)
    };
    let features = FEATURES.iter().filter(|feature| is_wanted(feature));
    let mut features: Vec<_> = features.collect();
    if features.is_empty() {
        bail!(
            "no class of {} has a hook `__datafusion_…__` that pyo3-datafusion exports: say what you \
             need with --features, which takes {}",
            package.package.name,
            FEATURES.join(", ")
        );
    }
    // `datafusion-ffi` does not compile without it, if another crate switches it on.
    let nodes = package
        .metadata
        .resolve
        .iter()
        .flat_map(|resolve| &resolve.nodes);
    let linked = package.linked();
    let parquet = nodes.into_iter().any(|node| {
        let mut linked = linked.iter();
        node.features
            .iter()
            .any(|feature| feature.as_str() == "parquet")
            && linked.any(|each| each.id == node.id && each.name.as_str() == "datafusion-common")
    });
    if parquet && !features.contains(&&"parquet") {
        features.push(&"parquet");
    }
    Ok(features
        .into_iter()
        .map(|feature| (*feature).to_owned())
        .collect())
}

/// The files that the package gets, from the top of the repository on.
struct Plan {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Plan {
    fn new(
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
        plan.folder(
            copy,
            &machinery,
            MACHINERY,
            &mut record,
            crate_folder,
            |_| true,
        )?;
        if let Some(tests) = tests {
            let conformance = tests.join("conformance");
            let functions = hooks.iter().any(|hook| hook.feature() == Some("functions"));
            let wanted = |name: &str| match name {
                "__init__.py" | "test_tables.py" | "functions.py" => true,
                "test_functions.py" => functions,
                // These are for the layout of a generated project.
                _ => false,
            };
            plan.folder(copy, &conformance, KIT, &mut record, crate_folder, wanted)?;
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
    fn folder(
        &mut self,
        copy: &Path,
        target: &Path,
        source: &str,
        record: &mut Record,
        crate_folder: &Path,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<()> {
        let path = relative(target, crate_folder);
        if let Some(other) = record.folders.get(source)
            && *other != path
        {
            bail!("the template's folder is {other} already: leave it there, or move it yourself");
        }
        if !record.folders.contains_key(source) && copy.join(target).exists() {
            bail!(
                "there is a folder {} already: choose another with --{}",
                slashed(target),
                match source {
                    MACHINERY => "machinery",
                    _ => "tests",
                }
            );
        }
        if record.folders.insert(source.to_owned(), path).is_some() {
            return Ok(());
        }
        for file in crate::files(&root().join(source))? {
            let name = slashed(&file);
            if !name.contains("__pycache__") && wanted(&name) {
                let bytes = fs::read(root().join(source).join(&file))?;
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

    fn write_files(&self, folder: &Path) -> Result<()> {
        for (path, bytes) in &self.files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().context("no folder")?)?;
            fs::write(path, bytes)?;
        }
        Ok(())
    }

    /// What is not yet as planned in the repository.
    fn changes(
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

/// Has cargo link the package with the machinery, in the copy; returns the lock file.
fn check_links(package: &Adopted, copy: &Path, steps: &mut Steps) -> Result<PathBuf> {
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
            let lock = after
                .workspace_root
                .as_std_path()
                .canonicalize()?
                .join("Cargo.lock");
            debug_assert!(lock.starts_with(copy.canonicalize()?));
            Ok(lock)
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
                    __future__ import annotations\n\nfrom conformance import Table\n"
        .to_owned();
    let functions = feature("functions").count() > 0;
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

/// The edits that are left to the owner, and the files that change now.
fn report(found: &Found, changes: &BTreeMap<PathBuf, Vec<u8>>) -> String {
    let mut text = String::new();
    for hook in &found.hooks {
        let what = match &hook.todo {
            Todo::Replace => "replace its body as below".to_owned(),
            Todo::Write(call) => format!("end it with `{call}`"),
            Todo::Nothing => "uses pyo3-datafusion already".to_owned(),
            Todo::Unknown => "pyo3-datafusion exports nothing for it: leave it".to_owned(),
        };
        let file = slashed(&hook.file);
        let (class, name, line) = (&hook.class, &hook.name, hook.line);
        text += &format!("  {class}.__datafusion_{name}__, {file}:{line}: {what}\n");
    }
    if !changes.is_empty() {
        text += "\nFiles that change now:\n";
        let mut folders: BTreeMap<String, usize> = BTreeMap::new();
        for path in changes.keys() {
            let path = slashed(path);
            let parts: Vec<_> = path.split('/').collect();
            let folder = parts
                .iter()
                .position(|part| *part == manifest::NAME || *part == "conformance");
            match folder {
                Some(at) => {
                    *folders
                        .entry(format!("{}/", parts[..=at].join("/")))
                        .or_default() += 1
                }
                None => *folders.entry(path).or_default() += 1,
            }
        }
        for (path, count) in folders {
            match path.ends_with('/') {
                true => text += &format!("  {path} ({count} files)\n"),
                false => text += &format!("  {path}\n"),
            }
        }
    }
    if !found.patch.is_empty() {
        text += &format!(
            "\nThen change your code: {} lines to write, {} to delete. `git apply` takes this output \
             as it is.\n",
            found.added, found.deleted
        );
        if !found.unused.is_empty() {
            text += "What nothing uses any more goes too:\n";
            for unused in &found.unused {
                text += &format!("  {unused}\n");
            }
        }
        text += &format!("\n{}", found.patch);
    }
    for note in &found.notes {
        text += &format!("\nNote: {note}\n");
    }
    text
}

/// Writes all files or none.
fn apply(top: &Path, changes: &BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
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
