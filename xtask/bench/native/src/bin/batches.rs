//! The benchmark's source, without Python and without the FFI.

#![allow(dead_code, reason = "what only Python calls")]

#[path = "../../../bench-ext/src/source.rs"]
mod source;

use pyo3_datafusion::table::SourceTable;

fn main() -> anyhow::Result<()> {
    native::serve(|arguments| {
        let [rows, partitions, columns, batch_rows, copy] = *arguments else {
            anyhow::bail!("expected rows, partitions, columns, rows of a batch, copy");
        };
        let source = source::ReadingsSource::try_new(rows, partitions, columns, batch_rows, copy != 0)?;
        Ok(SourceTable::try_new(source)?.provider())
    })
}
