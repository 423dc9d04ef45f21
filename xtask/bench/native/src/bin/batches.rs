//! The benchmark's source, without Python and without the FFI.

#![allow(dead_code, reason = "what only Python calls")]

#[path = "../../../bench-ext/src/insert_exec.rs"]
mod insert_exec;
#[path = "../../../bench-ext/src/panic.rs"]
mod panic;
#[path = "../../../bench-ext/src/runtime.rs"]
mod runtime;
#[path = "../../../bench-ext/src/source.rs"]
mod source;
#[path = "../../../bench-ext/src/source_exec.rs"]
mod source_exec;
#[path = "../../../bench-ext/src/source_table.rs"]
mod source_table;

fn main() -> anyhow::Result<()> {
    native::serve(|arguments| {
        let [rows, partitions, columns, batch_rows, copy] = *arguments else {
            anyhow::bail!("expected rows, partitions, columns, rows of a batch, copy");
        };
        let source = source::Source::try_new(rows, partitions, columns, batch_rows, copy != 0)?;
        Ok(source_table::SourceTable::try_new(source)?)
    })
}
