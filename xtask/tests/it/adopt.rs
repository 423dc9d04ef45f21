//! Packages that exist take the machinery over.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use xtask::root;

use crate::environment::{Environment, TEST_PACKAGES, build_wheel, build_wheel_with};
use crate::tools::{Run, cpython, files, git, read, scratch, target};

/// The files of the tests: crates, and patches of real packages.
fn fixtures() -> PathBuf {
    root().join("xtask/tests/adopt")
}

/// The crate that is shaped as the example in datafusion-python, committed.
fn upstream(folder: &Path) -> PathBuf {
    let package = folder.join("numbers-ext");
    for path in files(&fixtures().join("upstream")) {
        write(
            &package,
            &path,
            &read(fixtures().join("upstream").join(&path)),
        );
    }
    commit(&package);
    package
}

fn write(folder: &Path, path: impl AsRef<Path>, text: &str) {
    let file = folder.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// A repository of its own, with all files as they are.
fn commit(folder: &Path) {
    git(folder, &["init", "--quiet"]);
    git(folder, &["add", "--all", "--force"]);
    git(folder, &["commit", "--quiet", "--message", "Mine"]);
}

fn adopt(package: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("adopt").arg(package).args(arguments);
    command.stdin(Stdio::null());
    // The folders of the tests are in a repository themselves.
    command.env("GIT_CEILING_DIRECTORIES", root().join("target"));
    command
}

/// All files but git's own, by path.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = files(folder).into_iter();
    let read = |path: &PathBuf| fs::read(folder.join(path)).unwrap();
    paths.map(|path| (path.clone(), read(&path))).collect()
}

/// The lines that a file has gained and lost.
fn changed_lines(package: &Path, path: &str) -> Vec<String> {
    let diff = git(package, &["diff", "--unified=0", "--", path]);
    let lines = diff.lines().skip_while(|line| !line.starts_with("@@"));
    let changed = lines.filter(|line| line.starts_with(['+', '-']));
    changed.map(str::to_owned).collect()
}

/// `git apply` takes what the command printed.
fn apply_what_was_printed(package: &Path, printed: &[u8]) {
    let patch = package.parent().unwrap().join("hooks.patch");
    fs::write(&patch, printed).unwrap();
    git(package, &["apply", patch.to_str().unwrap()]);
}

/// Queries a table of a hundred numbers, and says how many filters its scan got.
const QUERY: &str = "
import numbers_ext
from datafusion import SessionContext, udf
ctx, table = SessionContext(), numbers_ext.Numbers(100)
ctx.register_table('numbers', table)
ctx.register_udf(udf(numbers_ext.is_even()))
rows = ctx.sql('SELECT n FROM numbers WHERE n > 96 AND is_even(n)').to_pydict()
print(rows, table.filters)
";
const PANIC: &str = "
import numbers_ext
from datafusion import SessionContext, udf
ctx = SessionContext()
ctx.register_udf(udf(numbers_ext.is_even()))
ctx.register_table('numbers', numbers_ext.Numbers(2000))
try:
    ctx.sql('SELECT is_even(n) FROM numbers').collect()
except Exception as error:
    print(error)
";

