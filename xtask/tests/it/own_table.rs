//! An owner's own table: AGENTS.md is enough to make one, and a few lines wrap that of a crate.

use std::fs;
use std::path::Path;

use crate::environment::{Built, Environment, TEST_PACKAGES};
use crate::page::marked;
use crate::tools::{
    Run, cargo, check_formatted, choose, every_major, files, generate, majors, read, scratch,
};

/// Replaces texts in a file of `project`, which must be there.
fn change(project: &Path, path: &str, changes: &[(&str, &str)]) {
    let path = project.join(path);
    let mut text = read(&path);
    for (from, to) in changes {
        assert!(text.contains(from), "{}: no {from}", path.display());
        text = text.replace(from, to);
    }
    fs::write(path, text).unwrap();
}

/// What AGENTS.md shows is all that a table over a file of one's own takes.
#[test]
fn the_guide_is_enough_for_a_table() {
    let own_table = |project: &Path| {
        let change = |path, changes: &[_]| change(project, path, changes);
        let guide = read(project.join("AGENTS.md"));
        let source = marked(&guide, "a source");
        assert!(source.lines().count() < 60);
        fs::write(project.join("src/source.rs"), source).unwrap();
        let additions = guide
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
                ("use std::sync::atomic::Ordering;\n\n", ""),
                ("use pyo3::types::PyDict;\n", ""),
                ("Readings(rows, partitions)", "Cities(path)"),
                ("Readings", "Cities"),
                ("CitiesSource", "CsvFile"),
                ("(rows = 1000, partitions = 4)", "(path)"),
                ("rows: i64, partitions: i64", "path: String"),
                ("try_new(rows, partitions)", "try_new(path)"),
                // Nothing asks for the source.
                ("struct Cities(SourceTable<CsvFile>)", "struct Cities"),
                ("add_subclass(Self(table))", "add_subclass(Self)"),
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
        .tests()
        .arg("pyo3-datafusion/conformance")
        .args([
            "--deselect",
            "pyo3-datafusion/conformance/test_package.py::test_python_in_the_readme_runs",
        ])
        .args([
            "--deselect",
            "pyo3-datafusion/conformance/test_package.py::test_readme_shows_the_output_of_the_quickstart",
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

/// A crate that has a `TableProvider`, and no more.
const YOUR_PROVIDER: &str = r#"use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use datafusion_catalog::MemTable;
use datafusion_common::{Result, config_err};

pub async fn open(rows: i64) -> Result<MemTable> {
    if rows < 0 {
        return config_err!("rows must be 0 or more, got {rows}");
    }
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let batch = RecordBatch::try_from_iter([("number", numbers)])?;
    MemTable::try_new(batch.schema(), vec![vec![batch]])
}
"#;

/// With the class renamed, an argument, and all tests of the project.
#[test]
fn a_provider_of_another_crate_takes_thirty_lines() {
    let answers = choose(&["existing_table_provider".to_owned()]);
    let numbers = |project: &Path| {
        let provider = project.join("numbers");
        fs::create_dir_all(provider.join("src")).unwrap();
        fs::write(provider.join("src/lib.rs"), YOUR_PROVIDER).unwrap();
        let manifest = read(project.join("Cargo.toml"));
        let needs = |line: &&str| {
            ["arrow =", "datafusion-catalog =", "datafusion-common ="]
                .iter()
                .any(|name| line.starts_with(name))
        };
        let needs: Vec<_> = manifest.lines().filter(needs).collect();
        let package = "[package]\nname = \"numbers\"\nedition = \"2024\"\n\n[dependencies]";
        let manifest = format!("{package}\n{}\n", needs.join("\n"));
        fs::write(provider.join("Cargo.toml"), manifest).unwrap();

        let change = |path, changes: &[_]| change(project, path, changes);
        change(
            "Cargo.toml",
            &[("\npyo3 =", "\nnumbers = { path = \"numbers\" }\npyo3 =")],
        );
        let source = "src/existing_table_provider.rs";
        let text = read(project.join(source));
        let (before, rest) = text.split_once("provider() -> ").unwrap();
        let (_, after) = rest.split_once("\n}\n").unwrap();
        let provider = "provider(rows: i64) -> Result<Arc<dyn TableProvider>> {\n    \
                        Ok(Arc::new(numbers::open(rows).await?))\n}\n";
        fs::write(project.join(source), format!("{before}{provider}{after}")).unwrap();
        let documented = [
            (
                "The rooms that have a sensor. Inserted rows are kept in memory.",
                "A table of whole numbers.",
            ),
            (
                "Columns: ``sensor`` string, ``floor`` int64 (null outside of the house).",
                "Column: ``number`` int64, from 0.",
            ),
        ];
        change(source, &documented);
        change(
            source,
            &[
                (
                    "use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};\n",
                    "",
                ),
                ("{MemTable, TableProvider}", "TableProvider"),
                (
                    "fn new(py: Python<'_>) -> PyResult",
                    "fn new(py: Python<'_>, rows: i64) -> PyResult",
                ),
                ("|_| provider()", "|_| provider(rows)"),
                ("Rooms", "Numbers"),
            ],
        );
        change("src/lib.rs", &[("Rooms", "Numbers")]);
        let stub = "python/numbers_ext/_internal.pyi";
        change(stub, &documented);
        change(
            stub,
            &[
                ("(cls) -> Rooms", "(cls, rows: int) -> Rooms"),
                ("Rooms", "Numbers"),
            ],
        );
        change(
            "python/numbers_ext/__init__.py",
            &[
                ("\"rooms\", Rooms()", "\"numbers\", Numbers(10)"),
                ("Rooms", "Numbers"),
            ],
        );
        change(
            "tests/instances.py",
            &[
                (
                    "\"rooms\", Rooms, rows=3, key=[\"sensor\"]",
                    "\"numbers\", lambda: Numbers(9), rows=9",
                ),
                ("= {}", "= {\"Numbers\": (9,)}"),
                ("Rooms", "Numbers"),
            ],
        );
        change(
            "examples/quickstart.py",
            &[
                ("\"rooms\", Rooms()", "\"numbers\", Numbers(2)"),
                ("Rooms", "Numbers"),
                (
                    "floors = ctx.sql(\"SELECT floor FROM rooms ORDER BY floor\")\nprint(floors)\nprint(floors.execution_plan())",
                    "print(ctx.sql(\"SELECT sum(number) AS total FROM numbers\").to_pylist())",
                ),
            ],
        );
        fs::remove_file(project.join("tests/test_existing_table_provider.py")).unwrap();
        let shown = "<!-- quickstart output -->\n```text\n[{'total': 1}]\n```\n";
        fs::write(
            project.join("README.md"),
            format!("# numbers-ext\n\n{shown}"),
        )
        .unwrap();
    };
    let built = Built::with_answers("numbers-ext", &answers, numbers);
    check_formatted(&built.project);

    let fresh = scratch("fresh numbers");
    generate(&fresh, "numbers-ext").args(answers).succeed();
    let fresh = fresh.join("numbers-ext");
    let written = files(&fresh).into_iter().map(|path| {
        let (ours, theirs) = (built.project.join(&path), fresh.join(&path));
        let text = |path: &Path| {
            if path.exists() {
                read(path)
            } else {
                String::new()
            }
        };
        let (ours, theirs) = (text(&ours), text(&theirs));
        let diff = similar::TextDiff::from_lines(&theirs, &ours);
        let changes = diff.iter_all_changes();
        changes
            .filter(|change| change.tag() == similar::ChangeTag::Insert)
            .count()
    });
    let written: usize = written.sum();
    println!("{written} lines");
    assert!(written <= 30, "{written}");

    let environment = Environment::new("numbers", "3.12", &TEST_PACKAGES);
    environment.install(&[&built.wheel], &[]);
    environment.tests_of(&built.project);
}
