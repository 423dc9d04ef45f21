//! Every answer renders into a project whose files parse, are formatted, and hold nothing of the
//! template.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use regex::Regex;
use xtask::root;

use crate::project::CLIPPY;
use crate::tools::{
    Run, assert_same, cargo, check_formatted, choose, copy_template, extension_points, files,
    generate, majors, read, read_toml, scratch,
};

const LICENSES: [&str; 3] = ["Apache-2.0", "MIT", "MIT OR Apache-2.0"];
const CIS: [&str; 4] = ["github", "gitlab", "both", "none"];
const REPOSITORIES: [&str; 4] = [
    "",
    "https://example.com/me/my-ext",
    "https://github.com/me/my-ext",
    "https://gitlab.com/me/my-ext",
];
/// The newest major, and all.
static MAJORS: LazyLock<[String; 2]> =
    LazyLock::new(|| [majors().pop().unwrap(), majors().join(",")]);
const DESCRIPTIONS: [&str; 2] = [
    "An extension of Apache DataFusion",
    "Zähler's & Co: <fast> #1",
];

#[derive(Debug)]
struct Answers {
    license: &'static str,
    ci: &'static str,
    repository: &'static str,
    description: &'static str,
    datafusion: &'static str,
    spark: bool,
    points: Vec<String>,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            license: LICENSES[0],
            ci: CIS[0],
            repository: REPOSITORIES[0],
            description: DESCRIPTIONS[0],
            datafusion: &MAJORS[0],
            spark: false,
            points: vec![],
        }
    }
}

impl Answers {
    fn texts(&self) -> [(&'static str, &'static str); 4] {
        [
            ("license", self.license),
            ("ci", self.ci),
            ("repository", self.repository),
            ("description", self.description),
        ]
    }

    /// The arguments that give these answers.
    fn define(&self) -> Vec<String> {
        let mut arguments = choose(&self.points);
        arguments.extend(define(&self.texts()));
        arguments.extend(define(&[("datafusion", self.datafusion)]));
        arguments.extend(define(&[("spark", &self.spark.to_string())]));
        arguments
    }
}

/// The arguments that give `answers`.
fn define(answers: &[(&str, &str)]) -> Vec<String> {
    answers
        .iter()
        .flat_map(|(key, value)| ["-d".to_owned(), format!("{key}={value}")])
        .collect()
}

/// Answers in which every two values of different questions occur together; of each extension
/// point, whether it is chosen is a question of its own.
fn pairwise() -> Vec<Answers> {
    let points = extension_points();
    let mut levels = vec![
        LICENSES.len(),
        CIS.len(),
        REPOSITORIES.len(),
        DESCRIPTIONS.len(),
        MAJORS.len(),
        2,
    ];
    levels.extend(points.iter().map(|_| 2));
    covering_rows(&levels)
        .into_iter()
        .map(|row| {
            let chosen = points.iter().zip(&row[6..]).filter(|(_, yes)| **yes == 1);
            Answers {
                license: LICENSES[row[0]],
                ci: CIS[row[1]],
                repository: REPOSITORIES[row[2]],
                description: DESCRIPTIONS[row[3]],
                datafusion: &MAJORS[row[4]],
                spark: row[5] == 1,
                points: chosen.map(|(point, _)| point.clone()).collect(),
            }
        })
        .collect()
}

/// Rows of one value for each of the questions, of which the i-th has `levels[i]`; greedily few.
fn covering_rows(levels: &[usize]) -> Vec<Vec<usize>> {
    let pair = |a: (usize, usize), b: (usize, usize)| (a.min(b), a.max(b));
    let values = |question: usize| (0..levels[question]).map(move |value| (question, value));
    let questions = 0..levels.len();
    let mut missing: BTreeSet<_> = questions
        .clone()
        .flat_map(|a| questions.clone().skip(a + 1).map(move |b| (a, b)))
        .flat_map(|(a, b)| values(a).flat_map(move |x| values(b).map(move |y| (x, y))))
        .collect();
    let mut rows = vec![];
    while let Some(&(first, second)) = missing.first() {
        let mut row = vec![first, second];
        for question in questions.clone() {
            if question != first.0 && question != second.0 {
                let covered = |&value: &(usize, usize)| {
                    let pairs = row.iter().map(|&other| pair(value, other));
                    pairs.filter(|pair| missing.contains(pair)).count()
                };
                let best = values(question).max_by_key(covered).unwrap();
                row.push(best);
            }
        }
        row.sort_unstable();
        missing.retain(|(a, b)| !(row.contains(a) && row.contains(b)));
        rows.push(row.into_iter().map(|(_, value)| value).collect());
    }
    rows
}

