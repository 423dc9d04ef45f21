//! `Lying(rows, lie)`: a table with the rows of an Arrow stream, in pieces of a sixteenth. It is honest
//! but for one lie, in a place that few queries reach.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{
    Array, ArrayRef, RecordBatch, RecordBatchOptions, RecordBatchReader, UInt64Array,
};
use arrow::compute::take_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::ffi_stream::ArrowArrayStreamReader;
use async_trait::async_trait;
use datafusion_common::stats::Precision;
use datafusion_common::tree_node::TreeNode;
use datafusion_common::{ColumnStatistics, Result, ScalarValue, Statistics, exec_err};
use datafusion_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::export;
use pyo3_datafusion::table::{Insert, Partition, Scan, Source, SourceTable};

type Progress = Arc<AtomicUsize>;

#[derive(Debug)]
struct LyingSource {
    lie: Arc<str>,
    schema: SchemaRef,
    batches: Mutex<Vec<RecordBatch>>,
    scans: AtomicUsize,
    /// Where the last reader stopped.
    progress: Progress,
    last_filters: Arc<Mutex<Vec<Expr>>>,
    rows_at_first: usize,
}

/// Whether a lie is about this filter.
fn is_about(lie: &str, filter: &Expr) -> bool {
    let binary =
        |e: &Expr, ops: &[Operator]| matches!(e, Expr::BinaryExpr(b) if ops.contains(&b.op));
    let literal =
        |e: &Expr, is: fn(&ScalarValue) -> bool| matches!(e, Expr::Literal(v, _) if is(v));
    let is_in = |e: &Expr, is: fn(&datafusion_expr::expr::InList) -> bool| matches!(e, Expr::InList(l) if is(l));
    let any = |is: &dyn Fn(&Expr) -> bool| filter.exists(|e| Ok(is(e))).unwrap_or(false);
    match lie {
        "IN with four values" => any(&|e| is_in(e, |l| !l.negated && l.list.len() > 3)),
        "NOT IN" => any(&|e| is_in(e, |l| l.negated)),
        "IN with a null" => any(&|e| {
            is_in(e, |l| {
                !l.negated
                    && l.list
                        .iter()
                        .any(|v| matches!(v, Expr::Literal(v, _) if v.is_null()))
            })
        }),
        "the empty text" => any(&|e| literal(e, |v| v.try_as_str().flatten() == Some(""))),
        "a number in no row" => any(&|e| literal(e, |v| matches!(v, ScalarValue::Int64(Some(-1))))),
        "the largest number" => any(&|e| literal(e, |v| *v == ScalarValue::Int64(Some(i64::MAX)))),
        "NaN" => any(&|e| {
            literal(
                e,
                |v| matches!(v, ScalarValue::Float64(Some(x)) if x.is_nan()),
            )
        }),
        "IS DISTINCT FROM" => any(&|e| binary(e, &[Operator::IsDistinctFrom])),
        "IS NOT DISTINCT FROM" => any(&|e| binary(e, &[Operator::IsNotDistinctFrom])),
        "LIKE" => any(&|e| matches!(e, Expr::Like(l) if !l.negated && !l.case_insensitive)),
        "NOT LIKE" => any(&|e| matches!(e, Expr::Like(l) if l.negated && !l.case_insensitive)),
        "ILIKE" => any(&|e| matches!(e, Expr::Like(l) if l.case_insensitive)),
        "a regular expression" => any(&|e| binary(e, &[Operator::RegexIMatch])),
        "remainder" => any(&|e| binary(e, &[Operator::Modulo])),
        "arithmetic" => any(&|e| binary(e, &[Operator::Plus, Operator::Minus, Operator::Multiply])),
        "bits" => any(&|e| binary(e, &[Operator::BitwiseShiftLeft])),
        "CASE" => any(&|e| matches!(e, Expr::Case(_))),
        "CAST" => any(&|e| matches!(e, Expr::Cast(_))),
        "a function" => any(&|e| matches!(e, Expr::ScalarFunction(_))),
        "IS NOT TRUE" => any(&|e| matches!(e, Expr::IsNotTrue(_) | Expr::IsNotUnknown(_))),
        "a condition by itself" => matches!(filter, Expr::Column(_)),
        "two columns" => any(&|e| {
            matches!(e, Expr::BinaryExpr(BinaryExpr { left, right, op: Operator::Lt | Operator::Gt })
                if matches!((&**left, &**right), (Expr::Column(_), Expr::Column(_))))
        }),
        "OR of two columns" => binary(filter, &[Operator::Or]) && filter.column_refs().len() > 1,
        "IS NULL beside a column" => any(&|e| matches!(e, Expr::IsNull(_))),
        _ => false,
    }
}

