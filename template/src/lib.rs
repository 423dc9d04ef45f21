//! {{project-name}}: what Python sees, one line for each class or function.

mod arrow_stream;
#[expect(unsafe_code, reason = "capsules hold raw pointers")]
mod host;
mod runtime;
mod source;
mod source_exec;
mod table_provider;

use pyo3::prelude::*;

/// Adds everything to `module`. It stands apart from the `#[pymodule]` so that another crate can
/// call it too, such as one that holds several DataFusion majors.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<table_provider::Readings>()?;
    Ok(())
}

#[pymodule(gil_used = false)]
fn _internal(module: &Bound<'_, PyModule>) -> PyResult<()> {
    register(module)
}