/// With the edit that the command prints, and nothing else.
#[test]
fn as_printed_a_package_is_better() {
    let folder = scratch("adopt upstream");
    let package = upstream(&folder);
    write(&package, ".gitignore", "/before\n/after\n/Cargo.lock\n");
    git(
        &package,
        &["commit", "--quiet", "--all", "--message", "Ignored"],
    );
    let adopted = adopt(&package, &["--yes", "--tests", "tests/datafusion"]).finish();
    assert!(
        adopted.status.success(),
        "{}",
        crate::tools::printed(&adopted)
    );
    // Only the table of dependencies has another line.
    assert_eq!(
        changed_lines(&package, "Cargo.toml"),
        [
            "+pyo3-datafusion = { path = \"pyo3-datafusion\", features = [\"functions\", \"tables\"] }"
        ]
    );
    assert_eq!(git(&package, &["diff", "--name-only"]).trim(), "Cargo.toml");
    // Its code is as it was, and DataFusion is compiled as for a generated project.
    let before = build_wheel(&package, cpython("3.11"), "before");
    apply_what_was_printed(&package, &adopted.stdout);
    Command::new("rustfmt")
        .args(["--check", "--edition", "2021", "src/lib.rs"])
        .current_dir(&package)
        .succeed();
    let after = build_wheel(&package, cpython("3.11"), "after");

    let run = |wheel: &Path, host: &str, code: &str| {
        let environment = Environment::new("adopt", "3.12", &[host, "pyarrow"]);
        environment.install(&[wheel], &["--no-deps"]);
        environment.python().args(["-c", code]).finish()
    };
    let printed = |output: &std::process::Output| crate::tools::printed(output);
    let (old, new) = (
        run(&before, "datafusion==55.*", QUERY),
        run(&after, "datafusion==55.*", QUERY),
    );
    assert_eq!(printed(&old).trim(), "{'n': [98]} 0");
    assert!(
        printed(&new).trim().starts_with("{'n': [98]} "),
        "{}",
        printed(&new)
    );
    assert!(!printed(&new).trim().ends_with(" 0"), "{}", printed(&new));
    // A signal ends Python.
    assert_eq!(run(&before, "datafusion==55.*", PANIC).status.code(), None);
    let panicked = run(&after, "datafusion==55.*", PANIC);
    assert!(panicked.status.success(), "{}", printed(&panicked));
    assert!(
        printed(&panicked).contains("too many numbers"),
        "{}",
        printed(&panicked)
    );
    // The conformance tests pass, as the page says to run them.
    let instances = package.join("tests/datafusion/instances.py");
    let text = read(&instances)
        .replace("    # Table(", "    Table(")
        .replace(
            "Numbers(...), rows=1_000, key=[\"id\"]",
            "Numbers(100), rows=100, key=[\"n\"]",
        );
    fs::write(&instances, text).unwrap();
    let environment = Environment::new("adopt kit", "3.12", &TEST_PACKAGES);
    environment.install(&["datafusion==55.*"], &[]);
    environment.install(&[&after], &["--no-deps"]);
    let page = read(root().join("docs/how-to/adopt.md"));
    let (_, command) = page.split_once("$ pytest ").unwrap();
    let arguments = command.lines().next().unwrap().split(' ');
    let said = environment
        .tests()
        .args(arguments)
        .current_dir(&package)
        .succeed();
    assert!(said.contains(" passed"), "{said}");

    let other = printed(&run(&after, "datafusion==54.*", QUERY));
    assert!(
        other.contains(
            "ImportError: numbers-extension 1.2.3 was built for datafusion 55, but datafusion 54"
        ),
        "{other}"
    );
}

#[test]
fn a_dry_run_says_what_it_found_and_changes_nothing() {
    let package = upstream(&scratch("adopt dry"));
    let before = contents(&package);
    let said = adopt(&package, &["--dry-run"]).succeed();
    for expected in [
        "numbers-ext 1.2.3 (Python: numbers-extension, `import numbers_ext`)",
        "DataFusion 55: datafusion-ffi 55.",
        "PyO3 0.29.",
        ", abi3-py310; edition 2021, rust-version 1.94.0",
        "Numbers.__datafusion_table_provider__, src/table_provider.rs:",
        "is_even.__datafusion_scalar_udf__, src/scalar_udf.rs:",
        "fn `ffi_logical_codec_from_pycapsule`, src/utils.rs:",
        "fn `warn_of_untested_version`, src/table_provider.rs:",
        "+        export::table_provider(py, Arc::new(provider), Some(&session))",
        "+        export::scalar_udf(py, || ScalarUDF::from(self.clone()))",
        "Note: Nothing in src/ names `datafusion-ffi` then.",
        "Note: Nothing is left in src/utils.rs: delete it, and its `mod`.",
        "This was a dry run: nothing was changed.",
    ] {
        assert!(said.contains(expected), "no {expected:?} in\n{said}");
    }
    assert!(contents(&package) == before);
}

