//! One wheel for several majors of DataFusion, on each of their hosts.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;
use xtask::root;

use crate::environment::{Built, Environment, FULL, PLAIN, TEST_PACKAGES, build_wheel};
use crate::hosts::SINCE_55;
use crate::tools::{
    Run, build_environment, cargo, choose, cpython, every_major, files, generate, path_with,
    python_files, read, scratch, tool,
};

static DEFAULT: LazyLock<Built> =
    LazyLock::new(|| Built::with_answers("majors-ext", &every_major(), |_| {}));

static FUNCTIONS: LazyLock<Built> = LazyLock::new(|| {
    let points = ["scalar_udf", "aggregate_udf", "window_udf"].map(str::to_owned);
    let answers = [choose(&points), every_major()].concat();
    Built::with_answers("functions-ext", &answers, |_| {})
});

/// An environment with this `datafusion`, and `built`, which needs what its metadata says.
fn environment(host: &str, built: &Built) -> Environment {
    let name = built.project.file_name().unwrap().to_str().unwrap();
    let environment = Environment::new(&format!("{name} {host}"), "3.12", &TEST_PACKAGES);
    environment.install(
        &[format!("datafusion=={host}").into(), built.wheel.clone()],
        &[],
    );
    environment
}

/// What the tests of `built` skip with this `datafusion`; the others pass.
fn skipped(host: &str, built: &Built) -> BTreeSet<String> {
    let environment = environment(host, built);
    let mut pytest = environment.tests();
    let said = pytest.arg("-rs").current_dir(&built.project).succeed();
    println!("datafusion {host}: {}", said.lines().last().unwrap());
    let skipped = Regex::new(r"(?m)^SKIPPED \[\d+\] tests/(\S+?):\d+: ").unwrap();
    let files = skipped.captures_iter(&said).map(|line| line[1].to_owned());
    files.collect()
}

#[test]
fn one_wheel_passes_its_tests_on_each_host() {
    assert_eq!(skipped("54.1.0", &DEFAULT), BTreeSet::new());
    assert_eq!(skipped("55.0.0", &DEFAULT), BTreeSet::new());
    assert_eq!(skipped("54.0.0", &FUNCTIONS), BTreeSet::new());
    // What a host lacks is on the page, and nothing else is skipped.
    let page = read(root().join("docs/reference/compatibility.md"));
    let (_, table) = page.split_once("<!-- skipped with 54 -->\n").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let test = Regex::new(r"`tests/(\S+?)(?:::\S+)?`").unwrap();
    let documented = test.captures_iter(table).map(|name| name[1].to_owned());
    assert_eq!(skipped("54.1.0", &FULL), documented.collect());
    environment("54.1.0", &FULL).pytest(&python_files().join("test_worker.py"));
    for class in SINCE_55 {
        assert!(table.contains(&format!("`{class}`")), "{class}");
    }
}

#[test]
#[ignore = "takes five minutes"]
fn every_wheel_on_every_host() {
    for built in [&*DEFAULT, &*FUNCTIONS, &*FULL] {
        for host in ["54.0.0", "54.1.0", "55.0.0"] {
            skipped(host, built);
        }
    }
}

#[test]
fn an_older_major_alone() {
    let answers = ["-d".to_owned(), "datafusion=54".to_owned()];
    let built = Built::with_answers("older-ext", &answers, |_| {});
    for file in files(&built.project.join("src")) {
        let source = read(built.project.join("src").join(&file));
        assert!(!source.contains("feature ="), "{}", file.display());
    }
    assert_eq!(skipped("54.1.0", &built), BTreeSet::new());
}

/// Loads a package with the installed host, and then pretends that another one is installed.
const EXCHANGED: &str = r#"
import importlib.metadata, sys
import full_ext

importlib.metadata.version = lambda name: sys.argv[1]
try:
    full_ext.Fahrenheit().__datafusion_scalar_udf__()
except ImportError as error:
    print(error)
"#;

#[test]
fn says_when_datafusion_was_exchanged() {
    for (host, then) in [("55.0.0", "54.1.0"), ("54.1.0", "55.0.0")] {
        let environment = environment(host, &FULL);
        let said = environment.python().args(["-c", EXCHANGED, then]).succeed();
        let expected = format!(
            "full-ext 0.1.0 was imported with datafusion {}, but datafusion {then} is installed \
             now: start Python again\n",
            &host[..2]
        );
        assert_eq!(said, expected);
        // The metadata agrees with the check.
        let python = environment.python().get_program().to_owned();
        let check = |host: &str| {
            environment.install(&[format!("datafusion=={host}")], &["--no-deps"]);
            let mut check = tool("uv");
            check.args(["pip", "check", "--python"]).arg(&python);
            check
        };
        check(then).succeed();
        let said = check("53.0.0").fail();
        assert!(said.contains("requires `datafusion>=54,<56`"), "{said}");
    }
}

#[test]
fn says_since_when_a_class_exists() {
    let code = r#"
import full_ext
from datafusion import SessionContext

ctx = full_ext.register_all(SessionContext())
print(ctx.table("readings").count())
print("SessionExtension" in full_ext.__all__)
from full_ext import SessionExtension
"#;
    let said = environment("54.1.0", &FULL)
        .python()
        .args(["-c", code])
        .fail();
    assert!(said.starts_with("1000\nFalse\n"), "{said}");
    let expected = "ImportError: full_ext.SessionExtension needs datafusion 55 or later. \
                    Run: pip install \"datafusion>=55,<56\"";
    assert!(said.contains(expected), "{said}");
}

