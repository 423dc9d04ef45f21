//! The source that is generated, without Python and without the FFI.

#![allow(dead_code, reason = "what only Python calls")]

#[path = "../../../stub-ext/src/ffi"]
mod ffi {
    pub mod claims;
    pub mod error;
    pub mod runtime;
    pub mod source;
    pub mod source_exec;
    pub mod source_table;

    pub use native::{host, without_expressions};
}
#[path = "../../../stub-ext/src/readings.rs"]
mod readings;
#[path = "../../../stub-ext/src/source.rs"]
mod source;

fn main() -> anyhow::Result<()> {
    native::serve(|arguments| {
        let [rows, partitions] = *arguments else {
            anyhow::bail!("expected rows, partitions");
        };
        let source = source::ReadingsSource::try_new(rows, partitions)?;
        Ok(ffi::source_table::SourceTable::try_new(source)?)
    })
}
