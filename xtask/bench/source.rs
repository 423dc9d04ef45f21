//! The source of the benchmark, in place of a generated project's `src/source.rs`: batches that are
//! already in memory and are handed out again and again, so that producing them costs nothing.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{
    Array, ArrayData, ArrayRef, DictionaryArray, Float64Array, Int64Array, ListArray,
    MutableArrayData, RecordBatch, RecordBatchOptions, StringArray, make_array,
};
use arrow::datatypes::{Field, Int32Type, Int64Type, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion_common::stats::Precision;
use datafusion_common::{Result, ScalarValue, Statistics, exec_err};
use datafusion_expr::{Expr, Operator, TableProviderFilterPushDown};
use futures::stream::{self, BoxStream, StreamExt};
use pyo3_datafusion::table::{Partition, Scan, Source, comparison};

/// So many ids are held. In a table with more rows they start again, and it takes no filters.
const IDS: i64 = 1 << 23;

#[derive(Debug)]
pub struct ReadingsSource {
    pub rows: i64,
    pub partitions: i64,
    pub counters: Arc<Counters>,
    table: Arc<Table>,
}

/// What is in memory.
#[derive(Debug)]
struct Table {
    schema: SchemaRef,
    /// Those of one batch.
    columns: Vec<ArrayRef>,
    /// The first column of all batches.
    ids: Int64Array,
    batch_rows: usize,
    /// Every value is written anew, as sources that read something do.
    copy: bool,
}

#[derive(Debug, Default)]
pub struct Counters {
    pub partitions: AtomicU64,
    pub rows: AtomicU64,
    pub values: AtomicU64,
}

impl ReadingsSource {
    pub fn try_new(
        rows: i64,
        partitions: i64,
        columns: i64,
        batch_rows: i64,
        copy: bool,
    ) -> Result<Self> {
        // So that no batch crosses the end of the ids.
        if rows < 0 || partitions < 1 || columns < 1 || batch_rows < 1 || IDS % batch_rows != 0 {
            return exec_err!("{rows} rows of {columns} columns in batches of {batch_rows}");
        }
        let columns: Vec<_> = (0..columns as usize)
            .map(|index| column(index, batch_rows as usize))
            .collect();
        let fields = columns.iter().enumerate().map(|(index, column)| {
            let name = if index == 0 {
                "id".to_owned()
            } else {
                format!("c{index}")
            };
            // Nullable, or `count(c1)` would be answered without reading it.
            Field::new(name, column.data_type().clone(), true)
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let ids = Int64Array::from_iter_values(0..rows.min(IDS));
        Ok(Self {
            rows,
            partitions,
            table: Arc::new(Table {
                schema,
                columns,
                ids,
                batch_rows: batch_rows as usize,
                copy,
            }),
            counters: Arc::default(),
        })
    }
}

#[async_trait]
impl Source for ReadingsSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.table.schema)
    }

    async fn partitions(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let mut end = self.rows;
        for id in scan.filters.iter().filter_map(first_id_left_out) {
            end = end.min(id);
        }
        if let Some(limit) = scan.limit {
            end = end.min(i64::try_from(limit).unwrap_or(i64::MAX));
        }
        let batch_rows = self.table.batch_rows as i64;
        let batches = (self.rows + batch_rows - 1) / batch_rows;
        let first_id =
            |partition: i64| (batches * partition / self.partitions * batch_rows).min(self.rows);
        Ok((0..self.partitions)
            .map(|partition| first_id(partition)..first_id(partition + 1).min(end))
            .filter(|ids| !ids.is_empty())
            .map(|ids| ReadingsPartition {
                ids,
                schema: Arc::clone(&scan.schema),
                columns: scan.projection.clone(),
                table: Arc::clone(&self.table),
                counters: Arc::clone(&self.counters),
            })
            .map(|partition| Box::new(partition) as _)
            .collect())
    }

    fn supports_filter(&self, filter: &Expr) -> TableProviderFilterPushDown {
        match first_id_left_out(filter) {
            Some(_) if self.rows <= IDS => TableProviderFilterPushDown::Exact,
            _ => TableProviderFilterPushDown::Unsupported,
        }
    }
}

#[derive(Debug, Clone)]
pub struct ReadingsPartition {
    ids: Range<i64>,
    schema: SchemaRef,
    columns: Vec<usize>,
    table: Arc<Table>,
    counters: Arc<Counters>,
}

impl Partition for ReadingsPartition {
    /// Batches have their own size: the session's `batch_size` is the same.
    fn read(&self, _batch_size: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        self.counters.partitions.fetch_add(1, Ordering::Relaxed);
        let partition = self.clone();
        Ok(stream::unfold(self.ids.start, move |start| {
            let ids = start
                ..partition
                    .ids
                    .end
                    .min(start + partition.table.batch_rows as i64);
            let end = ids.end;
            let batch = (!ids.is_empty()).then(|| partition.batch(ids));
            async move { Some((batch?, end)) }
        })
        .boxed())
    }

    fn statistics(&self, schema: &SchemaRef) -> Result<Statistics> {
        let rows = (self.ids.end - self.ids.start) as usize;
        Ok(Statistics::new_unknown(schema).with_num_rows(Precision::Exact(rows)))
    }
}

impl ReadingsPartition {
    fn batch(&self, ids: Range<i64>) -> Result<RecordBatch> {
        let rows = (ids.end - ids.start) as usize;
        let column = |index: &usize| -> Result<ArrayRef> {
            let column: ArrayRef = match index {
                0 => Arc::new(self.table.ids.slice((ids.start % IDS) as usize, rows)),
                index if rows == self.table.batch_rows => Arc::clone(&self.table.columns[*index]),
                index => self.table.columns[*index].slice(0, rows),
            };
            if self.table.copy {
                return copy(&column.to_data());
            }
            Ok(column)
        };
        let columns = self.columns.iter().map(column).collect::<Result<_>>()?;
        let values = (rows * self.columns.len()) as u64;
        self.counters.rows.fetch_add(rows as u64, Ordering::Relaxed);
        self.counters.values.fetch_add(values, Ordering::Relaxed);
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }
}

fn copy(column: &ArrayData) -> Result<ArrayRef> {
    let mut copy = MutableArrayData::new(vec![column], false, column.len());
    copy.try_extend(0, 0, column.len())?;
    Ok(make_array(copy.freeze()))
}

/// The types in turn: int64, float64, string, dictionary, list.
fn column(index: usize, rows: usize) -> ArrayRef {
    let ids = 0..rows as i64;
    match index % 5 {
        0 => Arc::new(Int64Array::from_iter_values(ids)),
        1 => Arc::new(Float64Array::from_iter_values(
            ids.map(|id| id as f64 / 2.0),
        )),
        2 => Arc::new(StringArray::from_iter_values(
            ids.map(|id| format!("reading {id}")),
        )),
        3 => {
            let names = ["attic", "cellar", "garden", "kitchen"];
            let names = ids.map(|id| names[id as usize % names.len()]);
            Arc::new(names.collect::<DictionaryArray<Int32Type>>())
        }
        _ => {
            let lists = ids.map(|id| Some([Some(id), Some(id + 1)]));
            Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists))
        }
    }
}

/// The `n` of `id < n`.
fn first_id_left_out(filter: &Expr) -> Option<i64> {
    match comparison(filter)? {
        ("id", Operator::Lt, ScalarValue::Int64(Some(id))) => Some(*id),
        _ => None,
    }
}
