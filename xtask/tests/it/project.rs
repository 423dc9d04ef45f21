//! The generated project does what its README says: it builds, is clean under its own tools, and
//! one wheel of it passes its tests on every Python.

use std::fs;
use std::path::{Path, PathBuf};

use xtask::root;

use crate::environment::{Built, Environment, FULL, PLAIN, TEST_PACKAGES, build_wheel};
use crate::generate::{DIFFERS, needs, stand_alone};
use crate::tools::{
    Run, cargo, check_formatted, choose, every_major, extension_points, files, generate, majors,
    path_with, python_files, read, read_toml, scratch, tool,
};

/// Those whose every check is run: `every_extension_point` has clippy for all others.
fn projects() -> [&'static Built; 2] {
    [&PLAIN, &FULL]
}

/// As the session `lint` of a project runs it.
pub const CLIPPY: [&str; 6] = [
    "clippy",
    "--workspace",
    "--all-targets",
    "--",
    "--deny",
    "warnings",
];

#[test]
fn passes_its_rust_checks() {
    for Built { project, .. } in projects() {
        cargo(project).args(["fmt", "--all", "--check"]).succeed();
        cargo(project).args(CLIPPY).succeed();
    }
}

/// With several majors, neither command skips a file: both see an error in one, of every crate.
#[test]
fn rust_checks_see_every_file() {
    let folder = scratch("rust checks");
    generate(&folder, "my-ext").args(every_major()).succeed();
    let project = folder.join("my-ext");
    let source = read(project.join("src/ffi/source_exec.rs"));
    fs::write(
        project.join("src/ffi/source_exec.rs"),
        format!("{source}\n\n#[cfg(feature = \"before-55\")]\nconst  X: &str = 1;\n"),
    )
    .unwrap();
    let said = cargo(&project).args(["fmt", "--all", "--check"]).fail();
    assert!(said.contains("src/ffi/source_exec.rs"), "{said}");
    let said = cargo(&project).args(CLIPPY).fail();
    assert!(
        said.contains("(lib) due to") && said.contains("-datafusion-54"),
        "{said}"
    );
}

/// The tests of the machinery, which projects do not have.
fn machinery() -> PathBuf {
    root().join("xtask/tests/machinery")
}

/// The runtime by itself needs no Python, to build or to run.
#[test]
fn the_runtime_needs_no_python() {
    let folder = scratch("runtime");
    generate(&folder, "runtime-ext").succeed();
    let project = folder.join("runtime-ext");
    // Such a test has the modules that it needs in a folder of its own.
    fs::create_dir_all(project.join("tests/ffi")).unwrap();
    for (from, to) in [
        (machinery().join("runtime.rs"), "tests/runtime.rs"),
        (project.join("src/ffi/error.rs"), "tests/ffi/error.rs"),
        (project.join("src/ffi/runtime.rs"), "tests/ffi/runtime.rs"),
    ] {
        fs::copy(from, project.join(to)).unwrap();
    }
    let said = cargo(&project)
        .args(["test", "--test", "runtime"])
        .env("PYO3_NO_PYTHON", "1")
        .succeed();
    assert!(said.contains("test result: ok. 6 passed"), "{said}");
}

/// Sessions, threads, signals and forks, and whoever reads Arrow streams.
#[test]
fn the_machinery_does_what_it_says() {
    let environment = Environment::new("machinery", "3.12", &TEST_PACKAGES);
    environment.install(&["duckdb", "polars"], &[]);
    environment.install(&[&PLAIN.wheel], &[]);
    environment.pytest(&machinery());
}

