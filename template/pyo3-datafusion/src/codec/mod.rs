//! Plans and functions as bytes, for another process.

mod class;
mod functions;
mod logical;
mod message;
mod physical;

pub use class::{PyLogicalCodec, PyPhysicalCodec};
pub(crate) use logical::GuardedLogicalCodec;
pub use logical::{SourceCodec, SourceLogicalCodec};
pub(crate) use physical::GuardedPhysicalCodec;
pub use physical::{PartitionCodec, SourcePhysicalCodec};
