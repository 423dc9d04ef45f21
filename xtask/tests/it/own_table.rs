//! An owner's own table: the README is enough to make one.

use std::fs;
use std::path::Path;

use crate::environment::{Built, Environment, TEST_PACKAGES};
use crate::page::marked;
use crate::tools::{Run, cargo, check_formatted, every_major, majors, read};

/// What the README shows is all that a table over a file of one's own takes.
#[test]
fn the_readme_is_enough_for_a_table() {
    let own_table = |project: &Path| {
        let change = |path: &str, changes: &[(&str, &str)]| {
            let path = project.join(path);
            let mut text = read(&path);
            for (from, to) in changes {
                assert!(text.contains(from), "{}: no {from}", path.display());
                text = text.replace(from, to);
            }
            fs::write(path, text).unwrap();
        };
        let source = marked(&read(project.join("README.md")), "a source");
        assert!(source.lines().count() < 60);
        fs::write(project.join("src/source.rs"), source).unwrap();
        let readme = read(project.join("README.md"));
        let additions = readme
            .split('`')
            .filter_map(|code| code.strip_prefix("cargo add "));
        let additions: Vec<_> = additions.filter(|add| add.contains("arrow-csv@")).collect();
        // One for the manifest of each major.
        assert_eq!(additions.len(), majors().len());
        for add in additions {
            cargo(project).arg("add").args(add.split(' ')).succeed();
        }
        let class = read(project.join("src/table_provider.rs"));
        let (before, rest) = class.split_once("    /// What the table has done").unwrap();
        let (_, after) = rest.split_once("    fn __repr__").unwrap();
        let (_, after) = after.split_once("    }\n").unwrap();
        fs::write(
            project.join("src/table_provider.rs"),
            format!("{}{after}", before.trim_end().to_owned() + "\n"),
        )
        .unwrap();
        change(
            "src/table_provider.rs",
            &[
                ("use std::sync::atomic::Ordering;\n", ""),
                ("types::{PyCapsule, PyDict}", "types::PyCapsule"),
                ("Readings(rows, partitions)", "Cities(path)"),
                ("Readings", "Cities"),
                ("CitiesSource", "CsvFile"),
                ("(rows = 1000, partitions = 4)", "(path)"),
                ("rows: i64, partitions: i64", "path: String"),
                ("try_new(rows, partitions)", "try_new(path)"),
            ],
        );
        change(
            "src/lib.rs",
            &[("mod readings;\n", ""), ("Readings", "Cities")],
        );
        fs::remove_file(project.join("src/readings.rs")).unwrap();
        change(
            "python/own_ext/__init__.py",
            &[
                ("Readings()", "Readings(\"cities.csv\")"),
                ("Readings", "Cities"),
            ],
        );
        fs::write(
            project.join("cities.csv"),
            "city,population\nRome,2746984\nOslo,724290\nAtlantis,\n",
        )
        .unwrap();
    };
    let built = Built::with_answers("own-ext", &every_major(), own_table);
    check_formatted(&built.project);
    let environment = Environment::new("own table", "3.12", &TEST_PACKAGES);
    environment.install(&[&built.wheel], &[]);
    let instances = built.project.join("tests/instances.py");
    let text = read(&instances);
    let (before, _) = text.split_once("    Table(").unwrap();
    let (_, after) = text.split_once("rows=0),\n").unwrap();
    let text = format!("{before}    Table(\"cities\", lambda: Cities(\"cities.csv\")),\n{after}");
    let text = text.replace("Readings", "Cities");
    let arguments = "= {\"Cities\": (\"cities.csv\",)}";
    fs::write(&instances, text.replace("= {}", arguments)).unwrap();
    let said = environment
        .python()
        .args([
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/conformance",
        ])
        .args([
            "--deselect",
            "tests/conformance/test_package.py::test_python_in_the_readme_runs",
        ])
        .args([
            "--deselect",
            "tests/conformance/test_package.py::test_readme_shows_the_output_of_the_quickstart",
        ])
        .current_dir(&built.project)
        .succeed();
    assert!(said.contains(" passed"), "{said}");
    let code = "
from datafusion import SessionContext
from own_ext import register_all
ctx = register_all(SessionContext())
print(ctx.sql('SELECT count(*) AS n FROM readings').to_pylist())
print(ctx.sql('SELECT city FROM readings WHERE population > 1000000').to_pylist())
print(ctx.sql('SELECT * FROM readings LIMIT 1').to_pylist())
";
    let expected = "[{'n': 3}]\n[{'city': 'Rome'}]\n[{'city': 'Rome', 'population': 2746984}]\n";
    for major in majors() {
        environment.install(&[format!("datafusion=={major}.*")], &[]);
        let said = environment
            .python()
            .args(["-c", code])
            .current_dir(&built.project)
            .succeed();
        assert_eq!(said, expected, "{major}");
    }
}
