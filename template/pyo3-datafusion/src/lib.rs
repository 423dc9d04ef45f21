#![doc = include_str!("../README.md")]

// The macros name this crate, also where it tests them.
#[cfg(all(test, feature = "functions"))]
extern crate self as pyo3_datafusion;

mod boundary;
#[cfg(feature = "plans")]
pub mod codec;
pub mod compat;
pub mod export;
#[cfg(feature = "functions")]
pub mod function;
#[cfg(feature = "tables")]
pub mod provider;
mod session;
#[cfg(feature = "tables")]
pub mod table;

pub use boundary::error::{call, to_py_err};
pub use boundary::host::{Package, Register, check_host, register_for_host};
#[cfg(feature = "tables")]
pub use boundary::runtime::block_on;
#[cfg(feature = "functions")]
pub use chrono;
#[cfg(feature = "functions")]
pub use pyo3_datafusion_macros::{State, aggregate_udf, scalar_udf, window_udf};
#[cfg(feature = "functions")]
pub use session::options;
