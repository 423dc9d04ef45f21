//! Checks a source's claims against its rows.
//!
//! A wrong claim silently makes answers wrong. Here, it becomes an error that names the method
//! which made the claim. The number of rows is always checked. Columns and their order are checked
//! in development builds only, because that takes time.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, RecordBatch};
use arrow::compute::{LexicographicalComparator, cast, concat_batches};
use arrow::datatypes::{Decimal128Type, FieldRef, Float64Type, Int64Type, SchemaRef, UInt64Type};
use datafusion_common::stats::Precision;
use datafusion_common::{ColumnStatistics, Result, ScalarValue, Statistics, exec_err};
use datafusion_functions_aggregate_common::min_max::{max_batch, min_batch};
use datafusion_physical_expr::LexOrdering;

/// What is claimed of one partition, and what has been seen of it.
pub struct Claims {
    statistics: Arc<Statistics>,
    sort_order: Option<LexOrdering>,
    rows: usize,
    columns: Vec<SeenColumn>,
    last_row: Option<RecordBatch>,
}

impl Claims {
    /// `statistics` are of the partition, and `of_table` of the whole table.
    pub fn new(
        statistics: Arc<Statistics>,
        of_table: &Statistics,
        schema: &SchemaRef,
        sort_order: Option<&LexOrdering>,
    ) -> Self {
        let checked = cfg!(debug_assertions);
        let column = |(field, of_table): (&FieldRef, &ColumnStatistics)| SeenColumn {
            name: field.name().clone(),
            of_table: of_table.clone(),
            ..SeenColumn::default()
        };
        let fields = schema.fields().iter().zip(&of_table.column_statistics);
        let fields = fields.filter(|_| checked);
        Self {
            statistics,
            sort_order: sort_order.filter(|_| checked).cloned(),
            rows: 0,
            columns: fields.map(column).collect(),
            last_row: None,
        }
    }

    /// Looks at a batch of the partition.
    pub fn see(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        if self.statistics.num_rows.get_value() < Some(&self.rows) {
            self.check_rows()?;
        }
        let claimed = &self.statistics.column_statistics;
        for ((seen, claimed), column) in self.columns.iter_mut().zip(claimed).zip(batch.columns()) {
            seen.see(column, claimed)?;
        }
        self.check_order(batch)
    }

    /// Says whether all claims were true, after the last batch.
    pub fn finish(&self) -> Result<()> {
        self.check_rows()?;
        let mut columns = self.columns.iter().zip(&self.statistics.column_statistics);
        columns.try_for_each(|(seen, claimed)| seen.check(claimed))
    }

    /// The row count so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    fn check_rows(&self) -> Result<()> {
        check_count(self.statistics.num_rows, self.rows, "rows")
    }

    fn check_order(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(sort_order) = &self.sort_order else {
            return Ok(());
        };
        let batch = concat_batches(batch.schema_ref(), self.last_row.iter().chain([batch]))?;
        let columns = sort_order
            .iter()
            .map(|by| by.evaluate_to_sort_column(&batch))
            .collect::<Result<Vec<_>>>()?;
        let rows = LexicographicalComparator::try_new(&columns)?;
        if (1..batch.num_rows()).any(|row| rows.compare(row - 1, row).is_gt()) {
            return exec_err!(
                "Source::sort_order claims that rows are sorted by {sort_order}, but \
                 Partition::read returned others"
            );
        }
        let last = batch.num_rows().checked_sub(1);
        self.last_row = last.map(|last| batch.slice(last, 1));
        Ok(())
    }
}

/// What has been seen of a column.
#[derive(Default)]
struct SeenColumn {
    name: String,
    of_table: ColumnStatistics,
    nulls: usize,
    distinct: HashSet<ScalarValue>,
    min: Option<ScalarValue>,
    max: Option<ScalarValue>,
    sum: Sum,
}

impl SeenColumn {
    fn see(&mut self, column: &ArrayRef, claimed: &ColumnStatistics) -> Result<()> {
        self.nulls += column.logical_null_count();
        if let Precision::Exact(_) = claimed.distinct_count {
            for row in 0..column.len() {
                let value = ScalarValue::try_from_array(column, row)?;
                if !value.is_null() {
                    self.distinct.insert(value);
                }
            }
        }
        let claims = [claimed, &self.of_table];
        if claims
            .iter()
            .any(|claim| claim.min_value != Precision::Absent)
        {
            extend(&mut self.min, min_batch(column)?, Ordering::Less);
        }
        if claims
            .iter()
            .any(|claim| claim.max_value != Precision::Absent)
        {
            extend(&mut self.max, max_batch(column)?, Ordering::Greater);
        }
        if let Precision::Exact(claimed) = &claimed.sum_value {
            self.sum.add(column, claimed)?;
        }
        Ok(())
    }