#[test]
fn every_pair_of_answers() {
    let folder = scratch("every pair of answers");
    for (i, answers) in pairwise().iter().enumerate() {
        check_answers(&folder, &format!("pair-{i}"), answers);
    }
}

/// Each extension point by itself, with what it needs.
#[test]
fn every_extension_point() {
    let points = extension_points().into_iter();
    check_points("every extension point", points.map(|point| vec![point]));
}

#[test]
#[ignore = "takes ten minutes"]
fn all_extension_points_but_one() {
    let points = extension_points();
    let all_but_one = points.iter().map(|left_out| {
        let others = points.iter().filter(|point| *point != left_out);
        others.cloned().collect()
    });
    check_points("all but one", all_but_one);
}

/// The points that no other one needs.
pub fn stand_alone(needs: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let points = extension_points().into_iter();
    let alone = points.filter(|point| {
        let mut others = needs.iter().filter(|(other, _)| *other != point);
        !others.any(|(_, needed)| needed.contains(point))
    });
    alone.collect()
}

/// The points whose code differs between the majors.
pub const DIFFERS: [&str; 10] = [
    "table_provider_factory",
    "aggregate_udf",
    "physical_optimizer_rule",
    "physical_extension_codec",
    "query_planner",
    "session_extension",
    "existing_table_provider",
    "existing_catalog_provider",
    "listing_table",
    "function_library",
];

/// Clippy has nothing to say about projects with these selections.
fn check_points(test: &str, selections: impl Iterator<Item = Vec<String>>) {
    let folder = scratch(test);
    // What one needs is put back, which may make two selections the same.
    let needs = needs(&folder);
    let mut seen = BTreeSet::new();
    for (i, points) in selections.enumerate() {
        if seen.insert(with_needs(&points, &needs)) {
            let differs = points.iter().any(|point| DIFFERS.contains(&point.as_str()));
            let answers = Answers {
                points,
                datafusion: &MAJORS[usize::from(differs)],
                ..Answers::default()
            };
            let name = format!("points-{i}");
            check_answers(&folder, &name, &answers);
            let project = folder.join(name);
            share_machinery(&project, &folder.join("points-0/pyo3-datafusion"));
            cargo(&project).args(CLIPPY).succeed();
        }
    }
}

