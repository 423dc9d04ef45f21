//! Lies: whatever a source or a function claims wrongly, the conformance kit fails with a sentence that
//! names the method to look at. It passes over what is honest, of whatever types.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::thread;

use serde::Deserialize;
use xtask::root;

use crate::environment::{Built, Environment, TEST_PACKAGES, write_full_traits};
use crate::tools::{Run, files, read};

/// See lies.toml.
#[derive(Deserialize)]
struct Lie {
    name: String,
    file: String,
    says: String,
    instead: String,
    look_at: String,
}

static LIES: LazyLock<Vec<Lie>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Lies {
        lie: Vec<Lie>,
    }
    let lies = read(root().join("xtask/tests/lies.toml"));
    toml::from_str::<Lies>(&lies).unwrap().lie
});

/// The stub claims no order. This one is put there, so that there can be a lie about it.
const SORT_ORDER: &str = "fn sort_order(&self) -> Vec<datafusion_expr::SortExpr> {
        vec![datafusion_expr::col(\"id\").sort(true, true)]
    }

    ";

/// Claims something about the column `id`, or about another one.
const CLAIM: &str = "
fn claim(
    schema: &SchemaRef,
    about: impl Fn(datafusion_common::ColumnStatistics) -> datafusion_common::ColumnStatistics,
) -> Statistics {
    claim_of(\"id\", schema, about)
}

fn claim_of(
    name: &str,
    schema: &SchemaRef,
    about: impl Fn(datafusion_common::ColumnStatistics) -> datafusion_common::ColumnStatistics,
) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    for (field, column) in schema.fields().iter().zip(&mut statistics.column_statistics) {
        if field.name() == name {
            *column = about(column.clone());
        }
    }
    statistics
}
";

/// The owner's own accumulators take the place of the machinery's, which cannot lie in these ways.
const OWN_ACCUMULATORS: [(&str, &str); 3] = [
    (
        "Ok(accumulator::<State>())",
        "Ok(Box::new(crate::accumulators::Own::new(accumulator::<State>)))",
    ),
    (
        "Ok(sliding_accumulator::<State>())",
        "Ok(Box::new(crate::accumulators::Own::new(sliding_accumulator::<State>)))",
    ),
    (
        "Ok(groups_accumulator::<State>())",
        "Ok(Box::new(crate::accumulators::OwnGroups::new(groups_accumulator::<State>())))",
    ),
];

/// Classes that lie in places that no stub has. See lies.py.
const OWN_CLASSES: [(&str, &str, &[&str]); 2] = [
    ("table.rs", "lying_table", &["Lying"]),
    (
        "functions.rs",
        "lying_functions",
        &["LyingAggregate", "LyingScalar", "LyingWindow"],
    ),
];

fn lie(project: &Path) {
    write_full_traits(project);
    let source = project.join("src/source.rs");
    let text = read(&source).replace(
        "fn supports_filter",
        &format!("{SORT_ORDER}fn supports_filter"),
    );
    fs::write(source, text + CLAIM).unwrap();
    let accumulators = root().join("xtask/tests/lies/accumulators.rs");
    fs::copy(accumulators, project.join("src/accumulators.rs")).unwrap();
    let library = project.join("src/lib.rs");
    fs::write(&library, read(&library) + "\nmod accumulators;\n").unwrap();
    let function = project.join("src/aggregate_udf.rs");
    let mut text = read(&function);
    for (machinery, own) in OWN_ACCUMULATORS {
        assert_eq!(text.matches(machinery).count(), 1, "{machinery}");
        text = text.replace(machinery, own);
    }
    fs::write(function, text).unwrap();

    let mut text = read(&library);
    let register = "package.register(module)?;\n";
    for (file, module, classes) in OWN_CLASSES {
        let lies = root().join("xtask/tests/lies").join(file);
        fs::copy(lies, project.join(format!("src/{module}.rs"))).unwrap();
        for class in classes {
            let class = format!("{register}    module.add_class::<{module}::{class}>()?;\n");
            text = text.replacen(register, &class, 1);
        }
        text += &format!("mod {module};\n");
    }
    fs::write(&library, text).unwrap();

    let places: BTreeSet<_> = LIES.iter().map(|lie| (&lie.file, &lie.says)).collect();
    for (file, says) in places {
        let path = project.join(file);
        let text = read(&path);
        assert!(text.contains(says), "{file}: no {says}");
        let lies = LIES
            .iter()
            .filter(|lie| (&lie.file, &lie.says) == (file, says));
        let cases: String = lies
            .map(|Lie { name, instead, .. }| format!("Ok({name:?}) => {instead},\n"))
            .collect();
        let instead = format!("match std::env::var(\"LIE\").as_deref() {{ {cases} _ => {says} }}");
        fs::write(path, text.replace(says, &instead)).unwrap();
    }
}

static LYING: LazyLock<(Built, Environment)> = LazyLock::new(|| {
    let points = [
        "table_provider",
        "insert",
        "scalar_udf",
        "aggregate_udf",
        "window_udf",
    ];
    let built = Built::new("lying-ext", &points.map(str::to_owned), lie);
    let environment = Environment::new("lies", "3.12", &TEST_PACKAGES);
    environment.install(&[&built.wheel], &[]);
    (built, environment)
});

#[test]
#[ignore = "takes five minutes"]
fn the_kit_tells_of_each() {
    let (built, environment) = &*LYING;
    let kit = |arguments: &[&str]| -> Command {
        let mut pytest = environment.tests();
        pytest
            // A lie that is found once is found again.
            .arg("--hypothesis-seed=0")
            .args(arguments)
            .current_dir(&built.project);
        pytest
    };
    let (tables, functions) = (
        "pyo3-datafusion/conformance/test_tables.py",
        "pyo3-datafusion/conformance/test_functions.py",
    );
    kit(&[tables, functions]).succeed();
    let tell = |lie: &Lie| {
        let mut kit = match lie.file.as_str() {
            // A lie shows in several tests. The one that is meant may not be the first.
            "src/scalar_udf.rs" => kit(&["-k", "scalar", functions]),
            "src/accumulators.rs" | "src/aggregate_udf.rs" => kit(&["-k", "aggregate", functions]),
            "src/window_udf.rs" => kit(&["-k", "window", functions]),
            _ => kit(&["-x", tables]),
        };
        let said = kit.env("LIE", &lie.name).fail();
        // If a failure depends on the order of the rows, hypothesis puts a bar in front of its lines.
        let lines = said.lines().map(|line| line.trim_start_matches([' ', '|']));
        let reasons = lines.filter(|line| line.starts_with("E "));
        let reasons: String = reasons.collect::<Vec<_>>().join("\n");
        let Lie { name, look_at, .. } = lie;
        assert!(reasons.contains(look_at), "{name}: no {look_at} in\n{said}");
    };
    let (some, others) = LIES.split_at(LIES.len() / 2);
    thread::scope(|scope| {
        scope.spawn(|| some.iter().for_each(tell));
        scope.spawn(|| others.iter().for_each(tell));
    });
}

/// The kit over the classes that lie, all of them in one process, or over honest ones.
fn kit_over(lies: &str, tests: &[&str], arguments: &[&str]) -> Command {
    let (built, environment) = &*LYING;
    // The kit looks for README.md above the folder of instances.py.
    let folder = built.project.join(format!("{lies}/tests"));
    let ours = root().join("xtask/tests/lies");
    fs::create_dir_all(&folder).unwrap();
    for file in files(&ours) {
        fs::copy(ours.join(&file), folder.join(&file)).unwrap();
    }
    let kit = |test: &&str| format!("pyo3-datafusion/conformance/{test}");
    let mut pytest = environment.tests();
    pytest
        .args(["--hypothesis-seed=0", "-o", "pythonpath=pyo3-datafusion"])
        .args(arguments)
        .args(tests.iter().map(kit))
        .current_dir(&built.project)
        .env("LIES", lies)
        .env("PYTHONPATH", &folder);
    pytest
}

/// Each is found by itself, at the first run, and not by chance.
#[test]
fn every_lie_is_found() {
    let run = |test| {
        let mut kit = kit_over("all", &[test], &["-p", "first_failure", "--tb=short"]);
        let said = kit.env("LIES_OF", test).succeed();
        println!("{}", said.lines().last().unwrap_or_default());
    };
    thread::scope(|scope| {
        scope.spawn(|| run("test_tables.py"));
        scope.spawn(|| run("test_functions.py"));
    });
}

/// A column of every Arrow type: with rows, empty, of one row, and all null. And functions.
fn honest_ones_pass(lies: &str, arguments: &[&str]) {
    let tests = ["test_tables.py", "test_functions.py"];
    let said = kit_over(lies, &tests, arguments).succeed();
    assert!(said.contains(" passed"), "{said}");
    println!("{}", said.lines().last().unwrap_or_default());
}

#[test]
fn honest_tables_of_every_type_pass() {
    // All filters and statistics of all types take ten minutes.
    let quick = "columns or batches or rows_can or number_of or same_each or executed \
                 or (statistics and empty)";
    honest_ones_pass("none", &["-k", quick]);
}

#[test]
#[ignore = "takes ten minutes"]
fn honest_tables_of_every_type_pass_every_filter() {
    honest_ones_pass("none with every filter", &[]);
}

/// What an owner may do with README.md: a few lines, and several statements in a block.
const SHORT_README: &str = r#"# lying-ext

```sh
pip install lying-ext
```

```python
from datafusion import SessionContext
from lying_ext import register_all

print(register_all(SessionContext()).sql("SELECT count(*) FROM readings").to_pylist())
```

```sql
SELECT count(*) FROM readings;
SELECT max(id) FROM readings; -- the last one
```
"#;

#[test]
fn the_kit_takes_a_short_readme_and_one_connection() {
    let mut kit = kit_over(
        "none",
        &["test_package.py"],
        &["-k", "readme or freed", "-rs"],
    );
    fs::write(LYING.0.project.join("none/README.md"), SHORT_README).unwrap();
    let said = kit.succeed();
    assert!(said.contains("3 passed, 1 skipped"), "{said}");
    assert!(said.contains("has no <!-- quickstart output -->"), "{said}");
}

/// An `INSERT` of more rows than fit into memory is taken a batch at a time.
#[test]
fn an_insert_takes_no_memory() {
    let (_, environment) = &*LYING;
    let code = "
import resource, sys
from datafusion import SessionContext
from lying_ext import Journal

def peak_after(rows):
    ctx = SessionContext()
    ctx.register_table('journal', Journal())
    insert = f'INSERT INTO journal SELECT CAST(value AS VARCHAR), NULL FROM generate_series(1, {rows})'
    assert ctx.sql(insert).to_pylist() == [{'count': rows}]
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

before = peak_after(0)
print((peak_after(50_000_000) - before) // 1024)
";
    let said = environment
        .python()
        .args(["-c", code])
        .env("LIE", "rows that are dropped")
        .succeed();
    println!("INSERT of 50 million rows: {} MiB", said.trim());
    assert!(said.trim().parse::<u32>().unwrap() < 300, "{said}");
}
