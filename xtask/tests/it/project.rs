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

/// With several majors, neither command skips a file: both see an error in one, of every build.
#[test]
fn rust_checks_see_every_file() {
    let folder = scratch("rust checks");
    generate(&folder, "my-ext").args(every_major()).succeed();
    let project = folder.join("my-ext");
    let source = project.join("src/source.rs");
    let text = read(&source);
    let mistake = "\n\n#[cfg(feature = \"before-55\")]\nconst  X: &str = 1;\n";
    fs::write(&source, text + mistake).unwrap();
    let said = cargo(&project).args(["fmt", "--all", "--check"]).fail();
    assert!(said.contains("src/source.rs"), "{said}");
    let said = cargo(&project).args(CLIPPY).fail();
    assert!(
        said.contains("(lib) due to") && said.contains("-datafusion-54"),
        "{said}"
    );
}

/// The tests of the machinery through Python, which projects do not have.
fn machinery() -> PathBuf {
    root().join("xtask/tests/machinery")
}

/// Sessions, threads, signals and forks, and whoever reads Arrow streams.
#[test]
fn the_machinery_does_what_it_says() {
    let environment = Environment::new("machinery", "3.12", &TEST_PACKAGES);
    environment.install(&["duckdb", "polars"], &[]);
    environment.install(&[&PLAIN.wheel], &[]);
    environment.pytest(&machinery());
}

/// The machinery is the same in every project.
#[test]
fn the_machinery_is_the_same_everywhere() {
    for Built { project, .. } in projects() {
        let folder = "pyo3-datafusion";
        let of_template = root().join("template").join(folder);
        assert_eq!(files(&project.join(folder)), files(&of_template));
        for file in files(&of_template) {
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

/// A function needs no table.
#[test]
fn a_function_brings_no_source() {
    let folder = scratch("a function");
    let point = "scalar_udf".to_owned();
    generate(&folder, "my-ext").args(choose(&[point])).succeed();
    let project = folder.join("my-ext");
    let manifest = read_toml(project.join("Cargo.toml"));
    let dependencies = manifest["dependencies"].as_table().unwrap();
    let names: Vec<_> = dependencies.keys().collect();
    assert_eq!(names, ["datafusion-common", "pyo3", "pyo3-datafusion"]);
    let features = &dependencies["pyo3-datafusion"]["features"];
    assert_eq!(features.to_string(), r#"["functions"]"#);
    let sources: Vec<_> = files(&project.join("src"));
    assert_eq!(sources, ["lib.rs", "scalar_udf.rs"].map(PathBuf::from));
}

/// In an owner's files, everything but the traits' methods is the machinery's.
#[test]
fn owners_call_no_guard() {
    let sources = FULL.project.join("src");
    let mut lines = 0;
    for file in files(&sources) {
        let source = read(sources.join(&file));
        for machinery in [
            "unsafe",
            "catch(",
            "Host::check",
            "runtime::",
            "datafusion_ffi",
        ] {
            assert!(
                !source.contains(machinery),
                "{}: {machinery}",
                file.display()
            );
        }
        lines += source.lines().count();
    }
    assert!(lines <= 2_100, "{lines} lines");
    let conditions: usize = files(&root().join("template/src"))
        .iter()
        .map(|file| {
            let text = read(root().join("template/src").join(file));
            let tags = text.split("{%").skip(1);
            let tags = tags.map(|tag| tag.trim_start_matches('-').trim_start());
            tags.filter(|tag| {
                ["if ", "unless ", "elsif "]
                    .iter()
                    .any(|word| tag.starts_with(word))
            })
            .inspect(|_| assert_eq!(file, Path::new("lib.rs")))
            .count()
        })
        .sum();
    assert!(conditions <= 12, "{conditions} conditions");
}

/// An owner reads all of a new project but the machinery and the license.
#[test]
fn is_short() {
    let folder = scratch("short");
    let function = ["-d", "extension_points=scalar_udf"].as_slice();
    for (name, answers, most) in [("tables", &[][..], 2_200), ("function", function, 1_300)] {
        generate(&folder, name).args(answers).succeed();
        let project = folder.join(name);
        let mut own = files(&project);
        own.retain(|file| !file.starts_with("pyo3-datafusion") && file != Path::new("LICENSE"));
        assert!(own.len() <= 30, "{own:?}");
        let lines = own
            .iter()
            .map(|file| read(project.join(file)).lines().count());
        let lines: usize = lines.sum();
        assert!(lines <= most, "{name}: {lines} lines");
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
        environment.tests_of(&built.project);
    }
    environment.install(&[&FULL.wheel], &["--no-deps"]);
    for test in ["test_worker.py", "test_half_floats.py"] {
        environment.pytest(&python_files().join(test));
    }
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
        environment.tests_of(&built.project);
    }
}

/// Other crates may link the older version of PyO3, and a library links only one.
#[test]
#[ignore = "builds two projects anew"]
fn builds_with_the_older_pyo3() {
    for (name, points) in [("old-ext", vec![]), ("old-full-ext", extension_points())] {
        Built::new(name, &points, |project| {
            let mut cargo = cargo(project);
            cargo.args(["update", "--package", "pyo3", "--precise", "0.28.2"]);
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
        if project.join("src/scalar_udf.rs").exists() {
            environment
                .python()
                .args(["-m", "mypy", "--cache-dir=/dev/null"])
                .arg("pyo3-datafusion/conformance")
                .current_dir(project)
                .succeed();
        }
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
