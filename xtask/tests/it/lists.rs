//! Every extension point is in every list.

use std::collections::BTreeSet;
use std::fs;

use xtask::root;

use crate::tools::{
    Run, choose, every_major, extension_points, files, generate, quoted, read, scratch,
};

/// The record of a point in the hook.
fn record(point: &str) -> String {
    let hook = read(root().join("hooks/extension_points.rhai"));
    let (_, record) = hook
        .split_once(&format!("\n    {point}: "))
        .unwrap_or_else(|| panic!("no record of {point} in extension_points.rhai"));
    record.split_once("\n    }").unwrap().0.to_owned()
}

/// The classes that a point adds, by its record.
fn classes(point: &str) -> Vec<String> {
    match record(point).split_once("classes: [") {
        Some((_, classes)) => quoted(classes.split_once(']').unwrap().0).collect(),
        None => vec![],
    }
}

#[test]
fn extension_points_agree() {
    let template = root().join("template");
    let source = |path: &str| read(template.join(path));
    let folder = scratch("lists");
    let answers = [choose(&extension_points()), every_major()].concat();
    generate(&folder, "my-ext").args(answers).succeed();
    let lib = read(folder.join("my-ext/src/lib.rs"));
    // Whatever a class extends.
    let stub = source("python/{{crate_name}}/_internal.pyi").replace("(Table):", ":");
    let register_all = source("python/{{crate_name}}/__init__.py");
    let readme = source("README.md");
    let guide = source("AGENTS.md");
    let pages = root().join("docs/extension-points");
    let index = read(pages.join("README.md"));

    let points = extension_points();
    for point in &points {
        let contains = |text: &str, place: &str, what: String| {
            assert!(text.contains(&what), "{point}: no {what:?} in {place}");
        };
        for path in [format!("src/{point}.rs"), format!("tests/test_{point}.py")] {
            assert!(template.join(&path).exists(), "{path}");
        }
        contains(&lib, "lib.rs", format!("mod {point};"));
        for class in classes(point) {
            contains(&lib, "lib.rs", format!("add_class::<{point}::{class}>"));
            let head = format!("\nclass {class}");
            let defined = stub.contains(&format!("{head}:")) || stub.contains(&format!("{head}("));
            assert!(defined, "{point}: no class {class} in _internal.pyi");
            contains(&index, "docs/extension-points/README.md", class);
        }
        for (text, place) in [
            (&stub, "_internal.pyi"),
            (&readme, "README.md"),
            (&guide, "AGENTS.md"),
        ] {
            contains(text, place, format!("if {point} "));
        }
        contains(
            &index,
            "docs/extension-points/README.md",
            format!("({point}.md)"),
        );
        let page = read(pages.join(format!("{point}.md")));
        contains(&page, "its page", format!("# {point}\n"));
        let tests = source(&format!("tests/test_{point}.py"));
        contains(&tests, "its test", "register_all".to_owned());
    }
    // The order of the questions is that of the hook, and there is nothing else.
    let quoted: Vec<_> = points.iter().map(|point| format!("\"{point}\"")).collect();
    let hook = read(root().join("hooks/extension_points.rhai")).replace('\n', " ");
    let hook = hook.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(hook.contains(&format!("const ALL = [ {} ];", quoted.join(", "))));
    let count = fs::read_dir(pages).unwrap().count();
    assert_eq!(count, points.len() + 1, "a page too many");
    assert!(register_all.contains("def register_all"));
}

/// What a project is told to replace has a number, which AGENTS.md explains.
#[test]
fn todos_are_numbered() {
    let template = root().join("template");
    let numbers = |text: &str| -> Vec<usize> {
        let todos = text.split("TODO(").skip(1);
        todos
            .map(|rest| rest.split_once(')').unwrap().0.parse().unwrap())
            .collect()
    };
    let mut used = BTreeSet::new();
    for file in files(&template.join("src")) {
        used.extend(numbers(&read(template.join("src").join(file))));
    }
    assert!(used.len() > 20 && used.iter().copied().eq(1..=used.len()));
    let explained = numbers(&read(template.join("AGENTS.md")));
    assert!(explained.iter().eq(used.iter()), "{explained:?}");
}
