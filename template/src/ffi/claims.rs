//! Holds what a source claims about its rows against the rows themselves.
//!
//! A wrong claim makes answers wrong without a word. Here, it becomes an error that names the method
//! which made the claim. The number of rows is always checked. Columns and their order are checked
//! in development builds only, because that takes time.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion_common::stats::Precision;
use datafusion_common::{ColumnStatistics, Result, ScalarValue, Statistics, exec_err};
use datafusion_functions_aggregate_common::min_max::{max_batch, min_batch};
use datafusion_physical_expr::LexOrdering;

/// What is claimed of one partition, and what has been seen of it.
pub struct Claims {
    statistics: Arc<Statistics>,
    rows: usize,
    columns: Vec<ColumnClaims>,
    order: Option<Order>,
}

impl Claims {
    pub fn try_new(
        statistics: Arc<Statistics>,
        schema: &SchemaRef,
        sort_order: Option<&LexOrdering>,
    ) -> Result<Self> {
        let (mut columns, mut order) = (vec![], None);
        if cfg!(debug_assertions) {
            for (field, claimed) in schema.fields().iter().zip(&statistics.column_statistics) {
                columns.push(ColumnClaims::new(field.name(), claimed));
            }
            order = sort_order
                .map(|sort_order| Order::try_new(sort_order, schema))
                .transpose()?;
        }
        Ok(Self {
            statistics,
            rows: 0,
            columns,
            order,
        })
    }

    /// Looks at a batch of the partition.
    pub fn see(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        if self.statistics.num_rows.get_value() < Some(&self.rows) {
            self.check_rows()?;
        }
        for (claims, column) in self.columns.iter_mut().zip(batch.columns()) {
            claims.see(column)?;
        }
        match &mut self.order {
            Some(order) => order.see(batch),
            None => Ok(()),
        }
    }

    /// Says whether all claims were true, after the last batch.
    pub fn finish(&self) -> Result<()> {
        self.check_rows()?;
        self.columns.iter().try_for_each(ColumnClaims::finish)
    }

    fn check_rows(&self) -> Result<()> {
        check(self.statistics.num_rows, self.rows, "rows")
    }
}

fn check(claimed: Precision<usize>, found: usize, what: &str) -> Result<()> {
    match claimed {
        Precision::Exact(claimed) if claimed != found => exec_err!(
            "Partition::statistics claims exactly {claimed} {what}, but Partition::read returned \
             {found}"
        ),
        _ => Ok(()),
    }
}

struct ColumnClaims {
    name: String,
    claimed: ColumnStatistics,
    nulls: usize,
    distinct: HashSet<ScalarValue>,
    bounds: [Bound; 2],
}

impl ColumnClaims {
    fn new(name: &str, claimed: &ColumnStatistics) -> Self {
        let bound = |what, claimed: &Precision<_>, of_batch, outside| Bound {
            what,
            claimed: claimed.clone(),
            of_batch,
            outside,
            attained: false,
        };
        Self {
            name: name.to_owned(),
            claimed: claimed.clone(),
            nulls: 0,
            distinct: HashSet::new(),
            bounds: [
                bound("minimum", &claimed.min_value, min_batch, Ordering::Less),
                bound("maximum", &claimed.max_value, max_batch, Ordering::Greater),
            ],
        }
    }

    fn see(&mut self, column: &ArrayRef) -> Result<()> {
        self.nulls += column.logical_null_count();
        if let Precision::Exact(_) = self.claimed.distinct_count {
            for row in 0..column.len() {
                let value = ScalarValue::try_from_array(column, row)?;
                if !value.is_null() {
                    self.distinct.insert(value);
                }
            }
        }
        let mut bounds = self.bounds.iter_mut();
        bounds.try_for_each(|bound| bound.see(column, &self.name))
    }

    fn finish(&self) -> Result<()> {
        let name = &self.name;
        let nulls = format!("nulls of {name}");
        check(self.claimed.null_count, self.nulls, &nulls)?;
        let distinct = format!("distinct values of {name}");
        check(self.claimed.distinct_count, self.distinct.len(), &distinct)?;
        self.bounds.iter().try_for_each(|bound| bound.finish(name))
    }
}

/// The claim that a value is the minimum or the maximum of a column. If the claim is `Inexact`, no
/// value may be outside of it all the same.
struct Bound {
    what: &'static str,
    claimed: Precision<ScalarValue>,
    of_batch: fn(&ArrayRef) -> Result<ScalarValue>,
    outside: Ordering,
    attained: bool,
}

impl Bound {
    /// A null is no claim.
    fn claimed(&self) -> Option<&ScalarValue> {
        self.claimed.get_value().filter(|bound| !bound.is_null())
    }

    fn see(&mut self, column: &ArrayRef, name: &str) -> Result<()> {
        let Some(bound) = self.claimed() else {
            return Ok(());
        };
        let value = (self.of_batch)(column)?;
        if value.is_null() {
            return Ok(());
        }
        let order = value.partial_cmp(bound);
        if order.is_none() || order == Some(self.outside) {
            return exec_err!(
                "Partition::statistics claims that {bound:?} is the {} of {name}, but \
                 Partition::read returned {value:?}",
                self.what
            );
        }
        self.attained |= order == Some(Ordering::Equal);
        Ok(())
    }

    fn finish(&self, name: &str) -> Result<()> {
        match (&self.claimed, self.claimed()) {
            (Precision::Exact(_), Some(bound)) if !self.attained => exec_err!(
                "Partition::statistics claims that {bound:?} is the {} of {name}, but \
                 Partition::read returned no such value",
                self.what
            ),
            _ => Ok(()),
        }
    }
}

/// The claim that rows are sorted.
struct Order {
    sort_order: LexOrdering,
    converter: RowConverter,
    last: Option<OwnedRow>,
}

impl Order {
    fn try_new(sort_order: &LexOrdering, schema: &SchemaRef) -> Result<Self> {
        let fields = sort_order
            .iter()
            .map(|by| {
                let data_type = by.expr.data_type(schema)?;
                Ok(SortField::new_with_options(data_type, by.options))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            sort_order: sort_order.clone(),
            converter: RowConverter::new(fields)?,
            last: None,
        })
    }

    fn see(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = self
            .sort_order
            .iter()
            .map(|by| by.expr.evaluate(batch)?.into_array(batch.num_rows()))
            .collect::<Result<Vec<_>>>()?;
        let rows = self.converter.convert_columns(&columns)?;
        if !self.last.iter().map(OwnedRow::row).chain(&rows).is_sorted() {
            return exec_err!(
                "Source::sort_order claims that rows are sorted by {}, but Partition::read \
                 returned others",
                self.sort_order
            );
        }
        if let Some(last) = batch.num_rows().checked_sub(1) {
            self.last = Some(rows.row(last).owned());
        }
        Ok(())
    }
}
