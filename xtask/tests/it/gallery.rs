//! The packages of the gallery: each is generated, changed as its recipe says, built, tested, and
//! compared with a program of Rust alone over the same crate.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Instant;

use toml::Table;
use toml_edit::{DocumentMut, Item, value};
use xtask::root;

use crate::environment::{Built, Environment, TEST_PACKAGES};
use crate::page::blocks;
use crate::tools::{Run, cargo, check_formatted, files, printed, read, read_toml, scratch, target};
use crate::tutorial::changed;

fn gallery() -> PathBuf {
    root().join("docs/gallery")
}

/// What an owner does with a generated project, in a folder of the gallery: `recipe.toml` has the
/// answers, dependencies and deletions, `changes.diff` the changes to files, and `project/` the files
/// that they write.
struct Recipe {
    name: String,
    folder: PathBuf,
    recipe: Table,
}

impl Recipe {
    fn all() -> Vec<Self> {
        let mut names: Vec<_> = fs::read_dir(gallery())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| gallery().join(name).join("recipe.toml").exists())
            .collect();
        names.sort();
        names.iter().map(|name| Self::new(name)).collect()
    }

    fn new(name: &str) -> Self {
        let folder = gallery().join(name);
        Self {
            name: name.to_owned(),
            recipe: read_toml(folder.join("recipe.toml")),
            folder,
        }
    }

    fn table(&self, key: &str) -> Table {
        let table = self.recipe.get(key).and_then(|table| table.as_table());
        table.cloned().unwrap_or_default()
    }

    fn answers(&self) -> Vec<String> {
        let answer = |(name, value): (&String, &toml::Value)| {
            let values = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let values: Vec<_> = values.iter().filter_map(|value| value.as_str()).collect();
            ["-d".to_owned(), format!("{name}={}", values.join(","))]
        };
        self.table("answers").iter().flat_map(answer).collect()
    }

    /// A program of Rust alone to compare with.
    fn program(&self) -> Option<PathBuf> {
        Some(self.folder.join("native.rs")).filter(|path| path.exists())
    }

    fn apply(&self, project: &Path) {
        for file in files(&self.folder.join("project")) {
            let path = project.join(&file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::copy(self.folder.join("project").join(file), path).unwrap();
        }
        for file in self
            .table("delete")
            .values()
            .flat_map(|list| list.as_array().unwrap())
        {
            fs::remove_file(project.join(file.as_str().unwrap())).unwrap();
        }
        for (file, line) in self.table("cut") {
            let path = project.join(file);
            let text = read(&path);
            let (kept, _) = text.split_once(line.as_str().unwrap()).unwrap();
            fs::write(path, kept.trim_end().to_owned() + "\n").unwrap();
        }
        let changes = self.folder.join("changes.diff");
        if changes.exists() {
            for change in read(changes).split("--- ").skip(1) {
                let (path, diff) = change.split_once("\n@@\n").unwrap();
                let path = project.join(path);
                fs::write(&path, changed(&read(&path), diff)).unwrap();
            }
        }
        let mut manifest = manifest(&project.join("Cargo.toml"));
        self.add_to(&mut manifest, &["package", "dependencies"]);
        if self.program().is_some() {
            manifest["dependencies"]["gallery-native"] = path_to(&NATIVE.folder);
            // The same versions, too.
            fs::copy(NATIVE.folder.join("Cargo.lock"), project.join("Cargo.lock")).unwrap();
        }
        fs::write(project.join("Cargo.toml"), manifest.to_string()).unwrap();
    }

    /// Adds `tables` of the recipe to a Cargo.toml.
    fn add_to(&self, manifest: &mut DocumentMut, tables: &[&str]) {
        let recipe = self::manifest(&self.folder.join("recipe.toml"));
        for table in tables {
            let added = recipe.get(table).and_then(Item::as_table);
            for (name, value) in added.into_iter().flatten() {
                manifest[table][name] = value.clone();
            }
        }
    }

    fn lines(&self, extensions: &[&str]) -> usize {
        let written = files(&self.folder.join("project")).into_iter();
        let written = written.map(|file| Path::new("project").join(file));
        written
            .chain(["recipe.toml".into(), "changes.diff".into()])
            .filter(|file| extensions.contains(&&*file.extension().unwrap().to_string_lossy()))
            .map(|file| self.folder.join(file))
            .filter(|file| file.exists())
            .map(|file| read(file).lines().count())
            .sum()
    }
}

