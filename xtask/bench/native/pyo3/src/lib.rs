//! As much of pyo3 as the machinery of a source names. Nothing here is ever called.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;

pub mod prelude {
    pub use crate::{PyErr, PyResult, Python};
}

pub mod exceptions {
    pub use crate::{PyErr as PyRuntimeError, PyErr as PyValueError};
}

pub struct Python<'py>(PhantomData<&'py ()>);

impl Python<'_> {
    pub fn detach<T>(&self, f: impl FnOnce() -> T) -> T {
        f()
    }

    pub fn try_attach<T>(_: impl FnOnce(Python<'_>) -> T) -> Option<T> {
        None
    }

    pub fn check_signals(&self) -> PyResult<()> {
        Ok(())
    }
}

#[derive(Debug)]
pub struct PyErr;

impl PyErr {
    pub fn new_err(_message: String) -> Self {
        Self
    }
}

impl fmt::Display for PyErr {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an exception")
    }
}

impl Error for PyErr {}

pub type PyResult<T> = Result<T, PyErr>;
