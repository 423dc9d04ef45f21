//! What a session has besides tables and functions: options, optimizer rules, planners, and what is
//! installed together.

#[cfg(feature = "plans")]
pub(crate) mod components;
#[cfg(feature = "functions")]
pub mod options;
#[cfg(feature = "plans")]
pub(crate) mod planner;
#[cfg(feature = "plans")]
pub(crate) mod rule;
