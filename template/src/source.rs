//! Your data: its schema, its partitions, and how its rows are read.
//!
//! This file knows neither Python nor the FFI, so `cargo test` covers it without either.
//! Replace it step by step, in the order of the numbers; after each step it still builds.
//!
//! The readings below are computed as they are asked for: nothing is held in memory, however
//! many rows there are. Rows that were inserted are, as there is no other place for them.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions,
    StringArray, TimestampMicrosecondArray,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use datafusion_common::stats::Precision;
use datafusion_common::{
    ColumnStatistics, DataFusionError, Result, ScalarValue, Statistics, exec_err,
};
use datafusion_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown};
use futures::stream::{self, BoxStream, StreamExt};

/// More rows than this would overflow `recorded_at`.
pub const MAX_ROWS: i64 = 1_000_000_000_000;
pub const MAX_PARTITIONS: i64 = 1024;

const SENSORS: [&str; 4] = ["attic", "cellar", "garden", "kitchen"];
/// 2026-01-01T00:00:00Z, in microseconds since the Unix epoch.
const FIRST_RECORDED_AT: i64 = 1_767_225_600_000_000;
/// One reading a second.
const MICROS_PER_ROW: i64 = 1_000_000;
/// The sensors fail once in so many readings, which leaves `celsius` null.
const ROWS_PER_FAILURE: i64 = 100;

/// A table of temperature readings.
#[derive(Debug)]
pub struct Source {
    rows: i64,
    partitions: i64,
    inserted: Mutex<Vec<RecordBatch>>,
    counters: Arc<Counters>,
}

/// What the source has done so far, over all queries. It shows that pushdown works.
#[derive(Debug, Default)]
pub struct Counters {
    /// Partitions that were opened.
    pub partitions: AtomicU64,
    /// Rows that were produced.
    pub rows: AtomicU64,
    /// Values that were computed: rows times the columns that were asked for.
    pub values: AtomicU64,
}

impl Source {
    /// TODO(7): take what your source needs (a path, a URL, credentials), and check it here.
    /// Python sees a `Configuration` error as a `ValueError`.
    pub fn try_new(rows: i64, partitions: i64) -> Result<Self> {
        if !(0..=MAX_ROWS).contains(&rows) {
            return Err(DataFusionError::Configuration(format!(
                "rows must be between 0 and {MAX_ROWS}, got {rows}"
            )));
        }
        if !(1..=MAX_PARTITIONS).contains(&partitions) {
            return Err(DataFusionError::Configuration(format!(
                "partitions must be between 1 and {MAX_PARTITIONS}, got {partitions}"
            )));
        }
        Ok(Self {
            rows,
            partitions,
            inserted: Mutex::default(),
            counters: Arc::default(),
        })
    }

    pub fn rows(&self) -> i64 {
        self.rows
    }

    pub fn partitions(&self) -> i64 {
        self.partitions
    }

    /// How many rows were inserted.
    pub fn inserted_rows(&self) -> usize {
        self.inserted().iter().map(RecordBatch::num_rows).sum()
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// TODO(1): the columns of your table. Called once, when the table is made.
    pub fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("sensor", DataType::Utf8, false),
            Field::new("celsius", DataType::Float64, true),
            Field::new(
                "recorded_at",
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                false,
            ),
        ]))
    }

    /// TODO(2): the partitions to read for one query. DataFusion reads them in parallel. You may
    /// `.await` here, timers and I/O included.
    ///
    /// - `projection`: the columns asked for, in order; there may be none.
    /// - `filters`: those that [`Self::supports_filter`] took.
    /// - `limit`: that many rows are enough. Comes only when all filters are exact.
    pub async fn plan(
        &self,
        projection: &SchemaRef,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Vec<Partition>> {
        let mut wanted = i64::MIN..i64::MAX;
        let mut candidates = 0..self.rows;
        for filter in filters.iter().filter_map(IdFilter::new) {
            match filter {
                IdFilter::Rows(ids) => wanted = intersect(&wanted, &ids),
                IdFilter::Partitions(ids) => candidates = intersect(&candidates, &ids),
            }
        }
        let mut rows = intersect(&wanted, &(0..self.rows));
        // TODO(5): stop early where the source can.
        if let Some(limit) = limit {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            rows.end = rows.end.min(rows.start.saturating_add(limit));
        }

        let mut parts: Vec<_> = (0..self.partitions)
            .map(|i| self.first_id(i)..self.first_id(i + 1))
            .filter(|ids| !intersect(ids, &candidates).is_empty())
            .map(|ids| intersect(&ids, &rows))
            .filter(|ids| !ids.is_empty())
            .map(Rows::Computed)
            .collect();
        for batch in self.inserted().iter() {
            let batch = with_ids(batch, &wanted)?;
            if batch.num_rows() > 0 {
                parts.push(Rows::Inserted(batch));
            }
        }
        Ok(parts
            .into_iter()
            .map(|rows| Partition {
                rows,
                schema: Arc::clone(projection),
                counters: Arc::clone(&self.counters),
            })
            .collect())
    }

    /// TODO(4): what the source makes of one filter.
    ///
    /// - `Exact`: every row that fails the filter is left out; DataFusion trusts it.
    /// - `Inexact`: some of them are left out; DataFusion filters again.
    /// - `Unsupported`: [`Self::plan`] never sees it.
    pub fn supports_filter(&self, filter: &Expr) -> TableProviderFilterPushDown {
        match IdFilter::new(filter) {
            Some(IdFilter::Rows(_)) => TableProviderFilterPushDown::Exact,
            Some(IdFilter::Partitions(_)) => TableProviderFilterPushDown::Inexact,
            None => TableProviderFilterPushDown::Unsupported,
        }
    }

    /// TODO(8): take the rows of an `INSERT INTO`: all of them, or none and an error. They have
    /// the columns of [`Self::schema`]. Where there is nothing to write to, say
    /// `not_impl_err!("readings cannot be inserted")`.
    pub async fn insert(&self, batches: Vec<RecordBatch>) -> Result<()> {
        for batch in &batches {
            let ids = batch.column(0).as_primitive::<Int64Type>();
            if let Some(id) = ids.values().iter().find(|id| !(0..MAX_ROWS).contains(*id)) {
                return exec_err!("id must be between 0 and {}, got {id}", MAX_ROWS - 1);
            }
        }
        self.inserted().extend(batches);
        Ok(())
    }

    fn inserted(&self) -> MutexGuard<'_, Vec<RecordBatch>> {
        // It is whole, whatever panicked: nobody leaves it half-changed.
        self.inserted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first_id(&self, partition: i64) -> i64 {
        // `rows * partition` stays below MAX_ROWS * MAX_PARTITIONS, which fits.
        self.rows * partition / self.partitions
    }
}