/// One package for 54 and 55, and one for 55 only, in one query.
#[test]
fn two_packages_in_one_query() {
    let code = r#"
import full_ext, plain_ext
from datafusion import SessionContext

ctx = SessionContext()
ctx.register_table("a", full_ext.Readings(1000, 4))
ctx.register_table("b", plain_ext.Readings(500, 3))
sql = "SELECT count(*) AS n, sum(a.celsius - b.celsius) AS s FROM a JOIN b USING (id)"
print(ctx.sql(sql).to_pylist())
"#;
    let environment = environment("55.0.0", &FULL);
    environment.install(&[&PLAIN.wheel], &["--no-deps"]);
    let said = environment.python().args(["-c", code]).succeed();
    assert_eq!(said, "[{'n': 500, 's': 0.0}]\n");
}

/// What goes to PyPI as source builds where there is nothing else, for every major.
#[test]
#[ignore = "takes two minutes"]
fn the_source_distribution_is_whole() {
    let folder = scratch("source distribution");
    let mut maturin = tool("maturin");
    maturin.args(["sdist", "--out"]).arg(&folder);
    maturin.current_dir(&DEFAULT.project).succeed();
    let [archive] = &files(&folder)[..] else {
        panic!()
    };
    let mut tar = std::process::Command::new("tar");
    tar.arg("xf").arg(archive).current_dir(&folder).succeed();
    let project = folder.join("majors_ext-0.1.0");
    let wheel = build_wheel(&project, cpython("3.11"), "dist");
    for host in ["54.1.0", "55.0.0"] {
        quickstart(host, &project, &wheel);
    }
}

/// Builds for one major only, as AGENTS.md says.
#[test]
#[ignore = "takes a minute"]
fn one_major_for_development() {
    let folder = scratch("one major");
    generate(&folder, "my-ext").args(every_major()).succeed();
    let project = folder.join("my-ext");
    let guide = read(project.join("AGENTS.md"));
    assert!(
        guide.contains("MATURIN_PEP517_ARGS=--no-default-features"),
        "{guide}"
    );
    let environment = Environment::new("one major", "3.12", &["datafusion==55.0.0", "maturin"]);
    let python = environment.python().get_program().to_owned();
    let mut install = tool("uv");
    install.args(["pip", "install", "--no-build-isolation", "--editable"]);
    install.arg(&project).arg("--python").arg(&python);
    install.env("MATURIN_PEP517_ARGS", "--no-default-features");
    install.env("PATH", path_with(&[Path::new(&python).parent().unwrap()]));
    build_environment(&mut install);
    install.succeed();
    let code = r#"
import importlib.metadata
import my_ext

my_ext.check_host()
importlib.metadata.version = lambda name: "54.1.0"
my_ext.check_host()
"#;
    let said = environment.python().args(["-c", code]).fail();
    let expected = "my-ext 0.1.0 was built for datafusion 55, but datafusion 54.1.0 is installed.";
    assert!(said.contains(expected), "{said}");
}

/// Each session asks every major.
#[test]
#[ignore = "takes three minutes"]
fn nox_knows_every_major() {
    let folder = scratch("nox");
    generate(&folder, "my-ext").args(every_major()).succeed();
    let mut nox = std::process::Command::new(tool("uv").get_program());
    nox.args(["tool", "run", "nox", "--session", "lint", "tests-3.12"]);
    nox.current_dir(folder.join("my-ext"));
    nox.env("UV_PYTHON_DOWNLOADS", "never");
    nox.env("PATH", path_with(&[cpython("3.12").parent().unwrap()]));
    build_environment(&mut nox);
    let said = nox.succeed();
    for (program, times) in [("stubtest", 2), ("pytest", 2)] {
        let runs = said.matches(&format!("nox > {program}")).count();
        assert_eq!(runs, times, "{program}\n{said}");
    }
    assert!(said.contains("uv pip install 'datafusion==54.*'"), "{said}");
}

fn quickstart(host: &str, project: &Path, wheel: &Path) {
    let environment = Environment::new(&format!("quickstart {host}"), "3.12", &["pyarrow"]);
    environment.install(
        &[format!("datafusion=={host}").into(), wheel.to_owned()],
        &[],
    );
    let said = environment
        .python()
        .arg(project.join("examples/quickstart.py"))
        .succeed();
    assert!(said.contains("SourceExec"), "{said}");
}

/// What the crates have of their majors is in few lines of few files.
#[test]
fn few_lines_mention_a_major() {
    let mut lines = vec![];
    for file in files(&DEFAULT.project) {
        let in_code = ["rs", "py", "pyi"]
            .map(Some)
            .contains(&file.extension().and_then(|extension| extension.to_str()));
        if in_code {
            let text = read(DEFAULT.project.join(&file));
            let mentions = text.lines().filter(|line| {
                line.contains("before-")
                    || line.contains("datafusion-5")
                    || line.contains("datafusion_5")
            });
            lines.extend(mentions.map(|_| file.clone()));
        }
    }
    // rust-analyzer asks this, and shows the code as the newest major sees it.
    let metadata = cargo(&DEFAULT.project)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .finish();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    assert_eq!(metadata["packages"].as_array().unwrap().len(), 2);

    let count = lines.len();
    lines.dedup();
    assert!(
        count <= 40 && lines.len() <= 3,
        "{count} lines in {lines:?}"
    );
}