/// Lets a project use another one's machinery, so that many projects compile it once.
fn share_machinery(project: &Path, machinery: &Path) {
    let path = Regex::new(r#"path = "(?:\.\./)*pyo3-datafusion"#).unwrap();
    for manifest in files(project) {
        if manifest.ends_with("Cargo.toml") && !manifest.starts_with("pyo3-datafusion") {
            let manifest = project.join(manifest);
            let shared = format!("path = \"{}", machinery.display());
            fs::write(&manifest, path.replace(&read(&manifest), &shared).as_ref()).unwrap();
        }
    }
}

/// For each extension point, what a project has for which it alone was chosen.
pub fn needs(folder: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let points = extension_points().into_iter();
    points
        .map(|point| {
            let chosen = choose(std::slice::from_ref(&point));
            generate(folder, "needs").args(chosen).succeed();
            let project = folder.join("needs");
            let recorded = recorded_points(&project);
            fs::remove_dir_all(project).unwrap();
            (point, recorded)
        })
        .collect()
}

fn with_needs(points: &[String], needs: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    points
        .iter()
        .flat_map(|point| needs[point].clone())
        .collect()
}

fn recorded_points(project: &Path) -> BTreeSet<String> {
    let answers = read_toml(project.join(".template-answers.toml"));
    let points = answers["values"]["extension_points"].as_array().unwrap();
    points
        .iter()
        .map(|point| point.as_str().unwrap().to_owned())
        .collect()
}

/// Generates a project, and looks at it in every way that needs no wheel.
fn check_answers(folder: &Path, name: &str, answers: &Answers) {
    println!("{answers:?}");
    generate(folder, name).args(answers.define()).succeed();
    let project = folder.join(name);
    check_manifests(&project, answers);
    check_files(&project, answers);
    check_nothing_left(&project);
    check_parses(&project);
    check_formatted(&project);
    check_reproducible(&project, name);
}

/// Every selection of extension points there is. It renders thousands of projects, which takes
/// half an hour, and is for the nightly run: `cargo test -- --ignored --nocapture`.
#[test]
#[ignore = "takes half an hour"]
fn every_selection() {
    let folder = scratch("every selection");
    let points = extension_points();
    let needs = needs(&folder);
    let mut selections = BTreeSet::new();
    for bits in 1..1_u32 << points.len() {
        let chosen = (0..points.len()).filter(|i| bits & (1 << i) != 0);
        let chosen: Vec<_> = chosen.map(|i| points[i].clone()).collect();
        selections.insert(with_needs(&chosen, &needs));
    }
    println!(
        "{} selections make {} projects",
        (1 << points.len()) - 1,
        selections.len()
    );
    for (i, selection) in selections.iter().enumerate() {
        if i % 100 == 0 {
            println!("{i}");
        }
        let chosen: Vec<_> = selection.iter().cloned().collect();
        generate(&folder, "any").args(choose(&chosen)).succeed();
        let project = folder.join("any");
        assert_eq!(&recorded_points(&project), selection);
        for point in &points {
            let chosen = selection.contains(point);
            assert_eq!(project.join(format!("src/{point}.rs")).exists(), chosen);
        }
        check_nothing_left(&project);
        check_parses(&project);
        check_formatted(&project);
        fs::remove_dir_all(project).unwrap();
    }
}

fn check_manifests(project: &Path, answers: &Answers) {
    let cargo = read_toml(project.join("Cargo.toml"));
    let pyproject = read_toml(project.join("pyproject.toml"));
    let (package, metadata) = (&cargo["package"], &pyproject["project"]);
    for key in ["name", "description", "license"] {
        assert_eq!(package[key], metadata[key]);
    }
    assert_eq!(package["description"].as_str(), Some(answers.description));
    assert_eq!(package["license"].as_str(), Some(answers.license));
    let repository = package.get("repository").and_then(toml::Value::as_str);
    let url = metadata
        .get("urls")
        .and_then(|urls| urls["Repository"].as_str());
    assert_eq!(repository.unwrap_or_default(), answers.repository);
    assert_eq!(url, repository);

    let recorded = &read_toml(project.join(".template-answers.toml"))["values"];
    assert_eq!(recorded["spark"].as_bool(), Some(answers.spark));
    for (key, value) in answers.texts() {
        assert_eq!(recorded[key].as_str(), Some(value));
    }
    let majors: Vec<_> = answers.datafusion.split(',').collect();
    let recorded_majors = recorded["datafusion"].as_array().unwrap().iter();
    let recorded_majors: Vec<_> = recorded_majors.filter_map(toml::Value::as_str).collect();
    assert_eq!(recorded_majors, majors);
    let [.., newest] = majors[..] else { panic!() };
    let next = newest.parse::<u32>().unwrap() + 1;
    let pins = format!("datafusion>={},<{next}", majors[0]);
    assert_eq!(metadata["dependencies"][0].as_str(), Some(&*pins));
    let older = majors[..majors.len() - 1].iter();
    let manifests: Vec<_> = older
        .map(|major| format!("majors/{major}/Cargo.toml"))
        .collect();
    let majors_found: Vec<_> = files(project)
        .into_iter()
        .filter(|path| path.starts_with("majors"))
        .map(|path| path.display().to_string())
        .collect();
    assert_eq!(majors_found, manifests);
    let recorded = recorded_points(project);
    assert!(answers.points.iter().all(|point| recorded.contains(point)));
    for point in extension_points() {
        for path in [format!("src/{point}.rs"), format!("tests/test_{point}.py")] {
            assert_eq!(
                project.join(&path).exists(),
                recorded.contains(&point),
                "{path}"
            );
        }
    }
    let codec = "physical_extension_codec";
    assert!(!answers.spark || recorded.contains(codec));
    let library = recorded.contains("function_library");
    for (module, chosen) in [
        ("functions.py", library),
        ("functions.pyi", library),
        ("spark.py", answers.spark),
        ("test_spark.py", answers.spark),
        ("several_machines.py", recorded.contains(codec)),
    ] {
        let machinery = "pyo3-datafusion";
        let mut python = files(project).into_iter();
        let found = python.any(|path| path.ends_with(module) && !path.starts_with(machinery));
        assert_eq!(found, chosen, "{module}");
    }
}

fn check_files(project: &Path, answers: &Answers) {
    let (license, ci) = (answers.license, answers.ci);
    let has = |path: &str| project.join(path).exists();
    assert_eq!(has("LICENSE"), license != "MIT OR Apache-2.0");
    assert_eq!(has("LICENSE-MIT"), license == "MIT OR Apache-2.0");
    assert_eq!(has("LICENSE-APACHE"), license == "MIT OR Apache-2.0");
    for leftover in [
        "hooks",
        "template",
        "ci-template",
        "cargo-generate.toml",
        "xtask",
        "docs/index.md",
    ] {
        assert!(!has(leftover), "{leftover}");
    }
    // Just the files of that CI, byte for byte.
    let services = [
        ("github", ".github", ["github", "both"].contains(&ci)),
        ("gitlab", ".", ["gitlab", "both"].contains(&ci)),
    ];
    assert_eq!(has(".github"), services[0].2);
    assert_eq!(has(".gitlab-ci.yml"), services[1].2);
    for (service, folder, chosen) in services {
        let ours = root().join("ci-template").join(service);
        let theirs = project.join(folder);
        for path in files(&ours).into_iter().filter(|_| chosen) {
            let same = fs::read(ours.join(&path)).unwrap() == fs::read(theirs.join(&path)).unwrap();
            assert!(same, "{}", path.display());
        }
        if chosen && service == "github" {
            assert_eq!(files(&theirs), files(&ours));
        }
    }
    check_texts(project, answers);
}

/// What the pages say fits the CI and the repository.
fn check_texts(project: &Path, answers: &Answers) {
    let readme = read(project.join("README.md"));
    let publishing = read(project.join("docs/publishing.md"));
    let has = |service: &str| [service, "both"].contains(&answers.ci);
    for (service, host, badge) in [
        (
            "github",
            "https://github.com/",
            "actions/workflows/ci.yml/badge.svg",
        ),
        ("gitlab", "https://gitlab.com/", "badges/main/pipeline.svg"),
    ] {
        let shown = has(service) && answers.repository.starts_with(host);
        let badge = format!("{}/{badge}", answers.repository);
        assert_eq!(readme.contains(&badge), shown, "{badge}");
        let file = ["release.yml", ".gitlab-ci.yml"][usize::from(service == "gitlab")];
        assert_eq!(
            publishing.contains(&format!("`{file}`")),
            has(service),
            "{file}"
        );
    }
    assert_eq!(publishing.contains("No CI publishes"), answers.ci == "none");
    let guide = read(project.join("AGENTS.md"));
    assert_eq!(guide.contains("A tag publishes"), answers.ci != "none");
}

/// No Liquid, and no blank where a variable was misspelt.
fn check_nothing_left(project: &Path) {
    for path in files(project) {
        assert!(!path.to_string_lossy().contains('{'), "{}", path.display());
        // Copied as they are.
        if path.starts_with(".github") || path.starts_with("pyo3-datafusion") {
            continue;
        }
        let text = read(project.join(&path));
        for leftover in ["{{", "}}", "{%", "%}", "cargo xtask"] {
            assert!(!text.contains(leftover), "{leftover} in {}", path.display());
        }
        assert!(
            text.is_empty() || text.ends_with('\n'),
            "{}",
            path.display()
        );
        assert!(
            !text.contains("\n\n\n\n"),
            "blank lines in {}",
            path.display()
        );
    }
}

/// rustc, Cargo and Python would read every file.
fn check_parses(project: &Path) {
    for path in files(project) {
        let text = read(project.join(&path));
        let problem = match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => syn::parse_file(&text).err().map(|error| error.to_string()),
            Some("toml") => text
                .parse::<toml::Table>()
                .err()
                .map(|error| error.to_string()),
            // ruff reads Python, in `check_formatted`.
            _ => None,
        };
        assert_eq!(problem, None, "{}", path.display());
    }
}

