//! Tables that rows can be inserted into: what you implement for one, and the plan of an
//! `INSERT INTO`.

use std::fmt;
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion_catalog::{Session, TableProvider};
use datafusion_common::{DataFusionError, Result, exec_err, not_impl_err, plan_err};
use datafusion_execution::TaskContext;
use datafusion_expr::dml::InsertOp;
use datafusion_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion_physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use futures::channel::mpsc;
use futures::stream::{self, BoxStream, StreamExt};
use futures::{SinkExt, future};

use crate::ffi::arrow_stream::{can_cast, cast};
use crate::ffi::runtime;
use crate::ffi::source::Source;
use crate::ffi::source_exec::columns;
use crate::ffi::source_table::SourceTable;
use crate::ffi::without_expressions;

/// A table that takes the rows of an `INSERT INTO`.
#[async_trait]
pub trait Insert: Source {
    /// Takes all rows, and returns how many there were. They have the columns of
    /// [`Source::schema`], and come one batch at a time, so that they need not fit into memory. You
    /// may `.await` timers and I/O here.
    ///
    /// The rows may end with an error, which you return. With any error, say which rows the table
    /// has kept: whoever inserts cannot know otherwise.
    async fn insert(&self, rows: BoxStream<'static, Result<RecordBatch>>) -> Result<u64>;
}

/// A [`SourceTable`] that rows can be inserted into.
#[derive(Debug)]
pub struct InsertTable<S>(pub SourceTable<S>);

#[async_trait]
impl<S: Insert> TableProvider for InsertTable<S> {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn table_type(&self) -> TableType {
        self.0.table_type()
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        self.0.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.0.scan(session, projection, filters, limit).await
    }

    async fn insert_into(
        &self,
        _session: &dyn Session,
        input: Arc<dyn ExecutionPlan>,
        insert_op: InsertOp,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if insert_op != InsertOp::Append {
            return not_impl_err!("{insert_op} into this table: only INSERT INTO is possible");
        }
        let source = self.0.shared_source();
        Ok(Arc::new(InsertExec::try_new(source, self.schema(), input)?))
    }
}

/// Takes the rows of its child to the source, and returns how many they were.
///
/// Unlike DataFusion's `DataSinkExec`, it takes them from however many partitions there are: that a
/// plan wants a single one does not cross the FFI, and the rows of the others would be lost.
#[derive(Debug)]
pub struct InsertExec {
    insert: Rows,
    streaming: StreamingTableExec,
}

impl InsertExec {
    /// # Errors
    ///
    /// When `rows` has other columns than `table_schema`, or types that cannot be cast to those.
    pub fn try_new(
        source: Arc<dyn Insert>,
        table_schema: SchemaRef,
        rows: Arc<dyn ExecutionPlan>,
    ) -> Result<Self> {
        if !can_cast(&rows.schema(), &table_schema) {
            return plan_err!(
                "the rows to insert have the columns {}, but the table has {}",
                columns(&rows.schema()),
                columns(&table_schema)
            );
        }
        let count = Field::new("count", DataType::UInt64, false);
        let schema = Arc::new(Schema::new(vec![count]));
        let insert = Rows {
            source,
            table_schema,
            rows,
            schema: Arc::clone(&schema),
        };
        let partition = Arc::new(insert.clone());
        let streaming =
            StreamingTableExec::try_new(schema, vec![partition], None, [], false, None)?;
        Ok(Self { insert, streaming })
    }
}

impl DisplayAs for InsertExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ExecutionPlan for InsertExec {
    fn name(&self) -> &str {
        "InsertExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.streaming.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.insert.rows]
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(rows), true) => {
                let Rows {
                    source,
                    table_schema,
                    ..
                } = self.insert.clone();
                Ok(Arc::new(Self::try_new(source, table_schema, rows)?))
            }
            _ => exec_err!("InsertExec has one child"),
        }
    }

    without_expressions!();

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        self.streaming.execute(partition, context)
    }
}

#[derive(Debug, Clone)]
struct Rows {
    source: Arc<dyn Insert>,
    table_schema: SchemaRef,
    rows: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
}

impl Rows {
    async fn run(self, context: Arc<TaskContext>) -> Result<RecordBatch> {
        let partitions = 0..self.rows.properties().partitioning.partition_count();
        let partitions = partitions
            .map(|partition| self.rows.execute(partition, Arc::clone(&context)))
            .collect::<Result<Vec<_>>>()?;
        let mut rows = stream::select_all(partitions);
        // The source may read its rows in a thread of our runtime, where plans of the host cannot
        // run. So the plans run here, in a thread of the host, and hand over a batch at a time.
        let (mut sender, receiver) = mpsc::channel(0);
        let send = async move {
            let mut sent = 0;
            while let Some(batch) = rows.next().await {
                let batch = batch.and_then(|batch| cast(batch, &self.table_schema));
                let failed = batch.as_ref().err().map(DataFusionError::strip_backtrace);
                let rows = batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
                if sender.send(batch).await.is_err() {
                    return Err("did not read all rows".to_owned());
                }
                if let Some(failed) = failed {
                    return Err(format!("passed over the error of its rows: {failed}"));
                }
                sent += rows;
            }
            Ok(sent)
        };
        let (sent, count) = future::join(send, self.source.insert(receiver.boxed())).await;
        // An error of the source says what it kept, so it goes before all others.
        let count = count?;
        match sent {
            Ok(sent) if sent == count => {}
            Ok(sent) => {
                return exec_err!("Insert::insert was given {sent} rows, but returned {count}");
            }
            Err(problem) => {
                return exec_err!("Insert::insert returned {count}, but it {problem}");
            }
        }
        let count = Arc::new(UInt64Array::from_value(count, 1));
        Ok(RecordBatch::try_new(self.schema, vec![count])?)
    }
}

impl PartitionStream for Rows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let inserted = stream::once(runtime::run(self.clone().run(context)));
        Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            inserted,
        ))
    }
}
