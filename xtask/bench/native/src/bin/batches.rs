//! The benchmark's source, without Python and without the FFI.

#![allow(dead_code, reason = "what only Python calls")]

#[path = "../../../bench-ext/src/ffi"]
mod ffi {
    pub mod claims;
    pub mod error;
    pub mod runtime;
    pub mod source;
    pub mod source_exec;
    pub mod source_table;

    pub use native::{host, without_expressions};
}
#[path = "../../../bench-ext/src/source.rs"]
mod source;

fn main() -> anyhow::Result<()> {
    native::serve(|arguments| {
        let [rows, partitions, columns, batch_rows, copy] = *arguments else {
            anyhow::bail!("expected rows, partitions, columns, rows of a batch, copy");
        };
        let source = source::ReadingsSource::try_new(rows, partitions, columns, batch_rows, copy != 0)?;
        Ok(ffi::source_table::SourceTable::try_new(source)?)
    })
}
