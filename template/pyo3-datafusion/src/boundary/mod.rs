//! The boundary to Python and to the host: the version check, capsules, errors, the runtime.

#[cfg(feature = "tables")]
pub(crate) mod arrow_stream;
pub(crate) mod error;
#[cfg(feature = "tables")]
pub(crate) mod filters;
pub(crate) mod host;
#[cfg(feature = "tables")]
pub(crate) mod protobuf;
#[expect(unsafe_code, reason = "capsules and FFI structs hold raw pointers")]
pub(crate) mod raw;
#[cfg(feature = "tables")]
pub(crate) mod run;
#[cfg(any(feature = "functions", feature = "tables"))]
pub(crate) mod runtime;
#[cfg(all(test, feature = "tables"))]
mod tests;
