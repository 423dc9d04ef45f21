//! The functions of `geodatafusion`.

use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::SessionContext;
use datafusion_common::Result;
use pyo3::prelude::*;
use pyo3_datafusion::function::{Functions, Library, library};

pub fn functions() -> Result<Functions> {
    // The crate registers its functions with a session. This one has no others.
    let ctx = SessionContext::new_with_state(SessionStateBuilder::new().build());
    geodatafusion::register(&ctx);
    Functions::from_registry(&ctx)
}

/// The functions as objects for Python.
#[pyfunction]
pub fn function_library(py: Python<'_>) -> PyResult<Library> {
    library(py, functions)
}