/// A part of the table that is read in one go: one row at least.
#[derive(Debug, Clone)]
pub struct Partition {
    pub rows: Rows,
    /// The columns asked for.
    pub schema: SchemaRef,
    pub counters: Arc<Counters>,
}

#[derive(Debug, Clone)]
pub enum Rows {
    /// Computed from their ids.
    Computed(Range<i64>),
    /// As they were inserted, with all columns.
    Inserted(RecordBatch),
}

impl Partition {
    /// TODO(3): read the rows, in batches of at most `batch_size`, with the columns that the
    /// projection given to [`Source::plan`] asks for and no others.
    ///
    /// You may `.await` inside the stream, timers and I/O included. It is dropped as soon as
    /// nobody wants more, after `LIMIT` or Ctrl-C, and that is when reading must stop.
    pub fn read(&self, batch_size: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        if batch_size == 0 {
            return exec_err!("batch_size must be positive");
        }
        self.counters.partitions.fetch_add(1, Ordering::Relaxed);
        let partition = self.clone();
        let rows = self.row_count();
        Ok(stream::unfold(0, move |start| {
            let end = rows.min(start + batch_size);
            let batch = (start < end).then(|| partition.batch(start..end));
            async move { Some((batch?, end)) }
        })
        .boxed())
    }

    fn row_count(&self) -> usize {
        match &self.rows {
            Rows::Computed(ids) => (ids.end - ids.start) as usize,
            Rows::Inserted(batch) => batch.num_rows(),
        }
    }

    fn batch(&self, rows: Range<usize>) -> Result<RecordBatch> {
        let column = |field: &Arc<Field>| -> Result<ArrayRef> {
            match &self.rows {
                Rows::Computed(ids) => {
                    let ids = ids.start + rows.start as i64..ids.start + rows.end as i64;
                    column(field.name(), ids)
                }
                Rows::Inserted(batch) => match batch.column_by_name(field.name()) {
                    Some(column) => Ok(column.slice(rows.start, rows.len())),
                    None => exec_err!("no column named {}", field.name()),
                },
            }
        };
        let columns = self
            .schema
            .fields()
            .iter()
            .map(column)
            .collect::<Result<Vec<_>>>()?;
        let values = (rows.len() * columns.len()) as u64;
        self.counters
            .rows
            .fetch_add(rows.len() as u64, Ordering::Relaxed);
        self.counters.values.fetch_add(values, Ordering::Relaxed);
        // The row count says how long a batch without columns is, as `count(*)` may ask for.
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }

