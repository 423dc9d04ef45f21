//! What `datafusion-ffi` does for each batch, as far as it is public: the parts of the boundary.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, bail};
use arrow::array::{Array, RecordBatch, StructArray};
use arrow::datatypes::Schema;
use arrow::ffi::{FFI_ArrowSchema, to_ffi};

const TIMES: u32 = 1000;

/// The nanoseconds that `part` takes for one batch.
pub fn measure(part: &str, batch: &RecordBatch) -> Result<u128> {
    let exported = FFI_ArrowSchema::try_from(batch.schema_ref().as_ref())?;
    let started = Instant::now();
    for _ in 0..TIMES {
        match part {
            // The schema goes out with each batch.
            "schema out" => {
                black_box(FFI_ArrowSchema::try_from(batch.schema_ref().as_ref())?);
            }
            // The columns, and the schema once more, which is thrown away.
            "array out" => {
                let array = StructArray::from(black_box(batch.clone()));
                black_box(to_ffi(&array.to_data())?);
            }
            // The host makes a schema of its own of what came.
            "schema in" => {
                black_box(Schema::try_from(black_box(&exported))?);
            }
            unknown => bail!("no part {unknown}"),
        }
    }
    Ok(started.elapsed().as_nanos() / u128::from(TIMES))
}