#[test]
fn adopting_twice_changes_nothing() {
    let package = upstream(&scratch("adopt twice"));
    let tests = ["--yes", "--tests", "tests/datafusion"];
    let done = adopt(&package, &tests).finish();
    assert!(done.status.success(), "{}", crate::tools::printed(&done));
    apply_what_was_printed(&package, &done.stdout);
    commit(&package);
    let before = contents(&package);
    for arguments in [&tests[..], &["--yes"]] {
        let said = adopt(&package, arguments).succeed();
        assert!(said.contains("uses pyo3-datafusion already"), "{said}");
        assert!(
            said.contains("Nothing to do: numbers-ext has all of it."),
            "{said}"
        );
        assert!(contents(&package) == before);
    }
    // The machinery is the template's, and the tests know the classes.
    for path in files(&root().join("template/pyo3-datafusion")) {
        let template = fs::read(root().join("template/pyo3-datafusion").join(&path)).unwrap();
        assert!(
            before[&Path::new("pyo3-datafusion").join(&path)] == template,
            "{path:?}"
        );
    }
    let instances = read(package.join("tests/datafusion/instances.py"));
    for class in [
        "Table(\"Numbers\", lambda: numbers_ext.Numbers(...)",
        "Scalar(numbers_ext.is_even,",
    ] {
        assert!(instances.contains(class), "{instances}");
    }
}

/// A member of a workspace that has its dependencies, of the older major, and line ends of Windows.
fn member(folder: &Path) -> PathBuf {
    let repository = folder.join("repository");
    let lib = read(fixtures().join("member.rs"));
    for (path, text) in [
        ("Cargo.toml", read(fixtures().join("workspace.toml"))),
        (
            "crates/core/Cargo.toml",
            "[package]\nname = \"core-of-it\"\nedition = \"2021\"\n".to_owned(),
        ),
        ("crates/core/src/lib.rs", String::new()),
        (
            "bindings/python/Cargo.toml",
            read(fixtures().join("member.toml")).replace('\n', "\r\n"),
        ),
        ("bindings/python/src/lib.rs", lib.replace('\n', "\r\n")),
    ] {
        write(&repository, path, &text);
    }
    commit(&repository);
    repository
}

#[test]
fn a_member_inherits_from_its_workspace() {
    let repository = member(&scratch("adopt member"));
    let package = repository.join("bindings/python");
    let done = adopt(
        &package,
        &["--yes", "--machinery", "../../crates/datafusion"],
    )
    .finish();
    let said = crate::tools::printed(&done);
    assert!(done.status.success(), "{said}");
    assert_eq!(
        changed_lines(&repository, "Cargo.toml"),
        [
            "+pyo3-datafusion = { package = \"pyo3-datafusion-54\", path = \"crates/datafusion/majors/54\" }"
        ]
    );
    assert_eq!(
        changed_lines(&repository, "bindings/python/Cargo.toml"),
        ["+pyo3-datafusion = { workspace = true, features = [\"tables\"] }"]
    );
    assert!(read(package.join(".template-answers.toml")).contains("\"../../crates/datafusion\""));
    let manifest = read(package.join("Cargo.toml"));
    assert!(!manifest.replace("\r\n", "").contains('\n'), "{manifest:?}");
    apply_what_was_printed(&repository, &done.stdout);
    let lib = read(package.join("src/lib.rs"));
    assert!(!lib.replace("\r\n", "").contains('\n'), "{lib:?}");
    for line in [
        "        let provider = Arc::clone(&self.provider) as Arc<dyn CatalogProvider + Send>;\r\n",
        "        export::catalog_provider(py, provider, session)\r\n",
        "        majors: 54..=54,\r\n",
    ] {
        assert!(lib.contains(line), "{lib}");
    }
    assert!(!lib.contains("unsafe") && !lib.contains("FFI_"), "{lib}");
}

