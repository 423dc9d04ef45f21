//! What a source gets to know of a session, and says about itself.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion_common::Result;
use datafusion_execution::TaskContext;
use datafusion_execution::config::SessionConfig;
use datafusion_physical_plan::ExecutionPlanProperties;
use futures::executor::block_on;
use futures::stream::{self, BoxStream, StreamExt};

use super::{Partition, Scan, Source, SourceTable};
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