/// The recorded answers give the same project again.
fn check_reproducible(project: &Path, name: &str) {
    let again = scratch(&format!("{name}, again"));
    generate(&again, name)
        .arg("--values-file")
        .arg(project.join(".template-answers.toml"))
        .succeed();
    assert_same(project, &again.join(name));
}

/// Liquid renders an unknown variable as nothing, takes an unknown condition for true, and says
/// nothing.
#[test]
fn every_variable_is_declared() {
    let config = read_toml(root().join("cargo-generate.toml"));
    let mut declared: BTreeSet<_> = [
        "project-name",
        "crate_name",
        "author_name",
        "author_email",
        "minor",
        "classes",
        "class",
        "instances",
        "functions",
        "tables",
        "providers",
        "major",
        "older_datafusion",
        "older_csv",
        "manifest",
        "later_datafusion",
        "oldest_datafusion",
        "newest_datafusion",
        "next_datafusion",
        "datafusion_range",
        "first_build",
        "datafusion_crates",
        "arrow",
        "machinery",
        "features",
        "crates_of_datafusion",
        "crate",
        "uses_arrow",
        "uses_async_trait",
        "uses_futures",
        "uses_prost",
        "uses_tokio",
        "kinds_of_functions",
        "modules",
        "module",
        "module_classes",
        "codecs",
        "functions_of_codecs",
        "components",
        "component",
        "push",
        "rust_exports",
        "path",
        "before_55",
        "since_55",
        "across_55",
        "all_classes",
        "newer_classes",
        "newer_since",
        "template_repository",
    ]
    .map(str::to_owned)
    .into();
    declared.extend(config["placeholders"].as_table().unwrap().keys().cloned());
    declared.extend(extension_points());
    for major in crate::tools::majors() {
        declared.insert(format!("datafusion_crates_{major}"));
        declared.insert(format!("arrow_{major}"));
        declared.insert(format!("later_than_{major}"));
    }
    let versions = read(root().join("hooks/versions.rhai"));
    declared.extend(versions.lines().filter_map(|line| {
        let (name, _) = line.trim().split_once(": ")?;
        (!name.contains(' ')).then(|| name.to_owned())
    }));
    const KEYWORDS: [&str; 15] = [
        "unless",
        "endunless",
        "if",
        "elsif",
        "else",
        "endif",
        "for",
        "in",
        "endfor",
        "and",
        "or",
        "contains",
        "==",
        "!=",
        "empty",
    ];

    let template = root().join("template");
    let mut used = 0;
    let of_template = files(&template).into_iter();
    // The machinery is copied as it is.
    for path in of_template.filter(|path| !path.starts_with("pyo3-datafusion")) {
        let text = format!("{}{}", read(template.join(&path)), path.display());
        let values = text.split("{{").skip(1).map(|tag| {
            let (expression, _) = tag.split_once("}}").unwrap();
            expression.split('|').next().unwrap()
        });
        let tags = text.split("{%").skip(1).map(|tag| {
            let (tag, _) = tag.split_once("%}").unwrap();
            tag.trim_matches('-')
        });
        let words = values.chain(tags).flat_map(str::split_whitespace);
        for word in words.filter(|word| !KEYWORDS.contains(word) && !word.starts_with('"')) {
            assert!(declared.contains(word), "{word} in {}", path.display());
            used += 1;
        }
    }
    assert!(used > 100);
}