fn manifest(path: &Path) -> DocumentMut {
    read(path).parse().unwrap()
}

fn path_to(folder: &Path) -> Item {
    let mut table = toml_edit::InlineTable::new();
    table.insert("path", folder.to_str().unwrap().into());
    value(table)
}

/// The programs of Rust alone, in one crate with the dependencies of all recipes that have such a
/// program. Their projects depend on the crate as well, and so have the same features of every crate:
/// DataFusion is compiled once.
struct Native {
    folder: PathBuf,
    /// The recipes whose dependencies resolve with this DataFusion, and the others with the reason.
    programs: Vec<String>,
    unresolved: Vec<(String, String)>,
}

static NATIVE: LazyLock<Native> = LazyLock::new(|| {
    let folder = scratch("gallery native");
    let versions = xtask::versions(root()).unwrap();
    let newest = xtask::datafusion_majors(&versions).unwrap().pop().unwrap();
    let (arrow, datafusion) = (newest["arrow"].to_string(), newest["crates"].to_string());
    let library = root().join("xtask/tests/gallery/native.rs");
    let text = format!(
        r#"[package]
name = "gallery-native"
version = "0.0.0"
edition = "2024"

[lib]
path = {library:?}

[dependencies]
arrow = {{ version = {arrow}, default-features = false, features = ["ipc"] }}
datafusion = {{ version = {datafusion}, default-features = false, features = ["sql"] }}
datafusion-ffi = {{ version = {datafusion}, default-features = false }}
serde_json = "1"
tokio = {{ version = "1", features = ["rt-multi-thread"] }}

[workspace]

[profile.dev]
debug = "line-tables-only"
package."*".debug = false
"#
    );
    let path = folder.join("Cargo.toml");
    let mut native = Native {
        folder,
        programs: vec![],
        unresolved: vec![],
    };
    let mut manifest: DocumentMut = text.parse().unwrap();
    for recipe in Recipe::all() {
        let Some(program) = recipe.program() else {
            continue;
        };
        let mut with_recipe = manifest.clone();
        let sql = with_recipe["dependencies"]["datafusion"].clone();
        recipe.add_to(&mut with_recipe, &["dependencies"]);
        with_recipe["dependencies"]["datafusion"] = sql;
        let mut bin = toml_edit::Table::new();
        bin["name"] = value(&recipe.name);
        bin["path"] = value(program.to_str().unwrap());
        let bins = with_recipe
            .entry("bin")
            .or_insert(Item::ArrayOfTables(Default::default()));
        bins.as_array_of_tables_mut().unwrap().push(bin);
        fs::write(&path, with_recipe.to_string()).unwrap();
        match resolves(&native.folder) {
            Ok(()) => {
                manifest = with_recipe;
                native.programs.push(recipe.name);
            }
            Err(problem) => native.unresolved.push((recipe.name, problem)),
        }
    }
    fs::write(&path, manifest.to_string()).unwrap();
    resolves(&native.folder).unwrap();
    native
});

/// Whether there is one DataFusion for everything in `folder`.
fn resolves(folder: &Path) -> Result<(), String> {
    let tree = cargo(folder)
        .args(["tree", "--prefix=none", "--edges=normal"])
        .finish();
    let said = printed(&tree);
    let mut found: Vec<_> = said
        .lines()
        .filter(|line| line.starts_with("datafusion-common v"))
        .map(|line| line.trim_end_matches(" (*)"))
        .collect();
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [_] if tree.status.success() => Ok(()),
        [_, ..] if tree.status.success() => Err(format!("it brings two: {}", found.join(", "))),
        _ => Err(said),
    }
}