/// One sentence, and every byte as before.
#[test]
fn refuses_what_it_cannot_do() {
    let folder = scratch("adopt refusals");
    let start = upstream(&folder);
    let edit = |path: &'static str, old: &'static str, new: &'static str| {
        move |package: &Path| {
            let text = read(package.join(path));
            assert!(text.contains(old), "{path} has no {old}");
            write(package, path, &text.replace(old, new));
            commit(package);
        }
    };
    type Change = Box<dyn Fn(&Path)>;
    let cases: Vec<(Change, &[&str], &str)> = vec![
        (
            Box::new(|package| fs::remove_dir_all(package.join(".git")).unwrap()),
            &[],
            "is not in a git repository: type `git init`, and commit all files",
        ),
        (
            Box::new(|package| write(package, "src/new.rs", "")),
            &[],
            "error: commit or stash your changes first, in src/new.rs",
        ),
        (
            Box::new(|package| {
                git(package, &["rm", "--quiet", "Cargo.toml"]);
                git(package, &["commit", "--quiet", "--message", "None"]);
            }),
            &[],
            "has no Cargo.toml: name the folder of the crate that has PyO3",
        ),
        (
            Box::new(edit("Cargo.toml", "\"cdylib\"", "\"rlib\"")),
            &[],
            "error: numbers-ext is no Python module: the [lib] in its Cargo.toml needs crate-type = [\"cdylib\"]",
        ),
        (
            Box::new(edit(
                "Cargo.toml",
                "[dependencies.pyo3]",
                "[build-dependencies.pyo3]",
            )),
            &[],
            "error: numbers-ext does not depend on pyo3: name the folder of the crate that does",
        ),
        (
            Box::new(|package| {
                let text = read(package.join("Cargo.toml"))
                    .replace("version = \"55\"", "version = \"53\"");
                write(package, "Cargo.toml", &text.replace("\"59.2\"", "\"58\""));
                commit(package);
            }),
            &[],
            "error: numbers-ext links DataFusion 53, and pyo3-datafusion is for 54 and 55: move the crate to one of these first",
        ),
        (
            Box::new(|package| {
                let text = read(package.join("Cargo.toml"));
                let lines = text.lines().filter(|line| !line.starts_with("datafusion-"));
                write(package, "Cargo.toml", &lines.collect::<Vec<_>>().join("\n"));
                commit(package);
            }),
            &[],
            "error: numbers-ext does not link DataFusion: there is nothing to adopt for it",
        ),
        (
            Box::new(edit(
                "Cargo.toml",
                "version = \"0.29\"",
                "version = \"0.27\"",
            )),
            &[],
            "which numbers-ext 1.2.3 (^0.27) want, but pyo3-datafusion needs >=0.28, <0.31, and Python links only one: move these to a PyO3 in that range first",
        ),
        (
            Box::new(|package| {
                write(package, "pyo3-datafusion/mine.rs", "");
                commit(package);
            }),
            &[],
            "error: there is a folder pyo3-datafusion already: choose another with --machinery",
        ),
        (
            Box::new(|package| {
                for path in ["src/table_provider.rs", "src/scalar_udf.rs"] {
                    let text = read(package.join(path));
                    write(
                        package,
                        path,
                        &text.replace("fn __datafusion_", "fn datafusion_"),
                    );
                }
                commit(package);
            }),
            &[],
            "error: no class of numbers-ext has a hook `__datafusion_…__` that pyo3-datafusion exports: say what you need with --features",
        ),
        (
            Box::new(|package| {
                write(package, ".template-answers.toml", "[template]\n[values]\n");
                commit(package);
            }),
            &[],
            "error: numbers-ext was generated from the template: `uvx nox --session update` updates it",
        ),
        (
            Box::new(|_| {}),
            &["--machinery", "../../elsewhere"],
            "error: ../../elsewhere is not in the repository: choose a folder in it",
        ),
    ];
    for (number, (change, arguments, sentence)) in cases.iter().enumerate() {
        let package = folder.join(number.to_string());
        for (path, bytes) in contents(&start) {
            let file = package.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, bytes).unwrap();
        }
        commit(&package);
        change(&package);
        let before = contents(&package);
        let said = adopt(&package, &[&["--yes"], *arguments].concat()).fail();
        let last = said.lines().last().unwrap_or_default();
        assert!(
            last.starts_with("error: ") && last.contains(sentence),
            "{number}: {said}"
        );
        assert!(contents(&package) == before, "{number}: {said}");
    }
}

