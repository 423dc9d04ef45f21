//! Holds what a source claims about its rows against the rows themselves.
//!
//! A wrong claim makes answers wrong without a word. Here, it becomes an error that names the method
//! which made the claim. The number of rows is always checked. Columns and their order are checked
//! in development builds only, because that takes time.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Datum, RecordBatch};
use arrow::compute::kernels::cmp::{eq, gt, lt};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion_common::stats::Precision;
use datafusion_common::{ColumnStatistics, Result, Statistics, exec_err};
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
        if let Precision::Exact(claimed) = self.statistics.num_rows
            && self.rows > claimed
        {
            return self.wrong_rows(claimed);
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
        if let Precision::Exact(claimed) = self.statistics.num_rows
            && self.rows != claimed
        {
            return self.wrong_rows(claimed);
        }
        self.columns.iter().try_for_each(ColumnClaims::finish)
    }

    fn wrong_rows(&self, claimed: usize) -> Result<()> {
        exec_err!(
            "Partition::statistics claims exactly {claimed} rows, but Partition::read returned {}",
            self.rows
        )
    }
}

struct ColumnClaims {
    name: String,
    claimed: ColumnStatistics,
    nulls: usize,
    /// Whether a value equals the claimed minimum, and the claimed maximum.
    attained: [bool; 2],
}

type Compare = fn(&dyn Datum, &dyn Datum) -> Result<BooleanArray, ArrowError>;

impl ColumnClaims {
    fn new(name: &str, claimed: &ColumnStatistics) -> Self {
        Self {
            name: name.to_owned(),
            claimed: claimed.clone(),
            nulls: 0,
            attained: [false; 2],
        }
    }

    fn see(&mut self, column: &ArrayRef) -> Result<()> {
        self.nulls += column.logical_null_count();
        let name = &self.name;
        let bounds: [(_, _, Compare); 2] = [
            ("below the minimum", &self.claimed.min_value, lt),
            ("above the maximum", &self.claimed.max_value, gt),
        ];
        for ((what, claimed, outside), attained) in bounds.into_iter().zip(&mut self.attained) {
            let Some(bound) = claimed.get_value().filter(|bound| !bound.is_null()) else {
                continue;
            };
            // Arrow does not compare lists and the like.
            if column.data_type().is_nested() {
                continue;
            }
            let any = |compare: Compare| -> Result<bool> {
                match compare(column, &bound.to_scalar()?) {
                    Ok(found) => Ok(found.true_count() > 0),
                    Err(error) => exec_err!(
                        "Partition::statistics claims a bound of {name} that is no value of this \
                         column: {error}"
                    ),
                }
            };
            if any(outside)? {
                return exec_err!(
                    "Partition::statistics claims that no {name} is {what} {bound}, but \
                     Partition::read returned one"
                );
            }
            *attained |= any(eq)?;
        }
        Ok(())
    }

    fn finish(&self) -> Result<()> {
        let name = &self.name;
        if let Precision::Exact(claimed) = self.claimed.null_count
            && claimed != self.nulls
        {
            return exec_err!(
                "Partition::statistics claims exactly {claimed} nulls of {name}, but \
                 Partition::read returned {}",
                self.nulls
            );
        }
        let bounds = [
            ("minimum", &self.claimed.min_value),
            ("maximum", &self.claimed.max_value),
        ];
        for ((what, claimed), attained) in bounds.into_iter().zip(self.attained) {
            if let Precision::Exact(bound) = claimed
                && !bound.is_null()
                && !attained
            {
                return exec_err!(
                    "Partition::statistics claims that {bound} is the {what} of {name}, but \
                     Partition::read returned no such value"
                );
            }
        }
        Ok(())
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
