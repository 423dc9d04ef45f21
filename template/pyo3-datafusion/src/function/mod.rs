//! Scalar, aggregate and window functions, which DataFusion calls through guards.

mod aggregate;
mod constants;
mod distinct;
mod library;
mod list;
mod scalar;
#[doc(hidden)]
pub mod simple;
mod state;
#[cfg(test)]
mod tests;
mod window;

pub use aggregate::guarded as guarded_aggregate;
pub use library::{
    AggregateFunction, Library, LibraryFunction, ScalarFunction, WindowFunction, library,
};
pub use list::Functions;
pub use scalar::guarded as guarded_scalar;
#[cfg(feature = "plans")]
pub(crate) use scalar::is_guarded;
pub use simple::Decimal;
pub use state::{AggregateState, State, accumulator, groups_accumulator, sliding_accumulator};
pub use window::guarded as guarded_window;
