//! All `unsafe` code.

#[cfg(feature = "tables")]
pub(crate) mod capsule;
#[cfg(feature = "tables")]
mod run;
#[cfg(feature = "tables")]
pub(crate) mod scan;
pub(crate) mod unknown_options;