/// Makes the package, and runs its tests and those of the recipe. `packages` are for these.
fn make(name: &str, packages: &[&str]) {
    let recipe = Recipe::new(name);
    if recipe.program().is_some() {
        for (unresolved, problem) in &NATIVE.unresolved {
            assert_ne!(
                unresolved, name,
                "The crates of docs/gallery/{name}/recipe.toml do not fit this DataFusion: \
                 {problem}\nThe page keeps its last figures and their date."
            );
        }
    }
    let package = format!("{name}-ext");
    let start = Instant::now();
    let built = Built::with_answers(&package, &recipe.answers(), |project| {
        recipe.apply(project);
        if let Err(problem) = resolves(project) {
            panic!("docs/gallery/{name}/recipe.toml does not fit this DataFusion: {problem}");
        }
        check_formatted(project);
    });
    let minutes = start.elapsed().as_secs_f64() / 60.0;

    let environment = Environment::new(name, "3.12", &TEST_PACKAGES);
    environment.install(&[&built.wheel], &[]);
    environment.install(packages, &[]);
    let said = environment
        .pytest_command(Path::new("tests"))
        .current_dir(&built.project)
        .succeed();
    let own = said.lines().last().unwrap().to_owned();

    let mut said = String::new();
    let comparison = recipe.folder.join("test_compare.py");
    if comparison.exists() {
        let mut build = cargo(&NATIVE.folder);
        build.args(["build", "--quiet", "--bin", name]).succeed();
        let native = target().join("generated ä ö/debug").join(name);
        let imported = [
            root().join("xtask/tests/gallery"),
            built.project.join("tests"),
        ];
        said = environment
            .pytest_command(&comparison)
            .args(["-s", "-p", "no:cacheprovider"])
            .env("NATIVE", native)
            .env("PYTHONPATH", std::env::join_paths(imported).unwrap())
            .current_dir(&built.project)
            .succeed();
        println!("{said}");
    }
    let stubs = built.project.join("tests/conformance/stubs.py");
    if stubs.exists() {
        environment.python().arg(&stubs).arg("--check").succeed();
    }
    let megabytes = fs::metadata(&built.wheel).unwrap().len() as f64 / 1e6;
    println!(
        "{package}: {} lines of Rust, {} of Python, {} of text; built in {minutes:.1} minutes; \
         development wheel {megabytes:.1} MB; {own}; comparison: {}",
        recipe.lines(&["rs"]),
        recipe.lines(&["py", "pyi"]),
        recipe.lines(&["toml", "diff", "md"]),
        said.lines().last().unwrap_or("none"),
    );
}

#[test]
#[ignore = "builds a project with a client: nightly"]
fn http_api() {
    make("http-api", &[]);
}

/// Each file of a recipe that an owner reads is on its page, as it is.
#[test]
fn pages_show_their_recipes() {
    let recipes = Recipe::all();
    assert!(!recipes.is_empty());
    for recipe in recipes {
        let page = read(gallery().join(format!("{}.md", recipe.name)));
        let shown: Vec<_> = blocks(&page)
            .into_iter()
            .filter_map(|block| {
                let path = block.mark?.strip_prefix("file: ")?.to_owned();
                assert_eq!(
                    block.text,
                    read(recipe.folder.join(&path)),
                    "{}: {path}",
                    recipe.name
                );
                Some(PathBuf::from(path))
            })
            .collect();
        for file in files(&recipe.folder) {
            let owners = file.starts_with("project/src") || !file.starts_with("project");
            let ours = ["native.rs", "test_compare.py"].map(Path::new);
            if owners && !ours.contains(&file.as_path()) {
                assert!(
                    shown.contains(&file),
                    "{}: not shown: {}",
                    recipe.name,
                    file.display()
                );
            }
        }
    }
}