/// The machinery is the same in every project, and none of its files needs another in a circle.
#[test]
fn the_machinery_is_the_same_everywhere() {
    let ffi = root().join("template/src/ffi");
    let kit = root().join("template/tests/conformance");
    for Built { project, .. } in projects() {
        for (folder, of_template) in [("src/ffi", &ffi), ("tests/conformance", &kit)] {
            for file in files(&project.join(folder)) {
                if file.extension().is_some_and(|extension| extension != "pyc") {
                    let path = project.join(folder).join(&file);
                    assert_eq!(
                        read(path),
                        read(of_template.join(&file)),
                        "{}",
                        file.display()
                    );
                }
            }
        }
    }
    let mut left: Vec<(String, Vec<String>)> = files(&ffi)
        .iter()
        .map(|file| {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = read(ffi.join(file));
            assert!(
                !text.contains("crate::") || !text.contains("use crate::source"),
                "{name}"
            );
            let uses = text.split("use crate::ffi::").skip(1);
            let uses = uses.map(|rest| rest.split([':', ';']).next().unwrap().to_owned());
            (name, uses.collect())
        })
        .collect();
    while !left.is_empty() {
        let names: Vec<_> = left.iter().map(|(name, _)| name.clone()).collect();
        let before = left.len();
        left.retain(|(_, uses)| uses.iter().any(|used| names.contains(used)));
        assert!(left.len() < before, "a circle: {left:?}");
    }
}

#[test]
fn links_only_the_parts_it_uses() {
    for Built { project, .. } in projects() {
        let tree = cargo(project)
            .args([
                "tree", "--edges", "normal", "--prefix", "none", "--format", "{p}",
            ])
            .succeed();
        let mut unwanted = vec!["datafusion v", "datafusion-python", "mimalloc"];
        // A query planner has to read every query, and `datafusion-ffi` 54 always brings Parquet.
        if !project.join("src/query_planner.rs").exists() {
            unwanted.push("parquet v");
        }
        for unwanted in unwanted {
            assert!(
                !tree.contains(&format!("\n{unwanted}")),
                "{unwanted}\n{tree}"
            );
        }
        assert!(tree.contains("\ndatafusion-ffi v55."), "{tree}");
        let several = project.join("majors").exists();
        assert_eq!(tree.contains("\ndatafusion-ffi v54."), several, "{tree}");
    }
}

/// `cargo xtask bench` takes too long to be run here; what it changes in a project still compiles.
#[test]
fn the_benchmark_fits() {
    let folder = scratch("benchmark");
    generate(&folder, "bench-ext").succeed();
    let project = folder.join("bench-ext");
    xtask::bench::hold_batches(&project).unwrap();
    cargo(&project).args(["check", "--lib"]).succeed();

    // It compares like with like: the same versions and, where scans are compared, profiles.
    let ours = read_toml(project.join("Cargo.toml"));
    let machinery = read_toml(project.join("pyo3-datafusion/Cargo.toml"));
    let version = |manifest: &toml::Table, name: &str| {
        let crate_ = &manifest["dependencies"][name];
        crate_.get("version").unwrap_or(crate_).clone()
    };
    for package in ["memtable", "native", "upstream"] {
        let manifest = root().join("xtask/bench").join(package).join("Cargo.toml");
        let manifest = read_toml(manifest);
        for name in ["arrow", "datafusion-catalog", "datafusion-common"] {
            let expected = version(&machinery, name);
            assert_eq!(version(&manifest, name), expected, "{package}");
        }
        if package != "upstream" {
            let profile = |manifest: &toml::Table| manifest["profile"]["release"].clone();
            assert_eq!(profile(&manifest), profile(&ours), "{package}");
            // It compiles the same source, over the same machinery.
            let has = manifest["dependencies"].as_table().unwrap();
            let needs = ours["dependencies"].as_table().unwrap().keys();
            let missing: Vec<_> = needs.filter(|name| !has.contains_key(*name)).collect();
            assert!(missing.is_empty(), "{package}: {missing:?}");
            let path = has["pyo3-datafusion"]["path"].as_str();
            assert_eq!(path, Some("../bench-ext/pyo3-datafusion"), "{package}");
        }
    }
}

/// The limit of the benchmark links the machinery of a project, but no Python.
#[test]
#[ignore = "compiles DataFusion as a whole"]
fn the_limit_of_the_benchmark_compiles() {
    let folder = scratch("limit of the benchmark");
    for name in ["bench-ext", "stub-ext"] {
        generate(&folder, name).succeed();
    }
    xtask::bench::hold_batches(&folder.join("bench-ext")).unwrap();
    for package in ["memtable", "native"] {
        let copy = folder.join(package);
        xtask::bench::copy_folder(&root().join("xtask/bench").join(package), &copy).unwrap();
    }
    cargo(&folder.join("memtable")).arg("check").succeed();
    cargo(&folder.join("native")).arg("build").succeed();
}

