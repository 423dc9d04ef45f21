//! The pages of `docs/`, but for what they tell readers to run: the site is whole, and the reference
//! leaves nothing out.

use regex::Regex;
use xtask::root;

use crate::tools::{
    Run, choose, every_major, extension_points, files, generate, read, read_toml, scratch, tool,
};

fn reference(name: &str) -> String {
    read(root().join("docs/reference").join(name))
}

/// Every link and every anchor leads somewhere, and a reader's browser asks nobody else for anything.
#[test]
fn site_is_whole() {
    let site = scratch("site");
    tool("sphinx-build")
        .args(["-q", "-W", "--keep-going", "-b", "html"])
        .arg(root().join("docs"))
        .arg(&site)
        .succeed();
    let loads = Regex::new(
        r#"(?:\bsrc=["']?|<link [^>]*href=["']?|url\(["']?|@import ["']?)(?:https?:)?//"#,
    )
    .unwrap();
    let mut pages = 0;
    for file in files(&site) {
        let extension = file.extension().unwrap_or_default().to_string_lossy();
        if ["html", "css"].contains(&&*extension) {
            let text = read(site.join(&file));
            let found = loads.find(&text).map(|found| found.as_str());
            assert_eq!(found, None, "{}", file.display());
            pages += 1;
        }
    }
    assert!(pages > 40, "{pages}");
}

#[test]
fn all_files_are_described() {
    let page = reference("files.md");
    let folder = scratch("all files");
    let answers = [
        (
            "both",
            "MIT OR Apache-2.0",
            extension_points(),
            every_major(),
        ),
        ("none", "MIT", vec!["scalar_udf".to_owned()], vec![]),
    ];
    for (ci, license, points, majors) in answers {
        let name = format!("{ci}-ext");
        generate(&folder, &name)
            .args(choose(&points))
            .args(majors)
            .args([
                "-d",
                &format!("ci={ci}"),
                "-d",
                &format!("license={license}"),
                "-d",
                "spark=true",
            ])
            .succeed();
        for file in files(&folder.join(&name)) {
            let file = file.to_string_lossy().replace('\\', "/");
            let file = file.replace(&name.replace('-', "_"), "PACKAGE");
            // This crate describes itself.
            let file = match file.split_once('/') {
                Some((folder @ "pyo3-datafusion", _)) => format!("{folder}/"),
                _ => file,
            };
            assert!(page.contains(&format!("| `{file}` |")), "{file}");
        }
    }
}

#[test]
fn all_answers_are_described() {
    let page = reference("answers.md");
    let config = read_toml(root().join("cargo-generate.toml"));
    for (name, question) in config["placeholders"].as_table().unwrap() {
        let choices = question
            .get("choices")
            .and_then(|choices| choices.as_array());
        let choices = choices
            .into_iter()
            .flatten()
            .filter_map(|choice| choice.as_str());
        for word in choices.chain([name.as_str()]) {
            assert!(page.contains(&format!("`{word}`")), "{word}");
        }
    }
}

/// Each item of the checklist names tests, and all of them are there.
#[test]
fn the_checklist_names_tests() {
    let items: Vec<_> = reference("author-checklist.md")
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| item "))
        .map(str::to_owned)
        .collect();
    assert!(items.len() > 20, "{items:?}");
    for item in items {
        let (_, tests) = item.trim_end_matches(" |").rsplit_once(" | ").unwrap();
        let tests: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "{item}");
        for test in tests {
            let (file, name) = test.split_once("::").unwrap();
            let (path, function) =
                if file.starts_with("tests/") || file.starts_with("pyo3-datafusion/") {
                    (format!("template/{file}"), format!("\ndef {name}("))
                } else if file.starts_with("xtask/") {
                    (file.to_owned(), format!("\ndef {name}("))
                } else {
                    (format!("xtask/tests/it/{file}.rs"), format!("\nfn {name}("))
                };
            assert!(read(root().join(path)).contains(&function), "{test}");
        }
    }
}

#[test]
fn all_commands_are_described() {
    let page = reference("commands.md");
    let noxfile = read(root().join("template/noxfile.py"));
    let sessions = Regex::new(r"@nox\.session.*\ndef (\w+)").unwrap();
    for session in sessions.captures_iter(&noxfile) {
        assert!(
            page.contains(&format!("`{}", &session[1])),
            "{}",
            &session[1]
        );
    }
    let xtask = || std::process::Command::new(env!("CARGO_BIN_EXE_xtask"));
    let help = xtask().arg("--help").succeed();
    let commands = Regex::new(r"(?m)^  ([a-z-]+)  +").unwrap();
    let options = Regex::new(r"(?m)^ +(?:-\w, )?(--[a-z-]+)").unwrap();
    for command in commands
        .captures_iter(&help)
        .filter(|command| &command[1] != "help")
    {
        let name = &command[1];
        assert!(page.contains(&format!("`cargo xtask {name}`")), "{name}");
        let help = xtask().args([name, "--help"]).succeed();
        for option in options
            .captures_iter(&help)
            .filter(|option| &option[1] != "--help")
        {
            assert!(page.contains(&option[1]), "{name} {}", &option[1]);
        }
    }
}
