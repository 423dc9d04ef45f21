//! The source by itself: neither Python nor the FFI is needed.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::RecordBatch;
use datafusion_common::ScalarValue;
use datafusion_common::stats::Precision;
use datafusion_expr::{Expr, Operator, TableProviderFilterPushDown, binary_expr, col, lit};
use futures::TryStreamExt;
use futures::executor::block_on;

#[path = "../src/source.rs"]
mod source;

use source::{Partition, Source};

const BATCH_SIZE: usize = 1000;

fn plan(source: &Source, columns: &[usize], filters: &[Expr]) -> Vec<Partition> {
    let projection = Arc::new(source.schema().project(columns).unwrap());
    block_on(source.plan(&projection, filters, None)).unwrap()
}

fn read(partition: &Partition) -> Vec<RecordBatch> {
    block_on(partition.read(BATCH_SIZE).unwrap().try_collect()).unwrap()
}

fn count(partitions: &[Partition]) -> usize {
    partitions
        .iter()
        .flat_map(read)
        .map(|batch| batch.num_rows())
        .sum()
}

#[test]
fn batches_have_the_schema_that_was_asked_for() {
    let source = Source::try_new(2_500, 1).unwrap();
    assert_eq!((source.rows(), source.partitions()), (2_500, 1));
    for columns in [vec![], vec![2], vec![3, 0], vec![0, 1, 2, 3]] {
        let expected = Arc::new(source.schema().project(&columns).unwrap());
        let batches = read(&plan(&source, &columns, &[])[0]);
        assert_eq!(
            batches
                .iter()
                .map(RecordBatch::num_rows)
                .collect::<Vec<_>>(),
            [1_000, 1_000, 500]
        );
        assert!(batches.iter().all(|batch| batch.schema_ref() == &expected));
    }
}

#[test]
fn partitions_cover_every_row_once() {
    for (rows, partitions) in [(0, 1), (1, 4), (10, 3), (10_000, 7)] {
        let source = Source::try_new(rows, partitions).unwrap();
        assert_eq!(count(&plan(&source, &[0], &[])), rows as usize);
    }
}

#[test]
fn only_what_is_asked_for_is_computed() {
    let source = Source::try_new(1_000, 4).unwrap();
    let filter = binary_expr(col("id"), Operator::Lt, lit(250_i64));
    assert_eq!(count(&plan(&source, &[0, 2], &[filter])), 250);
    let counters = source.counters();
    assert_eq!(counters.partitions.load(Ordering::Relaxed), 1);
    assert_eq!(counters.rows.load(Ordering::Relaxed), 250);
    assert_eq!(counters.values.load(Ordering::Relaxed), 500);
}

#[test]
fn statistics_are_what_is_read() {
    let source = Source::try_new(1_000, 3).unwrap();
    for partition in plan(&source, &[0, 1, 2, 3], &[]) {
        let statistics = partition.statistics().unwrap();
        let batches = read(&partition);
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(statistics.num_rows, Precision::Exact(rows));
        for (index, column) in statistics.column_statistics.iter().enumerate() {
            let nulls: usize = batches
                .iter()
                .map(|batch| batch.column(index).null_count())
                .sum();
            assert_eq!(column.null_count, Precision::Exact(nulls));
        }
        for index in [0, 3] {
            let column = &statistics.column_statistics[index];
            let value = |batch: &RecordBatch, row| {
                ScalarValue::try_from_array(batch.column(index), row).unwrap()
            };
            let (first, last) = (batches.first().unwrap(), batches.last().unwrap());
            assert_eq!(column.min_value, Precision::Exact(value(first, 0)));
            assert_eq!(
                column.max_value,
                Precision::Exact(value(last, last.num_rows() - 1))
            );
        }
    }
}

#[test]
fn every_filter_gets_its_answer() {
    let source = Source::try_new(10, 1).unwrap();
    let timestamp = lit(ScalarValue::TimestampMicrosecond(
        Some(0),
        Some("UTC".into()),
    ));
    for (filter, answer) in [
        (col("id").eq(lit(5_i64)), TableProviderFilterPushDown::Exact),
        (lit(5_i64).gt(col("id")), TableProviderFilterPushDown::Exact),
        (
            col("id").not_eq(lit(5_i64)),
            TableProviderFilterPushDown::Unsupported,
        ),
        (
            col("id").eq(lit(ScalarValue::Int64(None))),
            TableProviderFilterPushDown::Unsupported,
        ),
        (
            col("recorded_at").gt(timestamp),
            TableProviderFilterPushDown::Inexact,
        ),
        (
            col("sensor").eq(lit("attic")),
            TableProviderFilterPushDown::Unsupported,
        ),
        (
            col("celsius").is_null(),
            TableProviderFilterPushDown::Unsupported,
        ),
    ] {
        assert_eq!(source.supports_filter(&filter), answer, "{filter}");
    }
}

#[test]
fn inserted_rows_are_read_like_the_others() {
    let source = Source::try_new(10, 1).unwrap();
    let other = Source::try_new(30, 1).unwrap();
    let rows = read(&plan(&other, &[0, 1, 2, 3], &[])[0]);
    block_on(source.insert(rows)).unwrap();
    assert_eq!(source.inserted_rows(), 30);
    assert_eq!(count(&plan(&source, &[2], &[])), 40);
    let partitions = plan(&source, &[1, 0], &[col("id").gt(lit(7_i64))]);
    assert_eq!(count(&partitions), 2 + 22);
    for partition in &partitions {
        assert_eq!(partition.schema, read(partition)[0].schema());
        let statistics = partition.statistics().unwrap();
        assert_eq!(
            statistics.num_rows,
            Precision::Exact(count(std::slice::from_ref(partition)))
        );
    }
}

#[test]
fn bad_arguments_are_refused() {
    for (rows, partitions) in [(-1, 1), (source::MAX_ROWS + 1, 1), (1, 0)] {
        assert!(Source::try_new(rows, partitions).is_err());
    }
    assert!(Source::try_new(1, source::MAX_PARTITIONS + 1).is_err());
    let source = Source::try_new(10, 1).unwrap();
    assert!(plan(&source, &[0], &[])[0].read(0).is_err());
}