/// A function needs no table, no runtime, and no `unsafe`.
#[test]
fn a_function_brings_no_source() {
    let folder = scratch("a function");
    let point = "scalar_udf".to_owned();
    generate(&folder, "my-ext").args(choose(&[point])).succeed();
    let project = folder.join("my-ext");
    let manifest = read_toml(project.join("Cargo.toml"));
    let dependencies: Vec<_> = manifest["dependencies"]
        .as_table()
        .unwrap()
        .keys()
        .collect();
    let expected = [
        "arrow",
        "datafusion-common",
        "datafusion-expr",
        "datafusion-ffi",
        "datafusion-physical-expr",
        "pyo3",
    ];
    assert_eq!(dependencies, expected);
    let sources: Vec<_> = files(&project.join("src"));
    let expected = [
        "ffi/constants.rs",
        "ffi/error.rs",
        "ffi/host.rs",
        "ffi/scalar_udf.rs",
        "ffi.rs",
        "lib.rs",
        "scalar_udf.rs",
    ];
    assert_eq!(sources, expected.map(PathBuf::from));
    for source in sources {
        assert!(!read(project.join("src").join(source)).contains("unsafe"));
    }
}

#[test]
fn unsafe_is_in_one_file_and_explained() {
    let sources = FULL.project.join("src");
    for file in files(&sources) {
        let source = read(sources.join(&file));
        let blocks = source.matches("unsafe {").count();
        let explained = source.matches("// SAFETY: ").count();
        assert_eq!(blocks, explained, "{}", file.display());
        assert_eq!(
            blocks > 0,
            file.ends_with("capsule.rs"),
            "{}",
            file.display()
        );
    }
}

/// What the tests of a project run in, with the oldest host of its major.
fn environment_for_points(name: &str) -> Environment {
    let environment = Environment::new(name, "3.12", &TEST_PACKAGES);
    environment.install(&["datafusion==55.0.0"], &[]);
    environment
}

/// All extension points together, and the default ones, as wheels.
#[test]
fn extension_points_pass_their_tests() {
    let environment = environment_for_points("points");
    for (what, built) in [("all", &*FULL), ("the default ones", &*PLAIN)] {
        println!("{what}:");
        environment.install(&[&built.wheel], &["--no-deps"]);
        environment.pytest(&built.project.join("tests"));
    }
    environment.install(&[&FULL.wheel], &["--no-deps"]);
    environment.pytest(&python_files().join("test_worker.py"));
}

/// Each with what it needs, as a wheel for every major where they differ in the point.
#[test]
#[ignore = "takes twenty minutes"]
fn every_extension_point_passes_its_tests() {
    let environment = environment_for_points("every point");
    // What another one needs is tested with that.
    for point in stand_alone(&needs(&scratch("needs of points"))) {
        println!("{point}:");
        let name = format!("{}-ext", point.replace('_', "-"));
        let mut answers = choose(std::slice::from_ref(&point));
        if DIFFERS.contains(&point.as_str()) {
            answers.extend(every_major());
        }
        let built = Built::with_answers(&name, &answers, |project| {
            // Nothing is left over where other points are missing.
            let manifests = files(project).into_iter();
            for manifest in manifests.filter(|file| file.ends_with("Cargo.toml")) {
                let manifest = project.join(manifest);
                let lints = "[lints.rust]\n";
                let text = read(&manifest).replace(lints, &format!("{lints}warnings = \"deny\"\n"));
                fs::write(manifest, text).unwrap();
            }
        });
        environment.install(&[&built.wheel], &["--no-deps"]);
        environment.pytest(&built.project.join("tests"));
    }
}