#[test]
fn answers_that_are_not_taken_are_named() {
    let folder = scratch("bad answers");
    for (key, value, rule) in [
        ("license", "GPL-3.0", "License: "),
        ("ci", "jenkins", "CI: "),
        ("spark", "maybe", "Spark: "),
        ("extension_points", "udf", "Extension points: "),
        (
            "description",
            "with \"quotes\"",
            "Description: one line of 1 to 200 characters",
        ),
        (
            "description",
            "",
            "Description: one line of 1 to 200 characters",
        ),
        (
            "repository",
            "example.com",
            "Repository: its https:// address",
        ),
        (
            "repository",
            "https://example.com/",
            "Repository: its https:// address",
        ),
    ] {
        let error = generate(&folder, "my-ext")
            .args(define(&[(key, value)]))
            .fail();
        assert!(
            error.contains(&format!(
                "error: \"{value}\" is not a valid value for {key}. {rule}"
            )),
            "{error}"
        );
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }
}

/// What is printed last can be typed as it is.
#[test]
fn the_next_step_leads_to_the_project() {
    let folder = scratch("next step");
    let here = folder.join("here");
    fs::create_dir(&here).unwrap();
    let said = generate(Path::new(".."), "my-ext")
        .current_dir(&here)
        .succeed();
    assert!(said.contains("    cd ../my-ext && uv run "), "{said}");
    let last = said.lines().find(|line| line.starts_with('/'));
    assert_eq!(last, folder.join("my-ext").to_str());
}

