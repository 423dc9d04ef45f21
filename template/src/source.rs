//! Your table: its columns, its partitions, and how their rows are read.
//!
//! The example is a table of temperature readings. TODO(1): make it your own. Write `try_new`,
//! `schema`, `partitions` and `read` for your rows, and delete the rest: every other method has a
//! default that is always right. TODO(2) to TODO(4) make queries faster, one method at a time.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion_common::stats::Precision;
use datafusion_common::{Result, ScalarValue, Statistics, config_err};
use datafusion_expr::{Expr, TableProviderFilterPushDown};
use futures::stream::{self, BoxStream, StreamExt};
use pyo3_datafusion::table::{Partition, Scan, Source, comparison, one_of};

use crate::readings::{self, Counters, MAX_PARTITIONS, MAX_ROWS, intersect, range};

/// A table of temperature readings.
#[derive(Debug)]
pub struct ReadingsSource {
    pub rows: i64,
    pub partitions: i64,
    pub counters: Arc<Counters>,
}

impl ReadingsSource {
    /// Python sees a `Configuration` error, which `config_err!` makes, as a `ValueError`.
    pub fn try_new(rows: i64, partitions: i64) -> Result<Self> {
        if !(0..=MAX_ROWS).contains(&rows) {
            return config_err!("rows must be between 0 and {MAX_ROWS}, got {rows}");
        }
        if !(1..=MAX_PARTITIONS).contains(&partitions) {
            return config_err!(
                "partitions must be between 1 and {MAX_PARTITIONS}, got {partitions}"
            );
        }
        Ok(Self {
            rows,
            partitions,
            counters: Arc::default(),
        })
    }
}

#[async_trait]
impl Source for ReadingsSource {
    fn schema(&self) -> SchemaRef {
        readings::schema()
    }

    async fn partitions(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        // `rows * i` stays below MAX_ROWS * MAX_PARTITIONS, which fits.
        let first_id = |i| self.rows * i / self.partitions;
        let ids = (0..self.partitions).map(|i| first_id(i)..first_id(i + 1));
        let ids = limited(filtered(ids.collect(), &scan.filters), scan.limit);
        let partition = |ids| ReadingsPartition {
            ids,
            schema: Arc::clone(&scan.schema),
            counters: Arc::clone(&self.counters),
        };
        Ok(ids.map(|ids| Box::new(partition(ids)) as _).collect())
    }

    fn supports_filter(&self, filter: &Expr) -> TableProviderFilterPushDown {
        match IdFilter::new(filter) {
            Some(IdFilter::Rows(_)) => TableProviderFilterPushDown::Exact,
            Some(IdFilter::Between(_) | IdFilter::Partitions(_)) => {
                TableProviderFilterPushDown::Inexact
            }
            None => TableProviderFilterPushDown::Unsupported,
        }
    }
}

/// A part of the table that is read in one go.
#[derive(Debug, Clone)]
pub struct ReadingsPartition {
    pub ids: Range<i64>,
    pub schema: SchemaRef,
    pub counters: Arc<Counters>,
}

impl Partition for ReadingsPartition {
    fn read(&self, batch_size: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        self.counters.partitions.fetch_add(1, Ordering::Relaxed);
        let partition = self.clone();
        let starts = self.ids.clone().step_by(batch_size);
        let batches = starts.map(move |start| {
            let ids = start..partition.ids.end.min(start + batch_size as i64);
            readings::batch(&partition.schema, ids, &partition.counters)
        });
        Ok(stream::iter(batches).boxed())
    }

    /// TODO(2): say what you know about the rows. `Exact` answers `count(*)` without reading.
    fn statistics(&self, schema: &SchemaRef) -> Result<Statistics> {
        let rows = Precision::Exact((self.ids.end - self.ids.start) as usize);
        Ok(Statistics::new_unknown(schema).with_num_rows(rows))
    }
}

/// TODO(3): skip rows that the filters of `supports_filter` exclude.
fn filtered(mut partitions: Vec<Range<i64>>, filters: &[Expr]) -> Vec<Range<i64>> {
    for filter in filters.iter().filter_map(IdFilter::new) {
        match filter {
            IdFilter::Rows(wanted) | IdFilter::Between(wanted) => {
                partitions = partitions.iter().map(|p| intersect(p, &wanted)).collect();
            }
            IdFilter::Partitions(wanted) => {
                partitions.retain(|ids| !intersect(ids, &wanted).is_empty());
            }
        }
    }
    partitions
}

/// The rows that a filter keeps, as far as a source knows them.
enum IdFilter {
    /// Exactly these rows: a comparison of `id` is `Exact`.
    Rows(Range<i64>),
    /// Some of these rows: `id IN (1, 5)` is `Inexact`.
    Between(Range<i64>),
    /// The partitions that have any of these rows: a filter on `recorded_at` is `Inexact`.
    Partitions(Range<i64>),
}

impl IdFilter {
    fn new(filter: &Expr) -> Option<Self> {
        let Some((column, op, value)) = comparison(filter) else {
            return Self::list(filter);
        };
        match (column, value) {
            ("id", ScalarValue::Int64(Some(id))) => range(op, *id, *id).map(Self::Rows),
            ("recorded_at", ScalarValue::TimestampMicrosecond(Some(micros), _)) => {
                let id = readings::id_at(*micros);
                range(op, id, id.saturating_add(1)).map(Self::Partitions)
            }
            _ => None,
        }
    }

    fn list(filter: &Expr) -> Option<Self> {
        let ("id", literals) = one_of(filter)? else {
            return None;
        };
        // A null in the list keeps no row.
        let ids = literals.iter().filter(|literal| !literal.is_null());
        let ids = ids.map(|literal| match literal {
            ScalarValue::Int64(id) => *id,
            _ => None,
        });
        let ids = ids.collect::<Option<Vec<_>>>()?;
        let last = ids.iter().max()?;
        Some(Self::Between(*ids.iter().min()?..last.saturating_add(1)))
    }
}

/// TODO(4): stop early where a `LIMIT` allows that.
fn limited(partitions: Vec<Range<i64>>, limit: Option<usize>) -> impl Iterator<Item = Range<i64>> {
    let mut wanted = limit.map_or(i64::MAX, |limit| limit.min(i64::MAX as usize) as i64);
    let partitions = partitions.into_iter().filter(|ids| !ids.is_empty());
    partitions.map_while(move |ids| {
        let ids = ids.start..ids.end.min(ids.start.saturating_add(wanted));
        wanted -= ids.end - ids.start;
        (!ids.is_empty()).then_some(ids)
    })
}
