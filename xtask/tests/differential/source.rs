//! A table with the rows of an Arrow IPC stream, and those that are inserted: one partition a batch.

use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow_ipc::reader::StreamReader;
use async_trait::async_trait;
use datafusion_catalog::Session;
use datafusion_common::stats::Precision;
use datafusion_common::{DFSchema, Result, ScalarValue, Statistics, config_err};
use datafusion_execution::TaskContext;
use datafusion_expr::{Expr, TableProviderFilterPushDown};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use pyo3_datafusion::provider::ProviderSession;
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

    async fn partitions(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let session = ProviderSession::new(TaskContext::default());
        let schema = DFSchema::try_from(self.schema())?;
        let filters = scan.filters.iter().cloned();
        let filters = filters.map(|filter| session.create_physical_expr(filter, &schema));
        let filters = filters.collect::<Result<Vec<_>>>()?;
        let batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        let batches = batches.iter().map(|batch| {
            let mut rows = batch.clone();
            for filter in &filters {
                let wanted = filter.evaluate(&rows)?.into_array(rows.num_rows())?;
                rows = filter_record_batch(&rows, wanted.as_boolean())?;
            }
            Ok(Box::new(Batch(rows)) as _)
        });
        batches.collect()
    }

    /// It takes all filters, so that all of them have to cross, and evaluates them.
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
        let mut statistics = Statistics::new_unknown(schema).with_num_rows(rows);
        for (field, claims) in schema
            .fields()
            .iter()
            .zip(&mut statistics.column_statistics)
        {
            let Some((min, max)) = self.0.column_by_name(field.name()).and_then(bounds) else {
                continue;
            };
            claims.min_value = Precision::Exact(min);
            claims.max_value = Precision::Exact(max);
        }
        Ok(statistics)
    }
}

/// The least and the greatest value, so that bounds of many types have to cross. Not where engines may
/// disagree: NaN and the two zeros.
fn bounds(column: &ArrayRef) -> Option<(ScalarValue, ScalarValue)> {
    let (data_type, zero) = (column.data_type(), ScalarValue::Float64(Some(0.0)));
    if data_type.is_nested()
        || matches!(data_type, DataType::Dictionary(..) | DataType::Interval(_))
    {
        return None;
    }
    let mut found: Option<(ScalarValue, ScalarValue)> = None;
    for row in 0..column.len() {
        let value = ScalarValue::try_from_array(column, row).ok()?;
        if value.is_null() {
            continue;
        }
        let float = value.cast_to(&DataType::Float64).ok();
        let is_odd = |float: &ScalarValue| *float == zero || float.to_string().contains(['N', '-']);
        if data_type.is_floating() && float.as_ref().is_none_or(is_odd) {
            return None;
        }
        let (min, max) = found.unwrap_or_else(|| (value.clone(), value.clone()));
        found = Some(match value {
            value if value < min => (value, max),
            value if value > max => (min, value),
            _ => (min, max),
        });
    }
    found
}