    fn check(&self, claimed: &ColumnStatistics) -> Result<()> {
        let name = &self.name;
        check_count(claimed.null_count, self.nulls, &format!("nulls of {name}"))?;
        let distinct = format!("distinct values of {name}");
        check_count(claimed.distinct_count, self.distinct.len(), &distinct)?;
        let (minimum, maximum) = (format!("minimum of {name}"), format!("maximum of {name}"));
        for (method, claimed) in [
            ("Source::statistics", &self.of_table),
            ("Partition::statistics", claimed),
        ] {
            check_bound(
                method,
                &claimed.min_value,
                &self.min,
                Ordering::Less,
                &minimum,
            )?;
            check_bound(
                method,
                &claimed.max_value,
                &self.max,
                Ordering::Greater,
                &maximum,
            )?;
        }
        match &claimed.sum_value {
            Precision::Exact(claimed) => self.sum.check(claimed, name),
            _ => Ok(()),
        }
    }
}

/// The sum of the values that have been seen, of those types whose sum can be claimed.
#[derive(Default)]
struct Sum {
    values: usize,
    whole: i128,
    float: f64,
    /// The sum of the absolute values.
    magnitude: f64,
}

impl Sum {
    /// Adds the values of `column`, in the type of the claim.
    fn add(&mut self, column: &ArrayRef, claimed: &ScalarValue) -> Result<()> {
        let column = cast(column, &claimed.data_type())?;
        self.values += column.len() - column.logical_null_count();
        match claimed {
            ScalarValue::Int64(_) => self.add_whole(column.as_primitive::<Int64Type>()),
            ScalarValue::UInt64(_) => self.add_whole(column.as_primitive::<UInt64Type>()),
            ScalarValue::Decimal128(..) => self.add_whole(column.as_primitive::<Decimal128Type>()),
            ScalarValue::Float64(_) => {
                for value in column.as_primitive::<Float64Type>().iter().flatten() {
                    self.float += value;
                    self.magnitude += value.abs();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn add_whole<T: ArrowPrimitiveType<Native: Into<i128>>>(&mut self, column: &PrimitiveArray<T>) {
        let values = column.iter().flatten().map(Into::into);
        self.whole = values.fold(self.whole, i128::wrapping_add);
    }

    fn check(&self, claimed: &ScalarValue, name: &str) -> Result<()> {
        let (found, same) = match claimed {
            ScalarValue::Int64(Some(claimed)) => self.is_whole(*claimed),
            ScalarValue::UInt64(Some(claimed)) => self.is_whole(*claimed),
            ScalarValue::Decimal128(Some(claimed), ..) => self.is_whole(*claimed),
            ScalarValue::Float64(Some(claimed)) => {
                // Each addition rounds, and so the order of the values counts.
                let rounding = self.values as f64 * f64::EPSILON * self.magnitude;
                let same = (claimed - self.float).abs() <= rounding
                    || claimed.total_cmp(&self.float).is_eq()
                    || (claimed.is_nan() && self.float.is_nan());
                (self.float.to_string(), same)
            }
            // The sum of no values is null.
            null if null.is_null() => (format!("{} values", self.values), self.values == 0),
            _ => return Ok(()),
        };
        if same {
            return Ok(());
        }
        exec_err!(
            "Partition::statistics claims that {claimed:?} is the sum of {name}, but Partition::read \
             returned {found}"
        )
    }

    fn is_whole(&self, claimed: impl Into<i128>) -> (String, bool) {
        (self.whole.to_string(), self.whole == claimed.into())
    }
}

fn check_count(claimed: Precision<usize>, found: usize, what: &str) -> Result<()> {
    match claimed {
        Precision::Exact(claimed) if claimed != found => exec_err!(
            "Partition::statistics claims exactly {claimed} {what}, but Partition::read returned \
             {found}"
        ),
        _ => Ok(()),
    }
}

/// Makes `bound` the `value` that is beyond it.
fn extend(bound: &mut Option<ScalarValue>, value: ScalarValue, beyond: Ordering) {
    let order = bound.as_ref().map(|bound| value.partial_cmp(bound));
    if !value.is_null() && order.is_none_or(|order| order == Some(beyond)) {
        *bound = Some(value);
    }
}

/// A bound that is `Inexact` may lie beyond all values. A null is no claim.
fn check_bound(
    method: &str,
    claimed: &Precision<ScalarValue>,
    found: &Option<ScalarValue>,
    beyond: Ordering,
    what: &str,
) -> Result<()> {
    let Some(bound) = claimed.get_value().filter(|bound| !bound.is_null()) else {
        return Ok(());
    };
    let inexact = claimed.is_exact() == Some(false);
    match found.as_ref().and_then(|found| bound.partial_cmp(found)) {
        Some(Ordering::Equal) => Ok(()),
        order if inexact && (found.is_none() || order == Some(beyond)) => Ok(()),
        _ => exec_err!(
            "{method} claims that {bound:?} is the {what}, but Partition::read returned {:?}",
            found.as_ref().unwrap_or(&ScalarValue::Null)
        ),
    }
}
