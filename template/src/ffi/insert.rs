//! Tables that rows can be inserted into: what you implement for one.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion_catalog::{Session, TableProvider};
use datafusion_common::{Result, exec_err, not_impl_err};
use datafusion_execution::TaskContext;
use datafusion_expr::dml::InsertOp;
use datafusion_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion_physical_plan::ExecutionPlan;
use futures::stream::BoxStream;

use crate::ffi::insert_exec::{InsertExec, RowSink};
use crate::ffi::source::Source;
use crate::ffi::source_table::SourceTable;

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
        let sink = Arc::new(SourceSink(self.0.shared_source()));
        Ok(Arc::new(InsertExec::try_new(sink, self.schema(), input)?))
    }
}

#[derive(Debug)]
struct SourceSink<S>(Arc<S>);

#[async_trait]
impl<S: Insert> RowSink for SourceSink<S> {
    async fn insert(
        &self,
        rows: BoxStream<'static, Result<RecordBatch>>,
        _context: &TaskContext,
    ) -> Result<u64> {
        self.0.insert(rows).await
    }

    fn name(&self) -> &str {
        "Insert::insert"
    }

    fn check_count(&self, given: u64, inserted: u64) -> Result<()> {
        if given != inserted {
            return exec_err!("Insert::insert was given {given} rows, but returned {inserted}");
        }
        Ok(())
    }
}
