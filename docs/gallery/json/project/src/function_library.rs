//! The functions of `datafusion-functions-json`.

use datafusion_common::Result;
use pyo3::prelude::*;
use pyo3_datafusion::function::{Functions, Library, library};

pub fn functions() -> Result<Functions> {
    let mut functions = Functions::default();
    datafusion_functions_json::register_all(&mut functions)?;
    Ok(functions)
}

/// The functions as objects for Python.
#[pyfunction]
pub fn function_library(py: Python<'_>) -> PyResult<Library> {
    library(py, functions)
}