/// Of the metadata and of SECURITY.md.
#[test]
fn the_author_is_asked_or_of_git() {
    let folder = scratch("author");
    let author = |name: &str, answers: &[&str], who: [&str; 2]| {
        let mut generate = generate(&folder, name);
        // As in a container.
        generate.env_remove("USER").env_remove("USERNAME");
        generate.env("GIT_CONFIG_GLOBAL", folder.join("config"));
        match who {
            ["", ""] => generate
                .env_remove("GIT_AUTHOR_NAME")
                .env_remove("GIT_AUTHOR_EMAIL"),
            [name, email] => generate
                .env("GIT_AUTHOR_NAME", name)
                .env("GIT_AUTHOR_EMAIL", email),
        };
        generate.args(answers).succeed();
        let project = folder.join(name);
        let metadata = read_toml(project.join("pyproject.toml"));
        let authors = metadata["project"].get("authors");
        let recorded = read_toml(project.join(".template-answers.toml"));
        let recorded = recorded["values"]["author"].as_str().unwrap().to_owned();
        let security = read(project.join("SECURITY.md"));
        (authors.map(ToString::to_string), recorded, security)
    };
    let you = "{ name = \"Your Name\", email = \"you@example.com\" }";
    let you = (Some(format!("[{you}]")), "Your Name <you@example.com>");
    let asked = ["-d", "author=Your Name <you@example.com>"];
    let bob = ["Bob", "bob@example.com"];
    let by_mail = "by mail to <you@example.com>";

    let (authors, recorded, security) = author("asked-ext", &asked, bob);
    assert_eq!((authors, &*recorded), you);
    assert!(security.contains(by_mail), "{security}");
    let (authors, recorded, _) = author("git-ext", &[], ["Your Name", "you@example.com"]);
    assert_eq!((authors, &*recorded), you);
    // A name that TOML would not take.
    let (authors, ..) = author("quoted-ext", &[], ["You \"the\"", "you@example.com"]);
    assert_eq!(authors, None);
    fs::write(folder.join("config"), "").unwrap();
    let (authors, recorded, security) = author("nobody-ext", &[], ["", ""]);
    assert_eq!((authors, &*recorded), (None, ""));
    assert!(security.contains("has to say here where"), "{security}");
    let config = "[user]\nname = Your Name\nemail = you@example.com\n";
    fs::write(folder.join("config"), config).unwrap();
    let (authors, recorded, _) = author("config-ext", &[], ["", ""]);
    assert_eq!((authors, &*recorded), you);
    let wrong = generate(&folder, "wrong-ext")
        .args(["-d", "author=Ada"])
        .fail();
    assert!(
        wrong.contains("Author: as in Your Name <you@example.com>"),
        "{wrong}"
    );
}

