//! The source that is generated, without Python and without the FFI.

#![allow(dead_code, reason = "what only Python calls")]

#[path = "../../../stub-ext/src/insert_exec.rs"]
mod insert_exec;
#[path = "../../../stub-ext/src/panic.rs"]
mod panic;
#[path = "../../../stub-ext/src/runtime.rs"]
mod runtime;
#[path = "../../../stub-ext/src/source.rs"]
mod source;
#[path = "../../../stub-ext/src/source_exec.rs"]
mod source_exec;
#[path = "../../../stub-ext/src/source_table.rs"]
mod source_table;

fn main() -> anyhow::Result<()> {
    native::serve(|arguments| {
        let [rows, partitions] = *arguments else {
            anyhow::bail!("expected rows, partitions");
        };
        let source = source::Source::try_new(rows, partitions)?;
        Ok(source_table::SourceTable::try_new(source)?)
    })
}
