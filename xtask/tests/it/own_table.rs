//! An owner's own table: the README is enough to make one, and the conformance kit tells of mistakes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::environment::{Built, Environment, TEST_PACKAGES};
use crate::page::marked;
use crate::tools::{Run, check_formatted, read};

/// Lies about the readings: the name of each, what `source.rs` says, what it says instead where the
/// environment variable LIE has that name, and the method that the kit has to name.
const LIES: [(&str, &str, &str, &str); 13] = [
    (
        "too many rows",
        "Statistics::new_unknown(schema).with_num_rows(rows)",
        "Statistics::new_unknown(schema).with_num_rows(rows.add(&Precision::Exact(1)))",
        "Partition::statistics",
    ),
    (
        "nulls",
        "Statistics::new_unknown(schema).with_num_rows(rows)",
        "claim(schema, |c| c.with_null_count(Precision::Exact(7)))",
        "Partition::statistics",
    ),
    (
        "minimum that is too large",
        "Statistics::new_unknown(schema).with_num_rows(rows)",
        "claim(schema, |c| c.with_min_value(Precision::Inexact(ScalarValue::from(5_i64))))",
        "Partition::statistics",
    ),
    (
        "minimum that is not there",
        "Statistics::new_unknown(schema).with_num_rows(rows)",
        "claim(schema, |c| c.with_min_value(Precision::Exact(ScalarValue::from(-5_i64))))",
        "Partition::statistics",
    ),
    (
        "maximum that is too small",
        "Statistics::new_unknown(schema).with_num_rows(rows)",
        "claim(schema, |c| c.with_max_value(Precision::Exact(ScalarValue::from(5_i64))))",
        "Partition::statistics",
    ),
    (
        "statistics of fewer columns",
        "Statistics::new_unknown(schema).with_num_rows(rows)",
        "Statistics::default()",
        "Partition::statistics",
    ),
    (
        "exact filter",
        "TableProviderFilterPushDown::Inexact",
        "TableProviderFilterPushDown::Exact",
        "Source::supports_filter",
    ),
    (
        "filter that leaves out too much",
        "partitions.iter().map(|p| intersect(p, &wanted)).collect()",
        "partitions.iter().take(1).map(|p| intersect(p, &wanted)).collect()",
        "Source::supports_filter",
    ),
    (
        "limit that stops early",
        "ids.start..ids.end.min(ids.start.saturating_add(wanted))",
        "ids.start..ids.end.min(ids.start.saturating_add(wanted / 2))",
        "Scan::limit",
    ),
    (
        "other columns",
        "Arc::clone(&scan.schema)",
        "Arc::new(arrow::datatypes::Schema::empty())",
        "Partition::read",
    ),
    (
        "a row twice and another one not",
        "first_id(i)..first_id(i + 1)",
        "(first_id(i) - i.min(1))..(first_id(i + 1) - i.min(1))",
        "Source::partitions",
    ),
    (
        "fewer rows",
        "Ok(stream::iter(batches).boxed())",
        "Ok(stream::iter(batches.skip(1)).boxed())",
        "Partition::read",
    ),
    (
        "order",
        "fn supports_filter",
        "fn sort_order(&self) -> Vec<datafusion_expr::SortExpr> {
            vec![datafusion_expr::col(\"id\").sort(std::env::var(\"LIE\").as_deref() != Ok(\"order\"), true)]
        }

        fn supports_filter",
        "Source::sort_order",
    ),
];

const CLAIM: &str = "
fn claim(
    schema: &SchemaRef,
    about: impl Fn(datafusion_common::ColumnStatistics) -> datafusion_common::ColumnStatistics,
) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    for (field, column) in schema.fields().iter().zip(&mut statistics.column_statistics) {
        if field.name() == \"id\" {
            *column = about(column.clone());
        }
    }
    statistics
}
";

fn lie(project: &Path) {
    let path = project.join("src/source.rs");
    let mut source = read(&path);
    // Several lies may be told in one place.
    for honest in BTreeSet::from(LIES.map(|(_, honest, _, _)| honest)) {
        assert_eq!(source.matches(honest).count(), 1, "{honest}");
        let lies = LIES.iter().filter(|lie| lie.1 == honest);
        let instead: String = if honest.starts_with("fn ") {
            lies.map(|lie| lie.2.to_owned()).collect()
        } else {
            let cases = lies.map(|(name, _, lie, _)| format!("Ok(\"{name}\") => {lie},\n"));
            let cases: String = cases.collect();
            format!("match std::env::var(\"LIE\").as_deref() {{ {cases} _ => {honest} }}")
        };
        source = source.replace(honest, &instead);
    }
    fs::write(path, source + CLAIM).unwrap();
}

#[test]
fn the_kit_tells_of_each_lie() {
    let built = Built::new("lying-ext", &[], lie);
    let environment = Environment::new("lies", "3.12", &TEST_PACKAGES);
    environment.install(&[&built.wheel], &[]);
    let kit = || -> Command {
        let mut pytest = environment.python();
        pytest
            .args(["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"])
            .arg("tests/conformance/test_tables.py")
            .current_dir(&built.project);
        pytest
    };
    kit().succeed();
    for (name, _, _, method) in LIES {
        println!("{name}");
        let said = kit().env("LIE", name).fail();
        let reason = said.lines().filter(|line| line.starts_with("E "));
        let reason: String = reason.collect::<Vec<_>>().join("\n");
        assert!(reason.contains(method), "{name}: no {method} in\n{said}");
    }
}

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
        change("Cargo.toml", &[("[\"ffi\"]", "[\"csv\", \"ffi\"]")]);
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
    let built = Built::new("own-ext", &[], own_table);
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
    let said = environment
        .python()
        .args(["-c", code])
        .current_dir(&built.project)
        .succeed();
    let expected = "[{'n': 3}]\n[{'city': 'Rome'}]\n[{'city': 'Rome', 'population': 2746984}]\n";
    assert_eq!(said, expected);
}