#[test]
fn what_is_missing_is_named() {
    let folder = scratch("missing");
    let said = generate(&folder.join("nowhere"), "my-ext").fail();
    assert!(
        said.contains("nowhere: make it, or choose another --destination"),
        "{said}"
    );
    let said = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["generate", "--silent"])
        .current_dir(&folder)
        .fail();
    assert!(
        said.contains("--silent needs a name: add --name my-ext"),
        "{said}"
    );
    let said = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["generate", "--name", "my-ext"])
        .stdin(std::process::Stdio::null())
        .current_dir(&folder)
        .fail();
    assert!(
        said.contains("error: there is no terminal to ask in: add --silent"),
        "{said}"
    );
    let said = generate(&folder, "my-ext")
        .arg("--path")
        .arg(&folder)
        .fail();
    assert!(said.contains("is not a copy of the template"), "{said}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

/// cargo-generate takes an answer to no question without a word, and a list without its rule.
#[test]
fn answers_that_have_no_effect_are_named() {
    let folder = scratch("no effect");
    let values = folder.join("answers.toml");
    fs::write(&values, "license = MIT\n").unwrap();
    let file = values.to_str().unwrap();
    for (arguments, sentence) in [
        (
            ["-d", "licenses=MIT"],
            "error: -d licenses=MIT answers no question: the questions are description, license, ",
        ),
        (
            ["-d", "license"],
            "error: -d license has no value: type KEY=VALUE, such as -d license=MIT",
        ),
        (
            ["-d", "description=two\nlines"],
            "error: the answer to description has a line break: type it on one line",
        ),
        (
            ["-d", "extension_points=a,b"],
            "any of table_provider, insert, ",
        ),
        (
            ["--values-file", file],
            "has to be TOML with a table [values]",
        ),
        (
            ["--values-file", "nowhere.toml"],
            "error: the values file nowhere.toml cannot be read",
        ),
    ] {
        let said = generate(&folder, "my-ext").args(arguments).fail();
        assert!(said.contains(sentence), "{said}");
        assert_eq!(said.matches("error: ").count(), 1, "{said}");
        assert!(!folder.join("my-ext").exists());
    }
}

/// Such as cargo-generate leaves it where somebody presses Ctrl-C.
#[test]
fn an_empty_folder_is_taken_and_no_other() {
    let folder = scratch("folders that are there");
    fs::create_dir(folder.join("my-ext")).unwrap();
    generate(&folder, "my-ext").succeed();
    let said = generate(&folder, "my-ext").fail();
    let sentence = "has a file or folder of that name already: remove it, or choose another --name";
    assert!(said.contains(sentence), "{said}");
    // A name that is no name of a folder takes none away.
    let empty = folder.join("empty");
    fs::create_dir(&empty).unwrap();
    for name in ["", ".", "../empty"] {
        generate(&empty, name).fail();
        assert!(empty.exists(), "{name}");
    }
    let said = generate(&folder.join("my-ext"), "my-ext")
        .arg("--init")
        .fail();
    assert!(
        said.contains("has a project already: take an empty folder for --init"),
        "{said}"
    );
}

/// Only where there is something to say, and the path of the project stays the last line.
#[test]
fn a_place_that_has_consequences_is_noted() {
    let folder = scratch("places");
    let quiet =
        |said: &std::process::Output| !String::from_utf8_lossy(&said.stderr).contains("note: ");
    let said = generate(&folder, "my-ext")
        .env_remove("CARGO_TARGET_DIR")
        .finish();
    assert!(quiet(&said));

    let repository = folder.join("repository");
    fs::create_dir(&repository).unwrap();
    crate::tools::git(&repository, &["init", "--quiet"]);
    fs::write(
        repository.join("Cargo.toml"),
        "[workspace]\nresolver = \"3\"\nmembers = []\n",
    )
    .unwrap();
    let said = generate(&repository, "my-ext")
        .env("CARGO_TARGET_DIR", folder.join("shared"))
        .finish();
    let notes = String::from_utf8(said.stderr).unwrap();
    for note in [
        "note: the project is inside of the git repository ",
        "note: the project is inside of the Cargo workspace ",
        "note: CARGO_TARGET_DIR is ",
    ] {
        assert!(notes.contains(note), "{notes}");
    }
    let project = repository.join("my-ext");
    let printed = String::from_utf8(said.stdout).unwrap();
    assert_eq!(printed.lines().last(), project.to_str());
}

#[test]
fn no_extension_point_is_the_default_one() {
    let folder = scratch("no extension point");
    generate(&folder, "my-ext")
        .args(define(&[("extension_points", "")]))
        .succeed();
    assert!(folder.join("my-ext/src/table_provider.rs").exists());
}

#[test]
fn nothing_outside_of_the_project_is_written() {
    let folder = scratch("outside");
    let home = scratch("outside, home");
    // A workspace around it must stay as it is.
    let manifest = "[workspace]\nresolver = \"3\"\nmembers = []\n";
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let git_config = "[user]\n\tname = nobody\n";
    fs::write(home.join(".gitconfig"), git_config).unwrap();
    let generate = |name: &str| {
        let mut command = generate(&folder, name);
        command.env("HOME", &home).env("XDG_CONFIG_HOME", &home);
        command
    };
    generate("my-ext").succeed();
    generate("class").fail();
    let left: Vec<_> = fs::read_dir(&home)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, [".gitconfig"]);
    assert_eq!(read(home.join(".gitconfig")), git_config);
    assert_eq!(read(folder.join("Cargo.toml")), manifest);
    let entries = fs::read_dir(&folder).unwrap().count();
    assert_eq!(entries, 2);
}

