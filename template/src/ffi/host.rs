//! The host, that is the `datafusion` Python package that loads this crate, and the capsules
//! that are handed to it.

use std::ffi::CStr;
use std::hint::black_box;

use pyo3::exceptions::{
    PyException, PyImportError, PyMemoryError, PyModuleNotFoundError, PyOSError,
};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// What a capsule holds, and the name that says so.
pub trait Capsule: Send + 'static {
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
    datafusion_ffi::query_planner::FFI_QueryPlanner: c"datafusion_query_planner",
    datafusion_ffi::schema_provider::FFI_SchemaProvider: c"datafusion_schema_provider",
    datafusion_ffi::table_provider::FFI_TableProvider: c"datafusion_table_provider",
    datafusion_ffi::table_provider_factory::FFI_TableProviderFactory: c"datafusion_table_provider_factory",
    datafusion_ffi::udaf::FFI_AggregateUDF: c"datafusion_aggregate_udf",
    datafusion_ffi::udf::FFI_ScalarUDF: c"datafusion_scalar_udf",
    datafusion_ffi::udtf::FFI_TableFunction: c"datafusion_table_function",
    datafusion_ffi::udwf::FFI_WindowUDF: c"datafusion_window_udf",
}

/// A host of the right version. DataFusion's capsules are opened and made only through it:
/// between two majors their layout differs, and the process would crash.
#[derive(Clone, Copy)]
pub struct Host<'py>(Python<'py>);

impl<'py> Host<'py> {
    /// Compares the major version of the installed `datafusion` with the one that this crate was
    /// built with. Call it first in every `__datafusion_…__` method.
    ///
    /// # Errors
    ///
    /// `ImportError`, saying what to install, unless they are the same.
    pub fn check(py: Python<'py>) -> PyResult<Self> {
        let built_for = datafusion_ffi::version();
        let installed = py
            .import("importlib.metadata")?
            .call_method1("version", ("datafusion",))
            .and_then(|version| version.extract::<String>());
        let problem = match &installed {
            Ok(version) => match major(version) {
                Some(major) if major == built_for => return Ok(Self(py)),
                Some(_) => format!("datafusion {version} is installed"),
                None => format!("datafusion is installed with the unreadable version {version:?}"),
            },
            Err(error) if error.is_instance_of::<PyModuleNotFoundError>(py) => {
                "datafusion is not installed".to_owned()
            }
            Err(error) if is_of_the_process(py, error) => return Err(error.clone_ref(py)),
            Err(_) => "the version of the installed datafusion cannot be read".to_owned(),
        };
        let error = PyImportError::new_err(format!(
            "{} {} was built for datafusion {built_for}, but {problem}. \
             Run: pip install \"datafusion>={built_for},<{}\"",
            env!("CARGO_PKG_NAME"),
            env!("CARGO_PKG_VERSION"),
            built_for + 1,
        ));
        error.set_cause(py, installed.err());
        Err(error)
    }

    /// Puts `value` into a capsule, which drops it unless the host takes it.
    pub fn export<T: Capsule>(self, value: T) -> PyResult<Bound<'py, PyCapsule>> {
        PyCapsule::new_with_value(self.0, value, T::NAME)
    }
}

/// Raises an `ImportError` unless the installed `datafusion` has the right major version.
#[pyfunction]
pub fn check_host(py: Python<'_>) -> PyResult<()> {
    Host::check(py)?;
    Ok(())
}

/// Adds to `module` what every package has.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    keep_freed_memory();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(check_host, module)?)
}

/// Has glibc keep the memory of a batch for the next one. It returns freed blocks of more than
/// 128 KiB to the system, which makes scans of such batches take two to three times as long, but
/// raises that limit when a larger block is freed: here, once. Other allocators do not mind.
fn keep_freed_memory() {
    // The block is never written to, so it takes no memory.
    let block = Vec::<u8>::with_capacity(16 << 20);
    drop(black_box(block));
}

/// Whether `error` says nothing about the host: Ctrl-C, no memory left, too many open files.
fn is_of_the_process(py: Python<'_>, error: &PyErr) -> bool {
    !error.is_instance_of::<PyException>(py)
        || error.is_instance_of::<PyMemoryError>(py)
        || error.is_instance_of::<PyOSError>(py)
}

fn major(version: &str) -> Option<u64> {
    version.split('.').next()?.parse().ok()
}
