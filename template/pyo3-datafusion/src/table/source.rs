//! What you implement for a table: [`Source`] for the table, and [`Partition`] for a part of it.
//!
//! A table needs [`Source::schema`], [`Source::partitions`] and [`Partition::read`]. Every other
//! method makes queries faster by a claim about the rows. If you leave such a method out, nothing
//! is claimed, and every answer is right.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion_common::config::ConfigOptions;
use datafusion_common::{Result, ScalarValue, Statistics};
use datafusion_expr::expr::InList;
use datafusion_expr::{BinaryExpr, Expr, Operator, SortExpr, TableProviderFilterPushDown};
use futures::stream::BoxStream;

/// What one query asks of a [`Source`].
#[derive(Debug, Clone)]
pub struct Scan {
    /// The columns to read, in order. There may be none, as in `count(*)`.
    pub schema: SchemaRef,
    /// The places of these columns in [`Source::schema`].
    pub projection: Vec<usize>,
    /// Those filters of the query that [`Source::supports_filter`] supports.
    pub filters: Vec<Expr>,
    /// This many rows are enough. A limit is set only where all filters of the query are `Exact`.
    pub limit: Option<usize>,
    /// The options of the session, such as `config.execution.target_partitions`, and those of the
    /// package.
    pub config: Arc<ConfigOptions>,
}

impl Scan {
    /// Divides `parts`, such as files, into as many groups as DataFusion reads at a time, or fewer. Each
    /// partition costs time, so a source with many small parts makes a partition of a group. Parts
    /// that follow each other stay together.
    pub fn group<T>(&self, mut parts: Vec<T>) -> Vec<Vec<T>> {
        let mut groups = vec![];
        for left in (1..=self.config.execution.target_partitions.max(1)).rev() {
            let others = parts.split_off(parts.len().div_ceil(left));
            if !parts.is_empty() {
                groups.push(parts);
            }
            parts = others;
        }
        groups
    }
}

/// A table.
#[async_trait]
pub trait Source: Any + Debug + Send + Sync {
    /// The columns of the table. They are asked for once, when the table is made.
    fn schema(&self) -> SchemaRef;

    /// The partitions to read for one query, which DataFusion reads in parallel. Together they
    /// have all rows of the table, except those that a supported filter leaves out. You may
    /// `.await` timers and I/O here.
    async fn partitions(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>>;

    /// What the source does with one filter:
    ///
    /// - `Unsupported`: nothing. [`Source::partitions`] does not get the filter.
    /// - `Inexact`: it leaves out some of the rows that fail the filter. DataFusion filters again.
    /// - `Exact`: it leaves out all of them. DataFusion does not check.
    fn supports_filter(&self, _filter: &Expr) -> TableProviderFilterPushDown {
        TableProviderFilterPushDown::Unsupported
    }

    /// The order in which the rows of each partition come, as columns of the table. Hosts still
    /// sort, because they do not recognize columns that come over the FFI.
    fn sort_order(&self) -> Vec<SortExpr> {
        vec![]
    }

    /// What is known of the whole table, where that is cheap, such as a row count that a header has.
    /// `schema` is [`Scan::schema`].
    ///
    /// DataFusion plans with it what [`Partition::statistics`] leaves open. All of it counts as
    /// `Inexact`, and so it answers no query. A minimum or maximum is a bound: no value may lie beyond
    /// it. Development builds check that.
    fn statistics(&self, schema: &SchemaRef) -> Result<Statistics> {
        Ok(Statistics::new_unknown(schema))
    }

    /// Whether the rows never end, as those of a queue of messages. DataFusion refuses a query over such
    /// a table that needs all rows before it returns one, such as a sort.
    fn is_infinite(&self) -> bool {
        false
    }
}

/// A part of a table that one thread reads.
pub trait Partition: Any + Debug + Send + Sync {
    /// The rows, as batches with the columns of [`Scan::schema`]. A source that does not read
    /// fewer columns for a query returns all columns of [`Source::schema`] instead.
    ///
    /// Batches of about `batch_size` rows are best; larger ones are split. The stream may `.await`
    /// timers and I/O. It is dropped as soon as no more rows are wanted, because of a `LIMIT` or
    /// Ctrl-C, and reading must stop then. A query may read a partition several times, and must get the
    /// same rows each time.
    fn read(&self, batch_size: usize) -> Result<BoxStream<'static, Result<RecordBatch>>>;

    /// What is known about the rows before they are read. `schema` is [`Scan::schema`].
    ///
    /// DataFusion answers `count(*)`, `min` and `max` from what is `Exact`, without reading a row.
    /// It plans with what is `Inexact`, and takes such a minimum or maximum for a bound: no value may
    /// lie beyond it. Development builds check all of these while rows are read, because a false claim
    /// makes answers wrong.
    fn statistics(&self, schema: &SchemaRef) -> Result<Statistics> {
        Ok(Statistics::new_unknown(schema))
    }
}

/// The parts of a filter that compares a column with a literal, as if the column came first: `5 > id`
/// is `("id", Lt, 5)`. DataFusion splits `AND` and `BETWEEN` into several filters.
pub fn comparison(filter: &Expr) -> Option<(&str, Operator, &ScalarValue)> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else {
        return None;
    };
    match (left.as_ref(), right.as_ref()) {
        (Expr::Column(column), Expr::Literal(value, _)) => Some((&column.name, *op, value)),
        (Expr::Literal(value, _), Expr::Column(column)) => Some((&column.name, op.swap()?, value)),
        _ => None,
    }
}

/// The column and the literals of `id IN (1, 2)`. DataFusion makes `id = 1 OR id = 2` of a short
/// list.
pub fn one_of(filter: &Expr) -> Option<(&str, Vec<&ScalarValue>)> {
    match filter {
        Expr::InList(InList {
            expr,
            list,
            negated: false,
        }) => {
            let Expr::Column(column) = expr.as_ref() else {
                return None;
            };
            let literals = list.iter().map(|value| match value {
                Expr::Literal(value, _) => Some(value),
                _ => None,
            });
            Some((&column.name, literals.collect::<Option<_>>()?))
        }
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Or,
            right,
        }) => {
            let (column, mut literals) = one_of(left)?;
            let (same_column, others) = one_of(right)?;
            literals.extend(others);
            (column == same_column).then_some((column, literals))
        }
        _ => match comparison(filter)? {
            (column, Operator::Eq, literal) => Some((column, vec![literal])),
            _ => None,
        },
    }
}
