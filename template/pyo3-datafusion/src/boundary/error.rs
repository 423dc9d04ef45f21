//! Panics become errors, and errors become exceptions of Python.
//!
//! A panic must not leave this crate: most callbacks of `datafusion-ffi` are `extern "C"`
//! functions, and a panic that reaches one aborts the whole Python process.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use datafusion_common::{DataFusionError, Result, exec_datafusion_err};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use super::host::package;

/// Calls `f`; a panic in it becomes an error.
pub fn catch<T>(f: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| Err(panicked(panic)))
}

/// Calls `f`, for a constructor in Python.
///
/// # Errors
///
/// `ValueError` for a `Configuration` error, and `RuntimeError` for every other one, and for a panic.
pub fn call<T>(f: impl FnOnce() -> Result<T>) -> PyResult<T> {
    catch(f).map_err(to_py_err)
}

/// The error for the payload of a panic.
pub fn panicked(panic: Box<dyn Any + Send>) -> DataFusionError {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    exec_datafusion_err!("{} panicked: {message}", package().name)
}

/// What an error says that has crossed the FFI, without the prefix that each crossing adds.
pub fn crossed(message: &str) -> &str {
    let message = message.trim_start_matches("FFI error: ");
    if message.starts_with("TaskContextProvider went out of scope") {
        return "the SessionContext was deleted: keep it as long as its tables are used";
    }
    message
}

/// `error` as Python sees it: a `Configuration` error, which is about an argument, is a
/// `ValueError`, an exception of Python is itself, and every other error is a `RuntimeError`.
pub fn to_py_err(error: DataFusionError) -> PyErr {
    match error {
        DataFusionError::Configuration(message) => PyValueError::new_err(message),
        DataFusionError::External(error) => match error.downcast::<PyErr>() {
            Ok(exception) => *exception,
            Err(error) => PyRuntimeError::new_err(error.to_string()),
        },
        error => PyRuntimeError::new_err(error.strip_backtrace()),
    }
}

/// The `KeyboardInterrupt`, or whatever else a signal handler of Python raises, as an error.
#[cfg(any(feature = "functions", feature = "tables"))]
pub fn interrupted() -> Result<()> {
    let asked = Python::try_attach(|py| py.check_signals());
    // While Python exits, nothing can attach to it.
    asked
        .unwrap_or(Ok(()))
        .map_err(|error| DataFusionError::External(Box::new(error)))
}

/// [`interrupted`], but at most ten times a second, for functions that the host calls for each row. The
/// host itself looks for Ctrl-C between batches.
#[cfg(feature = "functions")]
pub fn interrupted_throttled() -> Result<()> {
    use std::cell::Cell;
    use std::time::{Duration, Instant};

    thread_local! {
        static ASKED: Cell<Instant> = Cell::new(Instant::now());
    }

    let now = Instant::now();
    if now.duration_since(ASKED.get()) < Duration::from_millis(100) {
        return Ok(());
    }
    ASKED.set(now);
    interrupted()
}
