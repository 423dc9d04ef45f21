//! All `unsafe` code.

#[cfg(feature = "tables")]
pub(crate) mod capsule;
pub(crate) mod unknown_options;
