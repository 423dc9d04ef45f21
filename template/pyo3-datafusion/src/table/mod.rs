//! Tables: what you implement for one, and the plans that read it and write to it.

mod claims;
mod class;
mod host_functions;
mod insert;
mod insert_exec;
mod source;
mod source_exec;
mod source_table;
#[cfg(test)]
mod tests;

pub use class::PyTable;
pub(crate) use host_functions::{plan_any_call, plan_call, with_constants};
pub use insert::Insert;
pub(crate) use insert_exec::{InsertExec, RowSink, rows_as_plan};
pub use source::{Partition, Scan, Source, comparison, one_of};
pub use source_exec::SourceExec;
pub use source_table::{SourceProvider, SourceTable};