/// Other crates may link the older version of PyO3, and a library links only one.
#[test]
#[ignore = "builds two projects anew"]
fn builds_with_the_older_pyo3() {
    for (name, points) in [("old-ext", vec![]), ("old-full-ext", extension_points())] {
        Built::new(name, &points, |project| {
            let mut cargo = cargo(project);
            cargo.args(["update", "--package", "pyo3", "--precise", "0.29.0"]);
            cargo.succeed();
        });
    }
}

/// The stable ABI has none, so it takes a wheel of its own, which cannot be run here.
#[test]
fn builds_for_free_threaded_python() {
    for Built { project, .. } in projects() {
        let wheel = build_wheel(project, "python3.14t", "dist/free-threaded");
        let name = wheel.to_str().unwrap();
        assert!(name.contains("-0.1.0-cp314-cp314t-"), "{name}");
    }
}

#[test]
fn passes_its_python_checks() {
    for Built { project, wheel } in projects() {
        let name = project.file_name().unwrap().to_str().unwrap();
        let environment = Environment::new(&format!("types {name}"), "3.12", &TEST_PACKAGES);
        environment.install(&[wheel], &[]);
        // noxfile.py is typed as well.
        environment.install(&["mypy", "nox"], &[]);
        let python = environment.python().get_program().to_owned();
        check_formatted(project);
        environment
            .python()
            .args(["-m", "mypy", "--cache-dir=/dev/null"])
            .current_dir(project)
            .succeed();
        let several = project.join("majors").exists();
        for major in majors().iter().filter(|major| several || *major == "55") {
            environment.install(&[format!("datafusion=={major}.*")], &[]);
            let mut stubtest = environment.python();
            stubtest.args(["-m", "mypy.stubtest"]);
            if several {
                stubtest.args(["--allowlist", "tests/newer_classes.txt"]);
                stubtest.arg("--ignore-unused-allowlist");
            }
            stubtest
                .arg(format!("{}._internal", name.replace('-', "_")))
                .current_dir(project)
                .succeed();
        }
        // It looks for the package in the environment that is active.
        let bin = Path::new(&python).parent().unwrap();
        let package = name.replace('-', "_");
        let said = tool("basedpyright")
            .args(["--verifytypes", &package, "--ignoreexternal"])
            .env("VIRTUAL_ENV", bin.parent().unwrap())
            .env("PATH", path_with(&[bin]))
            .succeed();
        assert!(said.contains("Type completeness score: 100%"), "{said}");
    }
}

/// Not every major has the type that the hook of a session extension returns.
#[test]
fn a_session_extension_without_a_planner_has_its_types() {
    let folder = scratch("types of a session extension");
    let answers = [choose(&["session_extension".to_owned()]), every_major()].concat();
    generate(&folder, "my-ext").args(answers).succeed();
    let environment = Environment::new("session extension", "3.12", &TEST_PACKAGES);
    environment.install(&["datafusion==55.*", "mypy", "nox"], &[]);
    environment
        .python()
        .args(["-m", "mypy", "--cache-dir=/dev/null"])
        .env("MYPYPATH", "python")
        .current_dir(folder.join("my-ext"))
        .succeed();
}

/// pyarrow, polars and duckdb read the table where `datafusion` is not installed, and only the
/// hooks for DataFusion ask for it.
#[test]
fn arrow_needs_no_datafusion() {
    let environment = Environment::new("no datafusion", "3.13", &["duckdb", "polars", "pyarrow"]);
    environment.install(&[&PLAIN.wheel], &["--no-deps"]);
    let code = r#"
import duckdb, polars, pyarrow
import plain_ext

readings = plain_ext.Readings()
print(pyarrow.table(readings).num_rows, polars.DataFrame(readings).height)
print(duckdb.execute("SELECT count(*) FROM readings").fetchall())
for arguments in [(), (5,)]:
    try:
        readings.__datafusion_table_provider__(*arguments)
    except ImportError as error:
        print(error)
"#;
    let said = environment.python().args(["-c", code]).succeed();
    let expected = "plain-ext 0.1.0 was built for datafusion 55, but datafusion is not installed. \
                    Run: pip install \"datafusion>=55,<56\"\n";
    assert_eq!(said, format!("1000 1000\n[(1000,)]\n{expected}{expected}"));
}
