//! What a source gets to know of a session, and says about itself.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion_common::stats::Precision;
use datafusion_common::{Result, Statistics};
use datafusion_execution::TaskContext;
use datafusion_execution::config::SessionConfig;
use datafusion_expr::{Expr, TableProviderFilterPushDown, col, lit};
use datafusion_physical_plan::{ExecutionPlan, ExecutionPlanProperties, collect};
use futures::executor::block_on;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::{Partition, Scan, Source, SourceExec, SourceTable};
use crate::compat::statistics_of_plan;
use crate::provider::ProviderSession;

/// A table of a queue, which reads many parts, and keeps what it was asked for.
#[derive(Debug, Default)]
struct Queue {
    scans: Mutex<Vec<Scan>>,
}

#[derive(Debug)]
struct Part;

#[async_trait]
impl Source for Queue {
    fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]))
    }

    async fn partitions(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        self.scans.lock().unwrap().push(scan.clone());
        let groups = scan.group((0..64).collect());
        Ok(groups.into_iter().map(|_| Box::new(Part) as _).collect())
    }

    fn is_infinite(&self) -> bool {
        true
    }
}

impl Partition for Part {
    fn read(&self, _batch_size: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        Ok(stream::empty().boxed())
    }
}

#[test]
fn a_source_gets_the_options_of_the_session() {
    let table = SourceTable::try_new(Queue::default()).unwrap();
    let config = SessionConfig::new().with_target_partitions(3);
    let session = ProviderSession::new(TaskContext::default().with_session_config(config));
    let scan = table.provider();
    let plan = block_on(scan.scan(&session, None, &[], None)).unwrap();
    assert_eq!(plan.output_partitioning().partition_count(), 3);
    assert!(plan.boundedness().is_unbounded());
    let scans = table.source().scans.lock().unwrap();
    assert_eq!(scans[0].config.execution.target_partitions, 3);
}

#[test]
fn groups_are_even_and_keep_the_order() {
    let table = SourceTable::try_new(Queue::default()).unwrap();
    let config = SessionConfig::new().with_target_partitions(4);
    let session = ProviderSession::new(TaskContext::default().with_session_config(config));
    let scan = table.provider();
    block_on(scan.scan(&session, None, &[], None)).unwrap();
    let scans = table.source().scans.lock().unwrap();
    let group = |parts| scans[0].group((0..parts).collect::<Vec<_>>());
    assert_eq!(group(0), Vec::<Vec<i32>>::new());
    assert_eq!(group(2), [[0], [1]]);
    assert_eq!(
        group(10),
        [vec![0, 1, 2], vec![3, 4, 5], vec![6, 7], vec![8, 9]]
    );
}

/// A table that knows its rows, and partitions that do not.
#[derive(Debug)]
struct Counted {
    largest: i64,
}

#[derive(Debug)]
struct Numbers(std::ops::Range<i64>);

#[async_trait]
impl Source for Counted {
    fn schema(&self) -> SchemaRef {
        Queue::default().schema()
    }

    async fn partitions(&self, _scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        Ok(vec![Box::new(Numbers(0..3)), Box::new(Numbers(3..5))])
    }

    fn supports_filter(&self, _filter: &Expr) -> TableProviderFilterPushDown {
        TableProviderFilterPushDown::Inexact
    }

    fn statistics(&self, schema: &SchemaRef) -> Result<Statistics> {
        let mut statistics = Statistics::new_unknown(schema);
        statistics.num_rows = Precision::Exact(5);
        for column in &mut statistics.column_statistics {
            column.distinct_count = Precision::Exact(5);
            column.max_value = Precision::Exact(self.largest.into());
        }
        Ok(statistics)
    }
}

impl Partition for Numbers {
    fn read(&self, _batch_size: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(self.0.clone()));
        let batch = RecordBatch::try_new(Queue::default().schema(), vec![ids])?;
        Ok(stream::iter([Ok(batch)]).boxed())
    }
}

fn scan_of(table: &SourceTable<Counted>, filters: &[Expr]) -> Arc<dyn ExecutionPlan> {
    let session = ProviderSession::new(TaskContext::default());
    block_on(table.provider().scan(&session, None, filters, None)).unwrap()
}

#[test]
fn statistics_of_the_table_fill_in_what_partitions_leave_open() {
    let table = SourceTable::try_new(Counted { largest: 4 }).unwrap();
    let all = statistics_of_plan(scan_of(&table, &[]).as_ref(), None).unwrap();
    assert_eq!(all.num_rows, Precision::Inexact(5));
    assert_eq!(
        all.column_statistics[0].distinct_count,
        Precision::Inexact(5)
    );
    assert_eq!(
        all.column_statistics[0].max_value,
        Precision::Inexact(4_i64.into())
    );
    assert_eq!(table.provider().statistics(), Some(all.as_ref().clone()));
    // A filter leaves fewer rows, and a partition has fewer.
    let filtered = scan_of(&table, &[col("id").gt(lit(1_i64))]);
    for (plan, partition) in [(filtered, None), (scan_of(&table, &[]), Some(0))] {
        let some = statistics_of_plan(plan.as_ref(), partition).unwrap();
        assert_eq!(some.num_rows, Precision::Absent);
        assert_eq!(some.column_statistics[0].distinct_count, Precision::Absent);
    }
}

#[test]
fn workers_get_plans_with_as_many_partitions_and_all_rows() {
    let scan = Scan {
        schema: Queue::default().schema(),
        projection: vec![0],
        filters: vec![],
        limit: None,
        config: Arc::default(),
    };
    let partitions = [0..3, 3..5, 5..6].map(|ids| Box::new(Numbers(ids)) as _);
    let statistics = Statistics::new_unknown(&scan.schema);
    let schema = scan.schema.clone();
    let plan =
        SourceExec::try_new(schema, scan, &[], partitions.into(), false, statistics).unwrap();
    for (count, most) in [(1, 3), (2, 2), (3, 1), (4, 1)] {
        let plans = plan.split(count).unwrap();
        assert_eq!(plans.len(), count);
        let mut rows = 0;
        for plan in plans {
            assert_eq!(plan.output_partitioning().partition_count(), most);
            let batches = collect(plan, Arc::default());
            let batches = tokio::runtime::Runtime::new().unwrap().block_on(batches);
            rows += batches
                .unwrap()
                .iter()
                .map(RecordBatch::num_rows)
                .sum::<usize>();
        }
        assert_eq!(rows, 6);
    }
}

#[test]
fn a_false_maximum_of_the_table_is_an_error() {
    let table = SourceTable::try_new(Counted { largest: 3 }).unwrap();
    let read = |partition| {
        let rows = scan_of(&table, &[])
            .execute(partition, Arc::default())
            .unwrap();
        block_on(rows.try_collect::<Vec<_>>())
    };
    assert!(read(0).is_ok());
    let error = read(1).unwrap_err().strip_backtrace();
    let expected = "Source::statistics claims that Int64(3) is the maximum of id, but Partition::read \
                    returned Int64(4)";
    assert!(error.contains(expected), "{error}");
}
