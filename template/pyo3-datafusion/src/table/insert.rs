//! What you implement for a table that rows can be inserted into.

use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use datafusion_common::{Result, exec_err, not_impl_err};
use datafusion_execution::TaskContext;
use datafusion_expr::dml::InsertOp;
use futures::stream::BoxStream;

use super::insert_exec::RowSink;
use super::source::Source;

/// A table that takes the rows of an `INSERT`.
#[async_trait]
pub trait Insert: Source {
    /// Takes all rows, and returns the row count. They have the columns of [`Source::schema`], and
    /// come one batch at a time, so that they need not fit into memory. You may `.await` timers and
    /// I/O here.
    ///
    /// The rows may end with an error, which you return. With any error, say which rows the table
    /// has kept: whoever inserts cannot know otherwise.
    async fn insert(&self, rows: BoxStream<'static, Result<RecordBatch>>) -> Result<u64>;

    /// Replaces all rows of the table with these, for an `INSERT OVERWRITE`, and returns their count.
    /// As for [`insert`](Self::insert), say with an error what the table has now. Without this
    /// method, an `INSERT OVERWRITE` is refused.
    async fn overwrite(&self, _rows: BoxStream<'static, Result<RecordBatch>>) -> Result<u64> {
        not_impl_err!("INSERT OVERWRITE into this table: only INSERT INTO is possible")
    }
}

/// Hands the rows of an `INSERT INTO` to [`Insert::insert`], and those of an `INSERT OVERWRITE` to
/// [`Insert::overwrite`].
#[derive(Debug)]
pub(super) struct SourceSink<S>(pub Arc<S>);

#[async_trait]
impl<S: Insert> RowSink for SourceSink<S> {
    async fn insert(
        &self,
        insert_op: InsertOp,
        rows: BoxStream<'static, Result<RecordBatch>>,
        _context: &TaskContext,
    ) -> Result<u64> {
        match insert_op {
            InsertOp::Append => self.0.insert(rows).await,
            InsertOp::Overwrite => self.0.overwrite(rows).await,
            InsertOp::Replace => {
                not_impl_err!("{insert_op} into this table: use INSERT INTO")
            }
        }
    }

    fn name(&self, insert_op: InsertOp) -> &str {
        match insert_op {
            InsertOp::Overwrite => "Insert::overwrite",
            _ => "Insert::insert",
        }
    }

    fn check_count(&self, insert_op: InsertOp, given: u64, inserted: u64) -> Result<()> {
        if given != inserted {
            let name = self.name(insert_op);
            return exec_err!("{name} was given {given} rows, but returned {inserted}");
        }
        Ok(())
    }
}