#[test]
fn a_workspace_names_its_members() {
    let repository = member(&scratch("adopt workspace"));
    let said = adopt(&repository, &[]).fail();
    assert!(
        said.contains(
            "is a workspace: name the folder of its crate that has PyO3, bindings/python"
        ),
        "{said}"
    );
}

/// If a file cannot be written, the others are as before.
#[test]
#[cfg(unix)]
fn takes_back_what_it_began() {
    let package = upstream(&scratch("adopt undone"));
    // A folder of that name that git does not see.
    fs::create_dir_all(package.join("Cargo.lock/in the way")).unwrap();
    write(&package, ".git/info/exclude", "Cargo.lock\n");
    fs::create_dir(package.join(".template-answers.toml")).unwrap();
    let before = contents(&package);
    let said = adopt(&package, &["--yes"]).fail();
    assert!(said.contains("error: "), "{said}");
    assert!(
        contents(&package) == before && !package.join("pyo3-datafusion").exists(),
        "{said}"
    );
}

/// Nothing is left of a run that was stopped while cargo worked.
#[test]
#[cfg(unix)]
fn stops_at_ctrl_c() {
    let folder = scratch("adopt stopped");
    let package = upstream(&folder);
    let before = contents(&package);
    crate::tools::write_program(&folder.join("bin"), "cargo", "exec sleep 20");
    let temporary = folder.join("tmp");
    fs::create_dir(&temporary).unwrap();
    let mut command = adopt(&package, &["--yes"]);
    command
        .env("CARGO", folder.join("bin/cargo"))
        .env("TMPDIR", &temporary)
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    // It works on its copy now.
    while !said.contains("Reading the crate") {
        assert!(lines.read_line(&mut said).unwrap() > 0, "{said}");
    }
    let id = child.id().to_string();
    Command::new("kill").args(["-INT", &id]).succeed();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(contents(&package) == before);
    assert_eq!(fs::read_dir(temporary).unwrap().count(), 0);
}

/// A package from PyPI, adopted from its source distribution.
struct Real {
    name: &'static str,
    version: &'static str,
    /// The folder of the crate.
    path: &'static str,
    /// The lines that its owner writes: at most.
    lines: usize,
}

const DELTALAKE: Real = Real {
    name: "deltalake",
    version: "1.6.6",
    path: "python",
    lines: 30,
};
const PYPAIMON: Real = Real {
    name: "pypaimon-rust",
    version: "0.4.0",
    path: "bindings/python",
    lines: 20,
};

impl Real {
    /// Its source distribution, committed.
    fn fetch(&self) -> PathBuf {
        let folder = scratch(&format!("adopt {}", self.name));
        crate::tools::tool("pip")
            .args(["download", "--quiet", "--no-deps", "--no-binary", self.name])
            .arg(format!("{}=={}", self.name, self.version))
            .arg("--dest")
            .arg(&folder)
            .succeed();
        let archive = format!("{}-{}", self.name.replace('-', "_"), self.version);
        Command::new("tar")
            .args(["-xf", &format!("{archive}.tar.gz")])
            .current_dir(&folder)
            .succeed();
        let package = folder.join(archive);
        commit(&package);
        package
    }

    /// Adopts it, and changes what the command says and no more.
    fn adopt(&self, package: &Path) {
        let done = adopt(&package.join(self.path), &["--yes"]).finish();
        assert!(done.status.success(), "{}", crate::tools::printed(&done));
        let said = String::from_utf8(done.stdout).unwrap();
        let (_, patch) = said.split_once("\n--- ").unwrap();
        let patch = patch
            .split("\nNote: ")
            .next()
            .unwrap()
            .split("\nDone: ")
            .next()
            .unwrap();
        let expected = read(fixtures().join(format!("{}.patch", self.name)));
        assert_eq!(format!("--- {patch}").trim(), expected.trim());
        let added = patch
            .lines()
            .filter(|line| line.starts_with('+') && !line.starts_with("+++"));
        assert!(added.count() <= self.lines);
        apply_what_was_printed(package, said.as_bytes());
        let again = adopt_again(&package.join(self.path));
        assert!(again.contains("Nothing to do"), "{again}");
    }
}

