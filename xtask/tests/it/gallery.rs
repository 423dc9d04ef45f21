//! The packages of the gallery: each is generated, changed as its recipe says, built and tested.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use toml::Table;
use toml_edit::DocumentMut;
use xtask::root;

use crate::environment::{Built, Environment, TEST_PACKAGES};
use crate::page::blocks;
use crate::tools::{
    Run, built_program, cargo, check_formatted, files, generate, printed, read, read_toml, scratch,
};
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

    fn apply(&self, project: &Path) {
        for file in files(&self.folder.join("project")) {
            let path = project.join(&file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::copy(self.folder.join("project").join(file), path).unwrap();
        }
        for list in self.table("delete").values() {
            for file in list.as_array().unwrap() {
                fs::remove_file(project.join(file.as_str().unwrap())).unwrap();
            }
        }
        let changes = self.folder.join("changes.diff");
        if changes.exists() {
            for change in read(changes).split("--- ").skip(1) {
                let (path, diff) = change.split_once("\n@@\n").unwrap();
                let path = project.join(path);
                fs::write(&path, changed(&read(&path), diff)).unwrap();
            }
        }
        let manifest = |path: &Path| read(path).parse::<DocumentMut>().unwrap();
        let mut changed = manifest(&project.join("Cargo.toml"));
        let recipe = manifest(&self.folder.join("recipe.toml"));
        for table in ["package", "dependencies"] {
            let added = recipe.get(table).and_then(|added| added.as_table());
            for (name, value) in added.into_iter().flatten() {
                changed[table][name] = value.clone();
            }
        }
        fs::write(project.join("Cargo.toml"), changed.to_string()).unwrap();
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

/// Makes the package, and runs its tests. Returns the environment that it is installed in.
fn make(name: &str) -> Environment {
    let recipe = Recipe::new(name);
    let package = format!("{name}-ext");
    let start = Instant::now();
    let built = Built::with_answers(&package, &recipe.answers(), |project| {
        recipe.apply(project);
        if let Err(problem) = resolves(project) {
            panic!(
                "The crates of docs/gallery/{name}/recipe.toml do not fit this DataFusion: \
                 {problem}\nThe page keeps its last figures and their date."
            );
        }
        check_formatted(project);
    });
    let minutes = start.elapsed().as_secs_f64() / 60.0;

    let environment = Environment::new(name, "3.12", &TEST_PACKAGES);
    environment.install(&[&built.wheel], &[]);
    let said = environment.tests().current_dir(&built.project).succeed();
    let megabytes = fs::metadata(&built.wheel).unwrap().len() as f64 / 1e6;
    println!(
        "{package}: {} lines of Rust, {} of Python, {} of text; built in {minutes:.1} minutes; \
         development wheel {megabytes:.1} MB; {}",
        recipe.lines(&["rs"]),
        recipe.lines(&["py", "pyi"]),
        recipe.lines(&["toml", "diff", "md"]),
        said.lines().last().unwrap(),
    );
    environment
}

/// Builds a Rust program over the crate that the recipe `name` wraps. In it, `register` adds the crate's
/// functions to `ctx`.
fn native(name: &str, dependency: &str, register: &str) -> PathBuf {
    let program = format!("{name}-native");
    let folder = scratch(&program);
    let version = &Recipe::new(name).table("dependencies")[dependency];
    let manifest = format!(
        "[package]\nname = \"{program}\"\nedition = \"2024\"\n\n[dependencies]\n\
         datafusion = {{ version = \"55\", default-features = false, features = [\"sql\"] }}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\n\
         {dependency} = {version}\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(folder.join("src")).unwrap();
    let main = read(root().join("xtask/tests/gallery/native.rs"));
    let main = format!("{main}\nfn register(ctx: &SessionContext) {{\n    {register};\n}}\n");
    fs::write(folder.join("src/main.rs"), main).unwrap();
    cargo(&folder).args(["build", "--quiet"]).succeed();
    built_program(&program)
}

#[test]
#[ignore = "builds a project with a client: nightly"]
fn http_api() {
    make("http-api");
}

#[test]
#[ignore = "builds all of DataFusion: nightly"]
fn json() {
    make("json");
}

#[test]
#[ignore = "builds all of DataFusion, twice: nightly"]
fn geometry() {
    let environment = make("geometry");
    let native = native("geometry", "geodatafusion", "geodatafusion::register(ctx)");
    let script = root().join("xtask/tests/gallery/geometry.py");
    let said = environment.python().arg(script).arg(native).succeed();
    println!("{said}");
    let [equal, all] = [0, 2].map(|word| said.split(' ').nth(word));
    assert!(
        equal == all && said.ends_with(" of them answered\n"),
        "{said}"
    );
}

/// What the nightly run says when a crate of a recipe no longer fits.
#[test]
#[ignore = "downloads another DataFusion: nightly"]
fn a_crate_for_another_major_is_named() {
    let folder = scratch("gallery other major");
    generate(&folder, "other-ext").succeed();
    let project = folder.join("other-ext");
    assert_eq!(resolves(&project), Ok(()));
    let mut add = cargo(&project);
    add.args(["add", "--quiet", "geodatafusion@0.5"]).succeed();
    let problem = resolves(&project).unwrap_err();
    assert!(
        problem.starts_with("it brings two: datafusion-common v54."),
        "{problem}"
    );
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
            if owners {
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