impl LyingSource {
    fn batches(&self) -> MutexGuard<'_, Vec<RecordBatch>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Source for LyingSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// It takes all filters, so that all of them have to cross, and uses none.
    fn supports_filter(&self, filter: &Expr) -> TableProviderFilterPushDown {
        match is_about(&self.lie, filter) {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Inexact,
        }
    }

    async fn partitions(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let scans = self.scans.fetch_add(1, Ordering::Relaxed);
        let mut last = self
            .last_filters
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        last.clone_from(&scan.filters);
        drop(last);
        let mut pieces = vec![];
        for batch in self.batches().iter() {
            let size = batch.num_rows().div_ceil(16).max(1);
            let starts = (0..batch.num_rows()).step_by(size);
            pieces.extend(starts.map(|at| batch.slice(at, size.min(batch.num_rows() - at))));
        }
        let dropped = match &*self.lie {
            "every 50th scan" => scans % 50 == 49,
            "two filters" => scan.filters.len() > 1,
            _ => false,
        };
        if &*self.lie == "a limit of 100" && scan.limit == Some(100) {
            pieces.truncate(1);
        }
        if dropped {
            pieces.pop();
        }
        let rows: usize = pieces.iter().map(RecordBatch::num_rows).sum();
        let partition = |rows_of| LyingPartition {
            lie: Arc::clone(&self.lie),
            rows: rows_of,
            scan: scan.clone(),
            progress: Arc::clone(&self.progress),
            reads: AtomicUsize::new(0),
            last_filters: Arc::clone(&self.last_filters),
            rows_at_first: (rows != self.rows_at_first).then_some(self.rows_at_first),
        };
        Ok(pieces
            .into_iter()
            .map(|piece| Box::new(partition(piece)) as _)
            .collect())
    }
}

#[async_trait]
impl Insert for LyingSource {
    async fn insert(&self, rows: BoxStream<'static, Result<RecordBatch>>) -> Result<u64> {
        let mut batches: Vec<_> = rows.try_collect().await?;
        let count = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        match &*self.lie {
            "an insert of several batches" if batches.len() > 1 => drop(batches.pop()),
            "an insert of no rows" if count == 0 => return exec_err!("no rows"),
            "an insert of a batch twice" if batches.len() > 3 => batches.push(batches[1].clone()),
            "an insert of nulls" => batches.retain(|batch| {
                count < 10 || batch.columns().iter().all(|column| column.null_count() < 2)
            }),
            "an insert of more than 400 rows" if count > 400 => drop(batches.remove(0)),
            _ => {}
        }
        self.batches().append(&mut batches);
        Ok(count)
    }
}

#[derive(Debug)]
struct LyingPartition {
    lie: Arc<str>,
    rows: RecordBatch,
    scan: Scan,
    progress: Progress,
    reads: AtomicUsize,
    last_filters: Arc<Mutex<Vec<Expr>>>,
    rows_at_first: Option<usize>,
}

/// The first row in the place of every row.
fn first_row(rows: &RecordBatch) -> Result<RecordBatch> {
    let indices = UInt64Array::from(vec![0; rows.num_rows()]);
    Ok(take_record_batch(rows, &indices)?)
}

