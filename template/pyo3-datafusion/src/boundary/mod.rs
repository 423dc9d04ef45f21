//! The boundary to Python and to the host: the version check, capsules, errors, the runtime.

#[cfg(feature = "tables")]
pub(crate) mod arrow_stream;
#[cfg(feature = "tables")]
#[expect(unsafe_code, reason = "capsules hold raw pointers")]
pub(crate) mod capsule;
pub(crate) mod error;
pub(crate) mod host;
#[cfg(feature = "tables")]
pub(crate) mod runtime;
#[cfg(all(test, feature = "tables"))]
mod tests;
