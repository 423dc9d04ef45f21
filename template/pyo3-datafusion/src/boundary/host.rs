//! The host, that is the `datafusion` Python package that loads this library, and its version.

use std::ffi::CStr;
use std::hint::black_box;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

/// The major of `datafusion` that this crate is built for.
pub use datafusion_ffi::version as major;
use pyo3::exceptions::{
    PyException, PyImportError, PyMemoryError, PyModuleNotFoundError, PyOSError,
};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::raw::unknown_options::Lenient;

/// The Python package that this library belongs to.
#[derive(Debug, Clone)]
pub struct Package {
    pub name: &'static str,
    pub version: &'static str,
    /// The namespace of the package's options in a session: `SET options_prefix.option = …`.
    pub options_prefix: &'static str,
    /// The majors of `datafusion` that the package has a build for.
    pub majors: RangeInclusive<u64>,
}

/// Set once, when Python imports the package. Each package links a copy of this crate.
static PACKAGE: OnceLock<Package> = OnceLock::new();

impl Package {
    /// Names this package in errors, and adds `__version__` and `check_host` to `module`.
    pub fn register(self, module: &Bound<'_, PyModule>) -> PyResult<()> {
        let package = PACKAGE.get_or_init(|| self);
        reuse_freed_memory();
        module.add("__version__", package.version)?;
        module.add_function(wrap_pyfunction!(check_host, module)?)
    }
}

/// The registered package. A Rust program that links a package without Python has none.
pub fn package() -> &'static Package {
    PACKAGE.get_or_init(|| Package {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        options_prefix: "",
        majors: major()..=major(),
    })
}

/// Proof that the host has the right major version. DataFusion's capsules are opened and made only
/// through a `Host`: a capsule of another major has another layout, and would crash the process.
#[derive(Clone, Copy)]
pub struct Host<'py>(Python<'py>);

impl<'py> Host<'py> {
    /// Compares the major version of the installed `datafusion` with the one that this crate was
    /// built with.
    ///
    /// # Errors
    ///
    /// `ImportError`, saying what to install, unless they are the same.
    pub fn check(py: Python<'py>) -> PyResult<Self> {
        let Package {
            name,
            version: own_version,
            majors,
            ..
        } = package();
        let (first, last) = (majors.start(), majors.end());
        let installed = installed_version(py);
        let problem = match &installed {
            Ok(version) => match major_of(version) {
                Some(installed) if installed == major() => return Ok(Self(py)),
                Some(installed) if majors.contains(&installed) => {
                    return Err(PyImportError::new_err(format!(
                        "{name} {own_version} was imported with datafusion {}, but datafusion \
                         {version} is installed now: start Python again",
                        major(),
                    )));
                }
                Some(_) => format!("datafusion {version} is installed"),
                None => format!("datafusion is installed with the unreadable version {version:?}"),
            },
            Err(error) if error.is_instance_of::<PyModuleNotFoundError>(py) => {
                "datafusion is not installed".to_owned()
            }
            Err(error) if comes_from_the_process(py, error) => return Err(error.clone_ref(py)),
            Err(_) => "the version of the installed datafusion cannot be read".to_owned(),
        };
        let built_for = match first == last {
            true => first.to_string(),
            false => format!("{first} to {last}"),
        };
        let error = PyImportError::new_err(format!(
            "{name} {own_version} was built for datafusion {built_for}, but {problem}. \
             Run: pip install \"datafusion>={first},<{}\"",
            last + 1,
        ));
        error.set_cause(py, installed.err());
        Err(error)
    }

    /// Puts `value` into a capsule. If the host never takes the value out, the capsule drops it.
    pub fn export<T: Capsule>(self, value: T) -> PyResult<Bound<'py, PyCapsule>> {
        new_capsule(self.0, value.lenient())
    }
}

