//! A table with the rows of an Arrow IPC stream, and those that are inserted: one partition a batch.

use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_ipc::reader::StreamReader;
use async_trait::async_trait;
use datafusion_common::stats::Precision;
use datafusion_common::{Result, Statistics, config_err};
use datafusion_expr::{Expr, TableProviderFilterPushDown};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use pyo3_datafusion::table::{Insert, Partition, Scan, Source};

#[derive(Debug)]
pub struct ReadingsSource {
    schema: SchemaRef,
    batches: Mutex<Vec<RecordBatch>>,
}

impl ReadingsSource {
    pub fn try_new(path: &str) -> Result<Self> {
        let Ok(file) = File::open(path) else {
            return config_err!("there is no file {path}");
        };
        let reader = StreamReader::try_new(file, None)?;
        Ok(Self {
            schema: reader.schema(),
            batches: Mutex::new(reader.collect::<Result<_, _>>()?),
        })
    }
}

#[async_trait]
impl Source for ReadingsSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    async fn partitions(&self, _scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        let partitions = batches.iter().cloned();
        Ok(partitions
            .map(|batch| Box::new(Batch(batch)) as _)
            .collect())
    }

    /// It takes all filters, so that all of them have to cross, and heeds none.
    fn supports_filter(&self, _filter: &Expr) -> TableProviderFilterPushDown {
        TableProviderFilterPushDown::Inexact
    }
}

#[async_trait]
impl Insert for ReadingsSource {
    async fn insert(&self, rows: BoxStream<'static, Result<RecordBatch>>) -> Result<u64> {
        let rows: Vec<_> = rows.try_collect().await?;
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        batches.extend_from_slice(&rows);
        Ok(rows.iter().map(|batch| batch.num_rows() as u64).sum())
    }
}

#[derive(Debug)]
struct Batch(RecordBatch);

impl Partition for Batch {
    fn read(&self, _batch_size: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        Ok(stream::iter([Ok(self.0.clone())]).boxed())
    }

    fn statistics(&self, schema: &SchemaRef) -> Result<Statistics> {
        let rows = Precision::Exact(self.0.num_rows());
        Ok(Statistics::new_unknown(schema).with_num_rows(rows))
    }
}