impl Partition for LyingPartition {
    fn read(&self, batch_size: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let reads = self.reads.fetch_add(1, Ordering::Relaxed);
        let columns = self.scan.projection.len();
        let mut rows = self.rows.clone();
        let last = self
            .last_filters
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &*self.lie {
            "rows that are read again" if reads > 0 => rows = first_row(&rows)?,
            "the filters of the last scan" if *last != self.scan.filters => {
                rows = first_row(&rows)?
            }
            "batches of one row" if batch_size == 1 => rows = first_row(&rows)?,
            "batches of many rows" if batch_size > 1_000 => rows = first_row(&rows)?,
            "a row less without columns" if columns == 0 && self.scan.filters.is_empty() => {
                rows = rows.slice(0, rows.num_rows() - 1);
            }
            _ => {}
        }
        let mut arrays: Vec<ArrayRef> = rows.project(&self.scan.projection)?.columns().to_vec();
        match &*self.lie {
            "three columns" if columns == 3 => arrays = swapped(arrays),
            "two columns of one type" if columns == 2 => arrays = swapped(arrays),
            "one column" if columns == 1 && self.scan.projection[0] == 2 => {
                arrays[0] = Arc::clone(self.rows.column(1));
            }
            _ => {}
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        let schema = Arc::clone(&self.scan.schema);
        let batch = RecordBatch::try_new_with_options(schema, arrays, &options)?;
        if &*self.lie != "rows after half a read" {
            return Ok(stream::iter([Ok(batch)]).boxed());
        }
        // The reader after one that stopped early goes on where that one stopped.
        let progress = Arc::clone(&self.progress);
        let begun = progress.load(Ordering::Relaxed).min(batch.num_rows());
        let rows = (begun..batch.num_rows()).map(move |at| {
            let last = at + 1 == batch.num_rows();
            progress.store(if last { 0 } else { at + 1 }, Ordering::Relaxed);
            Ok(batch.slice(at, 1))
        });
        Ok(stream::iter(rows).boxed())
    }

    fn statistics(&self, schema: &SchemaRef) -> Result<Statistics> {
        let mut statistics = Statistics::new_unknown(schema);
        let rows = match (&*self.lie, self.rows_at_first) {
            ("the row count before an insert", Some(_)) => self.rows.num_rows() + 1,
            _ => self.rows.num_rows(),
        };
        if &*self.lie == "rows after half a read" {
            return Ok(statistics);
        }
        if &*self.lie != "a row less without columns" {
            statistics.num_rows = Precision::Exact(rows);
        }
        let columns = self.rows.project(&self.scan.projection)?;
        let counts = columns
            .columns()
            .iter()
            .map(|column| column.logical_null_count());
        for (column, nulls) in statistics.column_statistics.iter_mut().zip(counts) {
            column.null_count = Precision::Exact(nulls);
        }
        let filtered = !self.scan.filters.is_empty();
        let column = |name: &str| {
            schema
                .fields()
                .iter()
                .position(|field| field.name() == name)
        };
        let mut claim = |name: &str, about: fn(&mut ColumnStatistics)| {
            if let Some(at) = column(name) {
                about(&mut statistics.column_statistics[at]);
            }
        };
        match &*self.lie {
            "a sum of floats" => claim("celsius", |c| c.sum_value = Precision::Exact(7.5.into())),
            "a sum of whole numbers" => {
                claim("other", |c| c.sum_value = Precision::Exact(7_i64.into()))
            }
            "a minimum under a filter" if filtered => {
                claim("id", |c| {
                    c.min_value = Precision::Exact(ScalarValue::Int64(Some(-7)))
                });
            }
            "a maximum of text" => claim("name", |c| c.max_value = Precision::Exact("b".into())),
            "distinct values of a filter" if filtered => {
                claim("name", |c| c.distinct_count = Precision::Exact(1));
            }
            "statistics in another order" => statistics.column_statistics.reverse(),
            "nulls of the last column" if schema.fields().len() > 1 => {
                if let Some(last) = statistics.column_statistics.last_mut() {
                    last.null_count = Precision::Exact(0);
                }
            }
            _ => {}
        }
        Ok(statistics)
    }
}

/// The first and the last column of one type change places.
fn swapped(mut arrays: Vec<ArrayRef>) -> Vec<ArrayRef> {
    let last = arrays.len() - 1;
    if arrays[0].data_type() == arrays[last].data_type() {
        arrays.swap(0, last);
    }
    arrays
}

/// A table that tells one lie. ``Lying(rows)`` is an honest one.
#[pyclass(frozen, module = "lying_ext")]
pub struct Lying(SourceTable<LyingSource>);

#[allow(unsafe_code)]
fn read(rows: &Bound<'_, PyAny>) -> PyResult<ArrowArrayStreamReader> {
    let capsule = rows
        .call_method0("__arrow_c_stream__")?
        .cast_into::<PyCapsule>()?;
    let stream = capsule.pointer_checked(Some(c"arrow_array_stream"))?;
    // SAFETY: a capsule of this name points to a stream, which the reader takes out of it.
    let reader = unsafe { ArrowArrayStreamReader::from_raw(stream.as_ptr().cast()) };
    reader.map_err(|error| PyRuntimeError::new_err(error.to_string()))
}

#[pymethods]
impl Lying {
    #[new]
    #[pyo3(signature = (rows, lie = ""))]
    fn new(py: Python<'_>, rows: &Bound<'_, PyAny>, lie: &str) -> PyResult<Self> {
        let reader = read(rows)?;
        let lie = lie.into();
        SourceTable::open_insert(py, move || {
            let schema = reader.schema();
            let batches = reader.collect::<Result<Vec<_>, _>>()?;
            Ok(LyingSource {
                lie,
                schema,
                rows_at_first: batches.iter().map(RecordBatch::num_rows).sum(),
                batches: Mutex::new(batches),
                scans: AtomicUsize::default(),
                progress: Progress::default(),
                last_filters: Arc::default(),
            })
        })
        .map(Self)
    }

    #[pyo3(signature = (session = None))]
    fn __datafusion_table_provider__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::table_provider(py, self.0.provider(), session)
    }
}
