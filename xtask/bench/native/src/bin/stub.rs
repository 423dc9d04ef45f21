//! The source that is generated, without Python and without the FFI.

#![allow(dead_code, reason = "what only Python calls")]

#[path = "../../../stub-ext/src/readings.rs"]
mod readings;
#[path = "../../../stub-ext/src/source.rs"]
mod source;

use pyo3_datafusion::table::SourceTable;

fn main() -> anyhow::Result<()> {
    native::serve(|arguments| {
        let [rows, partitions] = *arguments else {
            anyhow::bail!("expected rows, partitions");
        };
        let source = source::ReadingsSource::try_new(rows, partitions)?;
        Ok(SourceTable::try_new(source)?.provider())
    })
}
