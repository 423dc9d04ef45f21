//! Errors of DataFusion, as Python sees them.

use datafusion_common::DataFusionError;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

/// A `Configuration` error, which is about an argument, becomes a `ValueError`.
pub fn exception(error: DataFusionError) -> PyErr {
    match error {
        DataFusionError::Configuration(message) => PyValueError::new_err(message),
        error => PyRuntimeError::new_err(error.strip_backtrace()),
    }
}