#[test]
fn rendered_files_are_up_to_date() {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["render", "--check"])
        .succeed();
}

/// In a copy of the template whose table has another version.
#[test]
fn drift_is_shown_and_mended() {
    let folder = scratch("drift");
    copy_template(&folder);
    let table = folder.join("versions.toml");
    let other = read(&table).replace("\"3.12\"", "\"3.11\"");
    fs::write(&table, other).unwrap();
    let render = || {
        let mut render = Command::new(env!("CARGO_BIN_EXE_xtask"));
        render.arg("render").arg("--path").arg(&folder);
        render
    };
    let hook = read(folder.join("hooks/versions.rhai"));
    let said = render().arg("--check").fail();
    assert!(
        said.contains("--- hooks/versions.rhai\n+++ rendered\n"),
        "{said}"
    );
    assert!(said.contains("\n-    usual_python: \"3.12\""), "{said}");
    assert!(said.contains("\n+    usual_python: \"3.11\""), "{said}");
    assert!(said.ends_with("error: rendered files are out of date: run `cargo xtask render`\n"));
    assert_eq!(read(folder.join("hooks/versions.rhai")), hook);

    let said = render().succeed();
    assert!(said.contains("wrote hooks/versions.rhai\n"), "{said}");
    assert_eq!(render().arg("--check").succeed(), "");
}

/// A variable that is not in the table is an error that says where it stands, and nothing is
/// written.
#[test]
fn unknown_variables_are_not_rendered() {
    let folder = scratch("unknown variable");
    copy_template(&folder);
    let source = folder.join("ci-template/templates/hooks/versions.rhai");
    let text = read(&source);
    fs::write(&source, format!("{text}// <{{ python.oldest }}>\n")).unwrap();
    // This would change files that are rendered before that one.
    let table = folder.join("versions.toml");
    fs::write(&table, read(&table).replace("@", "@0")).unwrap();
    let before = read(folder.join(".github/workflows/ci.yml"));
    let said = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("render")
        .arg("--path")
        .arg(&folder)
        .fail();
    let place = format!("hooks/versions.rhai:{}:14", text.lines().count() + 1);
    assert!(said.contains(&place), "{said}");
    assert!(said.contains("`oldest` is not defined"), "{said}");
    assert_eq!(read(folder.join(".github/workflows/ci.yml")), before);
}

/// If this fails, look at the difference, and run `cargo xtask golden`.
#[test]
fn projects_look_as_they_did() {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["golden", "--check"])
        .succeed();
}

/// A dry run lists the files that are made without it, and makes none.
#[test]
fn a_dry_run_makes_nothing() {
    let folder = scratch("dry run");
    let generate = || {
        let mut generate = generate(&folder, "dry-ext");
        generate.args(["-d", "extension_points=query_planner"]);
        generate
    };
    let said = generate().arg("--dry-run").succeed();
    assert!(files(&folder).is_empty());
    let adds = "Adding physical_extension_codec, which others of your extension points need.";
    assert!(said.contains(adds), "{said}");
    assert!(
        said.contains("This was a dry run: nothing was made."),
        "{said}"
    );
    assert!(!said.contains("What to do next"), "{said}");
    generate().succeed();
    let project = folder.join("dry-ext");
    assert!(said.contains(&format!("These files would be in {}:", project.display())));
    let listed = said.lines().filter_map(|line| line.split_once(" lines  "));
    let listed: BTreeSet<_> = listed.map(|(_, file)| file.to_owned()).collect();
    let made = files(&project).into_iter();
    let (machinery, own): (Vec<_>, Vec<_>) =
        made.partition(|file| file.starts_with("pyo3-datafusion"));
    assert!(own.iter().map(|file| file.display().to_string()).eq(listed));
    assert!(said.contains(&format!("{} files  pyo3-datafusion\n", machinery.len())));
    let said = generate().arg("--dry-run").fail();
    assert!(said.contains("choose another --name"), "{said}");
}
