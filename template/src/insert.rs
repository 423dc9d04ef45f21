//! `Journal()`: a table that rows can be inserted into.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion_common::stats::Precision;
use datafusion_common::{DataFusionError, Result, Statistics};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3_datafusion::table::{Insert, Partition, PyTable, Scan, Source, SourceTable};

/// Notes. They are kept in memory, in the order of the inserts.
#[derive(Debug, Default)]
pub struct JournalSource {
    batches: Mutex<Vec<RecordBatch>>,
}

impl JournalSource {
    fn batches(&self) -> MutexGuard<'_, Vec<RecordBatch>> {
        // After a panic, the vector is as it should be: no change to it can stop halfway.
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Source for JournalSource {
    fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new("sensor", DataType::Utf8, false),
            Field::new("note", DataType::Utf8, true),
        ]))
    }

    async fn partitions(&self, _scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        // Batches share their rows, so this copies none of them.
        Ok(vec![Box::new(JournalPartition(self.batches().clone()))])
    }
}

#[async_trait]
impl Insert for JournalSource {
    /// TODO(6): take the rows to where you keep them: all of them, or none and an error.
    async fn insert(&self, rows: BoxStream<'static, Result<RecordBatch>>) -> Result<u64> {
        let batches = all(rows).await?;
        self.batches().extend_from_slice(&batches);
        Ok(row_count(&batches))
    }

    /// Remove this method where `INSERT OVERWRITE` is to be refused.
    async fn overwrite(&self, rows: BoxStream<'static, Result<RecordBatch>>) -> Result<u64> {
        let batches = all(rows).await?;
        self.batches().clone_from(&batches);
        Ok(row_count(&batches))
    }
}

async fn all(rows: BoxStream<'static, Result<RecordBatch>>) -> Result<Vec<RecordBatch>> {
    let batches = rows.try_collect().await;
    batches.map_err(|error: DataFusionError| error.context("no row was inserted"))
}

fn row_count(batches: &[RecordBatch]) -> u64 {
    batches.iter().map(|batch| batch.num_rows() as u64).sum()
}

#[derive(Debug)]
struct JournalPartition(Vec<RecordBatch>);

impl Partition for JournalPartition {
    /// Returns all columns. Those that a query does not ask for are dropped by the caller.
    fn read(&self, _batch_size: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        Ok(stream::iter(self.0.clone()).map(Ok).boxed())
    }

    fn statistics(&self, schema: &SchemaRef) -> Result<Statistics> {
        let rows = Precision::Exact(row_count(&self.0) as usize);
        Ok(Statistics::new_unknown(schema).with_num_rows(rows))
    }
}

/// A table of notes about sensors, which starts empty. It keeps inserted rows in memory.
///
/// Columns: ``sensor`` string, ``note`` string (may be null).
#[pyclass(frozen, extends = PyTable, module = "{{crate_name}}")]
pub struct Journal(SourceTable<JournalSource>);

#[pymethods]
impl Journal {
    #[new]
    fn new(py: Python<'_>) -> PyResult<PyClassInitializer<Self>> {
        let table = SourceTable::open_insert(py, || Ok(JournalSource::default()))?;
        Ok(PyTable::base(table.provider()).add_subclass(Self(table)))
    }

    /// An empty journal can be pickled and copied. A journal with rows would lose them.
    fn __getnewargs__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        if self.0.source().batches().is_empty() {
            return Ok(PyTuple::empty(py));
        }
        Err(PyTypeError::new_err(
            "a Journal that has rows cannot be pickled or copied: its rows are in this process only",
        ))
    }
}
