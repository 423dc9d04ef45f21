//! The numbers of the example, which are computed as they are asked for: nothing is held in memory,
//! however many rows there are. Delete this file when your own rows come.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion_common::{Result, exec_err};
use datafusion_expr::Operator;

/// More rows than this would overflow `recorded_at`.
pub const MAX_ROWS: i64 = 1_000_000_000_000;
pub const MAX_PARTITIONS: i64 = 1024;

const SENSORS: [&str; 4] = ["attic", "cellar", "garden", "kitchen"];
/// 2026-01-01T00:00:00Z, in microseconds since the Unix epoch.
const FIRST_RECORDED_AT: i64 = 1_767_225_600_000_000;
/// There is one reading a second.
const MICROS_PER_ROW: i64 = 1_000_000;
/// One reading in this many fails, and its `celsius` is null.
const ROWS_PER_FAILURE: i64 = 100;

/// These count what a table has done so far, over all queries. They show that pushdown works.
#[derive(Debug, Default)]
pub struct Counters {
    /// Partitions that were opened.
    pub partitions: AtomicU64,
    /// Rows that were produced.
    pub rows: AtomicU64,
    /// Values that were computed: rows times the columns that were asked for.
    pub values: AtomicU64,
}

pub fn schema() -> SchemaRef {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("sensor", DataType::Utf8, false),
        Field::new("celsius", DataType::Float64, true),
        Field::new("recorded_at", utc, false),
    ]))
}

/// The readings `ids`, with the columns of `schema`.
pub fn batch(schema: &SchemaRef, ids: Range<i64>, counters: &Counters) -> Result<RecordBatch> {
    let rows = (ids.end - ids.start) as usize;
    let columns = schema
        .fields()
        .iter()
        .map(|field| column(field.name(), ids.clone()))
        .collect::<Result<Vec<_>>>()?;
    let values = (rows * columns.len()) as u64;
    counters.rows.fetch_add(rows as u64, Ordering::Relaxed);
    counters.values.fetch_add(values, Ordering::Relaxed);
    // A batch without columns, which `count(*)` may ask for, takes its length from this row count.
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let schema = Arc::clone(schema);
    Ok(RecordBatch::try_new_with_options(
        schema, columns, &options,
    )?)
}

fn column(name: &str, ids: Range<i64>) -> Result<ArrayRef> {
    let sensor = |id| SENSORS[id as usize % SENSORS.len()];
    let celsius = |id| {
        let failed = id % ROWS_PER_FAILURE == ROWS_PER_FAILURE - 1;
        (!failed).then(|| 15.0 + (id % 24) as f64 / 2.0)
    };
    let recorded_at = |id| FIRST_RECORDED_AT + id * MICROS_PER_ROW;
    Ok(match name {
        "id" => Arc::new(Int64Array::from_iter_values(ids)),
        "sensor" => Arc::new(StringArray::from_iter_values(ids.map(sensor))),
        "celsius" => Arc::new(ids.map(celsius).collect::<Float64Array>()),
        "recorded_at" => Arc::new(
            TimestampMicrosecondArray::from_iter_values(ids.map(recorded_at)).with_timezone("UTC"),
        ),
        unknown => return exec_err!("there is no column {unknown}"),
    })
}

/// The last reading that was recorded at the time `micros` or before.
pub fn id_at(micros: i64) -> i64 {
    micros
        .saturating_sub(FIRST_RECORDED_AT)
        .div_euclid(MICROS_PER_ROW)
}

/// The ids for which `id op x` can hold, where `x` lies between `low` and `high`.
pub fn range(op: Operator, low: i64, high: i64) -> Option<Range<i64>> {
    match op {
        Operator::Eq => Some(low..high.saturating_add(1)),
        Operator::Lt => Some(i64::MIN..high),
        Operator::LtEq => Some(i64::MIN..high.saturating_add(1)),
        Operator::Gt => Some(low.saturating_add(1)..i64::MAX),
        Operator::GtEq => Some(low..i64::MAX),
        _ => None,
    }
}

pub fn intersect(a: &Range<i64>, b: &Range<i64>) -> Range<i64> {
    a.start.max(b.start)..a.end.min(b.end)
}