    /// TODO(6): what is known of this partition before it is read. `Exact` must be right:
    /// DataFusion answers `count(*)` and `max(id)` from it, without reading a row. Where you
    /// do not know, say `Statistics::new_unknown(&self.schema)`.
    pub fn statistics(&self) -> Result<Statistics> {
        let rows = self.row_count();
        let mut statistics =
            Statistics::new_unknown(&self.schema).with_num_rows(Precision::Exact(rows));
        let Rows::Computed(ids) = &self.rows else {
            return Ok(statistics);
        };
        let (first, last) = (ids.start, ids.end - 1);
        for (field, column) in self
            .schema
            .fields()
            .iter()
            .zip(&mut statistics.column_statistics)
        {
            *column = match field.name().as_str() {
                "id" => ColumnStatistics::new_unknown()
                    .with_null_count(Precision::Exact(0))
                    .with_distinct_count(Precision::Exact(rows))
                    .with_min_value(Precision::Exact(ScalarValue::from(first)))
                    .with_max_value(Precision::Exact(ScalarValue::from(last))),
                "sensor" => ColumnStatistics::new_unknown().with_null_count(Precision::Exact(0)),
                "celsius" => {
                    ColumnStatistics::new_unknown().with_null_count(Precision::Exact(failures(ids)))
                }
                "recorded_at" => ColumnStatistics::new_unknown()
                    .with_null_count(Precision::Exact(0))
                    .with_distinct_count(Precision::Exact(rows))
                    .with_min_value(Precision::Exact(timestamp(first)))
                    .with_max_value(Precision::Exact(timestamp(last))),
                unknown => return exec_err!("no column named {unknown}"),
            };
        }
        Ok(statistics)
    }
}

fn column(name: &str, ids: Range<i64>) -> Result<ArrayRef> {
    Ok(match name {
        "id" => Arc::new(Int64Array::from_iter_values(ids)),
        "sensor" => Arc::new(StringArray::from_iter_values(ids.map(sensor))),
        "celsius" => Arc::new(ids.map(celsius).collect::<Float64Array>()),
        "recorded_at" => Arc::new(
            TimestampMicrosecondArray::from_iter_values(ids.map(recorded_at)).with_timezone("UTC"),
        ),
        unknown => return exec_err!("no column named {unknown}"),
    })
}

/// The rows of `batch` whose id is among `ids`.
fn with_ids(batch: &RecordBatch, ids: &Range<i64>) -> Result<RecordBatch> {
    let column = batch.column(0).as_primitive::<Int64Type>();
    let among = BooleanArray::from_unary(column, |id| ids.contains(&id));
    Ok(filter_record_batch(batch, &among)?)
}

fn sensor(id: i64) -> &'static str {
    SENSORS[id as usize % SENSORS.len()]
}

fn celsius(id: i64) -> Option<f64> {
    let failed = id % ROWS_PER_FAILURE == ROWS_PER_FAILURE - 1;
    (!failed).then(|| 15.0 + (id % 24) as f64 / 2.0)
}

fn recorded_at(id: i64) -> i64 {
    FIRST_RECORDED_AT + id * MICROS_PER_ROW
}

fn timestamp(id: i64) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(Some(recorded_at(id)), Some("UTC".into()))
}

fn failures(ids: &Range<i64>) -> usize {
    (ids.end / ROWS_PER_FAILURE - ids.start / ROWS_PER_FAILURE) as usize
}

/// The ids that a filter leaves, in the two ways a source can know them.
enum IdFilter {
    /// These rows and no others: a filter on `id`.
    Rows(Range<i64>),
    /// Partitions with none of these can be skipped: a filter on `recorded_at`, taken the way a
    /// file's first and last timestamp would be.
    Partitions(Range<i64>),
}

impl IdFilter {
    /// Understands `column op literal` and `literal op column`. `AND` and `BETWEEN` arrive as
    /// several filters.
    fn new(filter: &Expr) -> Option<Self> {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else {
            return None;
        };
        let (column, op, value) = match (left.as_ref(), right.as_ref()) {
            (Expr::Column(column), Expr::Literal(value, _)) => (column, *op, value),
            (Expr::Literal(value, _), Expr::Column(column)) => (column, op.swap()?, value),
            _ => return None,
        };
        match (column.name.as_str(), value) {
            ("id", ScalarValue::Int64(Some(id))) => range(op, *id, *id).map(Self::Rows),
            ("recorded_at", ScalarValue::TimestampMicrosecond(Some(micros), _)) => {
                let since_first = micros.saturating_sub(FIRST_RECORDED_AT);
                let id = since_first.div_euclid(MICROS_PER_ROW);
                range(op, id, id.saturating_add(1)).map(Self::Partitions)
            }
            _ => None,
        }
    }
}

/// The ids for which `id op x` can hold, where `x` lies between `low` and `high`.
fn range(op: Operator, low: i64, high: i64) -> Option<Range<i64>> {
    match op {
        Operator::Eq => Some(low..high.saturating_add(1)),
        Operator::Lt => Some(i64::MIN..high),
        Operator::LtEq => Some(i64::MIN..high.saturating_add(1)),
        Operator::Gt => Some(low.saturating_add(1)..i64::MAX),
        Operator::GtEq => Some(low..i64::MAX),
        _ => None,
    }
}

fn intersect(a: &Range<i64>, b: &Range<i64>) -> Range<i64> {
    a.start.max(b.start)..a.end.min(b.end)
}