fn adopt_again(package: &Path) -> String {
    let top = git(package, &["rev-parse", "--show-toplevel"]);
    commit(Path::new(top.trim()));
    adopt(package, &["--yes"]).succeed()
}

/// The command, over packages that others wrote. Nothing is compiled.
#[test]
#[ignore = "fetches two source distributions: nightly"]
fn real_packages_are_adopted() {
    for real in [DELTALAKE, PYPAIMON] {
        real.adopt(&real.fetch());
    }
}

/// `deltalake` reads only the files that a query needs, as its own engine does.
#[test]
#[ignore = "builds deltalake, which takes an hour: nightly"]
fn deltalake_is_better() {
    let package = DELTALAKE.fetch();
    DELTALAKE.adopt(&package);
    // It links jemalloc, which does not build in a folder with a space in its name.
    let folder = target().join("adopted");
    let wheel = build_wheel_with(&package, cpython("3.11"), "after", |maturin| {
        maturin.env("CARGO_TARGET_DIR", folder);
    });
    let run = |wheel: &str, host: &str, arguments: &[&str]| {
        let environment = Environment::new("deltalake", "3.12", &[wheel, host, "pyarrow"]);
        let mut python = environment.python();
        let script = fixtures().join("query_deltalake.py");
        python.arg(script).args(arguments).finish()
    };
    let released = format!("deltalake=={}", DELTALAKE.version);
    let adopted = wheel.to_str().unwrap();
    for (what, wheel) in [("released", &*released), ("adopted", adopted)] {
        let said = crate::tools::printed(&run(wheel, "datafusion==55.*", &[]));
        println!("{what}: {said}");
        let expected = format!("\"reads only its partition\": {}", what == "adopted");
        assert!(said.contains(&expected), "{said}");
    }
    let said = crate::tools::printed(&run(adopted, "datafusion==54.*", &["--register"]));
    assert!(
        said.contains("ImportError: deltalake 1.6.6 was built for datafusion 55"),
        "{said}"
    );
}

/// `pypaimon-rust` raises an error on another major, and works on another minor.
#[test]
#[ignore = "builds pypaimon-rust, which takes an hour: nightly"]
fn pypaimon_is_better() {
    let package = PYPAIMON.fetch();
    PYPAIMON.adopt(&package);
    let wheel = build_wheel(&package, cpython("3.11"), "after");
    let released = format!("pypaimon-rust=={}", PYPAIMON.version);
    let run = |wheel: &str, host: &str| {
        let environment = Environment::new("pypaimon", "3.12", &[wheel, host, "pyarrow"]);
        let mut python = environment.python();
        python.arg(fixtures().join("query_paimon.py")).finish()
    };
    let answer = "{\"answer\": {\"rows\": [1000], \"total\": [499500]}}";
    let adopted = wheel.to_str().unwrap();
    for (wheel, host, expected) in [
        (&*released, "datafusion==54.0.0", Some(answer)),
        (
            &*released,
            "datafusion==54.1.0",
            Some("enable_file_stream_work_stealing"),
        ),
        // It ends by a signal.
        (&*released, "datafusion==55.0.0", None),
        (adopted, "datafusion==54.0.0", Some(answer)),
        (adopted, "datafusion==54.1.0", Some(answer)),
        (
            adopted,
            "datafusion==55.0.0",
            Some("ImportError: pypaimon-rust 0.4.0 was built for datafusion 54"),
        ),
    ] {
        let output = run(wheel, host);
        let said = crate::tools::printed(&output);
        match expected {
            Some(expected) => assert!(said.contains(expected), "{wheel} {host}: {said}"),
            None => assert_eq!(output.status.code(), None, "{said}"),
        }
    }
}
