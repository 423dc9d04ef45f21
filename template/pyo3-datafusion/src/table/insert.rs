//! What you implement for a table that rows can be inserted into.

use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use datafusion_common::{Result, exec_err};
use datafusion_execution::TaskContext;
use futures::stream::BoxStream;

use super::insert_exec::RowSink;
use super::source::Source;

/// A table that takes the rows of an `INSERT INTO`.
#[async_trait]
pub trait Insert: Source {
    /// Takes all rows, and returns the row count. They have the columns of [`Source::schema`], and
    /// come one batch at a time, so that they need not fit into memory. You may `.await` timers and
    /// I/O here.
    ///
    /// The rows may end with an error, which you return. With any error, say which rows the table
    /// has kept: whoever inserts cannot know otherwise.
    async fn insert(&self, rows: BoxStream<'static, Result<RecordBatch>>) -> Result<u64>;
}

/// Hands the rows of an `INSERT INTO` to [`Insert::insert`].
#[derive(Debug)]
pub(super) struct SourceSink<S>(pub Arc<S>);

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
