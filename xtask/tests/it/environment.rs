//! Wheels of generated projects, and fresh virtual environments to install them in.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use tempfile::TempDir;
use xtask::python::venv_program;
use xtask::root;

use crate::tools::{
    Run, build_environment, choose, cpython, download_cache, every_major, extension_points, files,
    generate, read, scratch, tool,
};

/// What the tests of a generated project import, besides the project.
pub const TEST_PACKAGES: [&str; 3] = ["hypothesis", "pyarrow", "pytest"];

/// A generated project and its wheel.
pub struct Built {
    pub project: PathBuf,
    pub wheel: PathBuf,
}

/// A project with all defaults.
pub static PLAIN: LazyLock<Built> = LazyLock::new(|| Built::new("plain-ext", &[], |_| {}));

/// A project with all extension points, for every major of DataFusion.
pub static FULL: LazyLock<Built> = LazyLock::new(|| {
    let answers = [choose(&extension_points()), every_major()].concat();
    Built::with_answers("full-ext", &answers, |_| {})
});

impl Built {
    /// Generates the project `name` with extension points `points`, the default ones if there are
    /// none, lets `change` edit it, and builds its wheel.
    pub fn new(name: &str, points: &[String], change: impl FnOnce(&Path)) -> Self {
        Self::with_answers(name, &choose(points), change)
    }

    /// The same with any answers, as arguments.
    pub fn with_answers(name: &str, answers: &[String], change: impl FnOnce(&Path)) -> Self {
        let folder = scratch(&format!("project {name}"));
        generate(&folder, name).args(answers).succeed();
        let project = folder.join(name);
        change(&project);

        let wheel = build_wheel(&project, cpython("3.11"), "dist");
        Self { project, wheel }
    }
}

/// Writes the functions of the stubs with DataFusion's whole traits: these can lie and fail in more
/// ways than the attributes allow.
pub fn write_full_traits(project: &Path) {
    let crate_name = project.file_name().unwrap().to_str().unwrap();
    let crate_name = crate_name.replace('-', "_");
    for point in ["scalar_udf", "aggregate_udf", "window_udf"] {
        let file = format!("{point}.rs");
        let text = read(root().join("xtask/tests/full_traits").join(&file));
        let text = text.replace("{{crate_name}}", &crate_name);
        fs::write(project.join("src").join(&file), text).unwrap();
    }
}

/// Builds a development wheel of `project` for the Python `interpreter`, in its folder `out`, which
/// holds no other.
pub fn build_wheel(project: &Path, interpreter: impl AsRef<OsStr>, out: &str) -> PathBuf {
    build_wheel_with(project, interpreter, out, |_| {})
}

/// The same, where `change` changes the command.
pub fn build_wheel_with(
    project: &Path,
    interpreter: impl AsRef<OsStr>,
    out: &str,
    change: impl FnOnce(&mut Command),
) -> PathBuf {
    // One at a time: maturin takes the library from the shared target folder.
    static BUILDING: Mutex<()> = Mutex::new(());
    let _building = BUILDING
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut maturin = tool("maturin");
    maturin
        .args(["build", "--profile", "dev", "--compatibility", "off"])
        .args(["--out", out, "--interpreter"])
        .arg(interpreter)
        .current_dir(project);
    build_environment(&mut maturin);
    change(&mut maturin);
    maturin.succeed();
    let out = project.join(out);
    let wheels = files(&out);
    let [wheel] = wheels.as_slice() else {
        panic!("not one wheel: {wheels:?}");
    };
    out.join(wheel)
}

/// A virtual environment of its own, gone when it is dropped: one takes 400 MB.
pub struct Environment(TempDir);

impl Environment {
    /// Makes one with CPython `version` and `packages` from PyPI, or from paths.
    pub fn new<P: AsRef<OsStr>>(name: &str, version: &str, packages: &[P]) -> Self {
        static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| scratch("environments"));
        let venv = TempDir::with_prefix_in(format!("{name} "), &*FOLDER).unwrap();
        tool("uv")
            .args(["venv", "--quiet", "--clear", "--python"])
            .arg(cpython(version))
            .arg(venv.path())
            .succeed();
        let environment = Self(venv);
        environment.install(packages, &[]);
        environment
    }

    /// Installs `packages`, with further arguments for uv.
    pub fn install<P: AsRef<OsStr>>(&self, packages: &[P], arguments: &[&str]) {
        let packages = packages.iter().map(AsRef::as_ref);
        let (built, mut packages): (Vec<_>, Vec<_>) =
            packages.partition(|package| Path::new(package).extension() == Some("whl".as_ref()));
        if !built.is_empty() {
            self.uv_pip_install(&built)
                .args(["--no-cache", "--no-deps"])
                .succeed();
        }
        // What these need comes from the cache.
        let names = built.iter().map(|wheel| {
            let name = Path::new(wheel).file_name().unwrap().to_str().unwrap();
            OsStr::new(name.split('-').next().unwrap())
        });
        if !arguments.contains(&"--no-deps") {
            packages.extend(names);
        }
        if !packages.is_empty() {
            self.uv_pip_install(&packages).args(arguments).succeed();
        }
    }

    fn uv_pip_install(&self, packages: &[&OsStr]) -> Command {
        let mut uv = tool("uv");
        uv.args(["pip", "install", "--quiet", "--python"])
            .arg(venv_program(self.0.path(), "python"))
            .args(packages)
            .envs(download_cache());
        uv
    }

    pub fn python(&self) -> Command {
        let mut command = Command::new(venv_program(self.0.path(), "python"));
        // Not the tests' own folder, nor a cache in the project.
        command.args(["-X", "faulthandler", "-B"]);
        command
    }

    /// Runs the tests in `path`, which must pass.
    pub fn pytest(&self, path: &Path) {
        passed(
            self.pytest_command(path)
                .current_dir(path.parent().unwrap()),
        );
    }

    /// The command that runs the tests in `path`.
    pub fn pytest_command(&self, path: &Path) -> Command {
        let mut command = self.tests();
        command.arg(path);
        command
    }

    /// Runs all tests of a project, which must pass.
    pub fn tests_of(&self, project: &Path) {
        passed(self.tests().current_dir(project));
    }

    /// The command that runs the tests of the project that it is run in.
    pub fn tests(&self) -> Command {
        let mut command = self.python();
        command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]);
        command
    }
}

fn passed(pytest: &mut Command) {
    let said = pytest.succeed();
    assert!(said.contains(" passed"), "{said}");
    println!("{}", said.lines().last().unwrap_or_default());
}
