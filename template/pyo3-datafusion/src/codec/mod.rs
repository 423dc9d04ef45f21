//! Plans and functions as bytes, for another process.

mod functions;
mod logical;
mod physical;

pub(crate) use logical::GuardedLogicalCodec;
pub use logical::{SourceCodec, SourceLogicalCodec};
pub(crate) use physical::GuardedPhysicalCodec;
pub use physical::{PartitionCodec, SourcePhysicalCodec};