/// A capsule that drops its value, if nobody takes the value out.
pub fn new_capsule<T: Capsule>(py: Python<'_>, value: T) -> PyResult<Bound<'_, PyCapsule>> {
    // PyO3 0.28, which the feature `pyarrow` of arrow 58 links, has no `new_with_value`.
    #[allow(deprecated)]
    PyCapsule::new(py, value, Some(T::NAME.to_owned()))
}

/// Raises an `ImportError` unless the installed `datafusion` has the right major version.
#[pyfunction]
pub fn check_host(py: Python<'_>) -> PyResult<()> {
    Host::check(py)?;
    Ok(())
}

/// Fills a module with one build of a package, given its version and the majors of all builds.
pub type Register = fn(&Bound<'_, PyModule>, &'static str, RangeInclusive<u64>) -> PyResult<()>;

/// Fills `module` with the build for the installed `datafusion`. `builds` has the major of each
/// build, the oldest first. If none fits, the last build is used, and its hooks say what to install.
pub fn register_for_host(
    module: &Bound<'_, PyModule>,
    version: &'static str,
    builds: &[(u64, Register)],
) -> PyResult<()> {
    let installed = installed_version(module.py()).ok();
    let installed = installed.and_then(|version| major_of(&version));
    let fitting = builds.iter().find(|(major, _)| Some(*major) == installed);
    match (builds.first(), fitting.or(builds.last()), builds.last()) {
        (Some((first, _)), Some((_, register)), Some((last, _))) => {
            register(module, version, *first..=*last)
        }
        _ => Err(PyImportError::new_err("this package has no build")),
    }
}

/// Makes glibc reuse freed memory. It returns freed blocks of more than 128 KiB to the system,
/// which makes scans of such batches take two to three times as long, but raises that limit when a
/// larger block is freed: here, once. Other allocators do not mind.
fn reuse_freed_memory() {
    // The block is never written to, so it takes no memory.
    let block = Vec::<u8>::with_capacity(16 << 20);
    drop(black_box(block));
}

/// Whether `error` comes from the process, not from the host: Ctrl-C, no memory left, too many
/// open files.
fn comes_from_the_process(py: Python<'_>, error: &PyErr) -> bool {
    !error.is_instance_of::<PyException>(py)
        || error.is_instance_of::<PyMemoryError>(py)
        || error.is_instance_of::<PyOSError>(py)
}

fn installed_version(py: Python<'_>) -> PyResult<String> {
    py.import("importlib.metadata")?
        .call_method1("version", ("datafusion",))?
        .extract()
}

fn major_of(version: &str) -> Option<u64> {
    version.split('.').next()?.parse().ok()
}

/// What a capsule holds, and the name that says so.
pub trait Capsule: Lenient + Send + 'static {
    const NAME: &'static CStr;
}

macro_rules! capsules {
    ($($held:path: $name:literal,)*) => {
        $(impl Capsule for $held {
            const NAME: &'static CStr = $name;
        })*
    };
}

// DataFusion's protocol: the hook `__datafusion_x__` returns a capsule named `datafusion_x`.
capsules! {
    datafusion_ffi::catalog_provider::FFI_CatalogProvider: c"datafusion_catalog_provider",
    datafusion_ffi::catalog_provider_list::FFI_CatalogProviderList: c"datafusion_catalog_provider_list",
    datafusion_ffi::config::extension_options::FFI_ExtensionOptions: c"datafusion_extension_options",
    datafusion_ffi::execution::FFI_TaskContextProvider: c"datafusion_task_context_provider",
    datafusion_ffi::physical_optimizer::FFI_PhysicalOptimizerRule: c"datafusion_physical_optimizer_rule",
    datafusion_ffi::proto::logical_extension_codec::FFI_LogicalExtensionCodec: c"datafusion_logical_extension_codec",
    datafusion_ffi::proto::physical_extension_codec::FFI_PhysicalExtensionCodec: c"datafusion_physical_extension_codec",
    datafusion_ffi::schema_provider::FFI_SchemaProvider: c"datafusion_schema_provider",
    datafusion_ffi::table_provider::FFI_TableProvider: c"datafusion_table_provider",
    datafusion_ffi::table_provider_factory::FFI_TableProviderFactory: c"datafusion_table_provider_factory",
    datafusion_ffi::udaf::FFI_AggregateUDF: c"datafusion_aggregate_udf",
    datafusion_ffi::udf::FFI_ScalarUDF: c"datafusion_scalar_udf",
    datafusion_ffi::udtf::FFI_TableFunction: c"datafusion_table_function",
    datafusion_ffi::udwf::FFI_WindowUDF: c"datafusion_window_udf",
}
