//! `DISTINCT`: an accumulator that adds each row to the state once.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::Accumulator;

use super::state::{AggregateState, result};

/// Each argument is a list of the values in the distinct rows.
pub fn state_types<'a>(
    arguments: impl Iterator<Item = &'a DataType>,
) -> impl Iterator<Item = DataType> {
    arguments.map(|r#type| DataType::List(Field::new_list_field(r#type.clone(), true).into()))
}

pub fn accumulator<S: AggregateState>(arguments: Vec<DataType>) -> Box<dyn Accumulator> {
    Box::new(DistinctAccumulator::<S> {
        arguments,
        rows: HashMap::new(),
        bytes: 0,
        state: Some(S::default()),
    })
}

#[derive(Debug)]
struct DistinctAccumulator<S> {
    arguments: Vec<DataType>,
    /// How often each row is there.
    rows: HashMap<Vec<ScalarValue>, usize>,
    /// The size of the rows, without that of the map.
    bytes: usize,
    /// The state of these rows. A row that leaves a window makes it unknown.
    state: Option<S>,
}

impl<S: AggregateState> DistinctAccumulator<S> {
    fn add(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let mut new = vec![];
        for row in 0..columns.first().map_or(0, |column| column.len()) {
            let values = values(columns, row)?;
            match self.rows.get_mut(&values) {
                Some(count) => *count += 1,
                None => {
                    new.push(row as u64);
                    self.bytes += size(&values);
                    self.rows.insert(values, 1);
                }
            }
        }
        if let Some(state) = &mut self.state {
            let new = UInt64Array::from(new);
            let columns = columns.iter().map(|column| take(column, &new, None));
            add_rows(state, &columns.collect::<Result<Vec<_>, _>>()?)?;
        }
        Ok(())
    }

    fn arguments<'a>(&self, values: &'a [ArrayRef]) -> &'a [ArrayRef] {
        // The columns of an `ORDER BY` come after the arguments.
        &values[..self.arguments.len().min(values.len())]
    }
}

fn values(columns: &[ArrayRef], row: usize) -> Result<Vec<ScalarValue>> {
    let values = columns.iter();
    values
        .map(|column| {
            let value = ScalarValue::try_from_array(column, row)?;
            // `0.0` and `-0.0` are one value, as in a `GROUP BY`.
            Ok(match value {
                ScalarValue::Float32(Some(0.0)) => 0_f32.into(),
                ScalarValue::Float64(Some(0.0)) => 0_f64.into(),
                value => value.compacted(),
            })
        })
        .collect()
}

fn size(row: &[ScalarValue]) -> usize {
    row.iter().map(ScalarValue::size).sum()
}

fn add_rows<S: AggregateState>(state: &mut S, columns: &[ArrayRef]) -> Result<()> {
    for input in S::inputs(columns)?.flatten() {
        state.update(input)?;
    }
    Ok(())
}

impl<S: AggregateState> Accumulator for DistinctAccumulator<S> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(self.arguments(values))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for state in 0..states.first().map_or(0, |lists| lists.len()) {
            let rows: Option<Vec<_>> = states
                .iter()
                .map(|lists| Some(lists.as_list_opt::<i32>()?.value(state)))
                .collect();
            match rows {
                Some(rows) => self.add(&rows)?,
                None => return exec_err!("a state of DISTINCT is a list for each argument"),
            }
        }
        Ok(())
    }

    fn retract_batch(&mut self, values_of_rows: &[ArrayRef]) -> Result<()> {
        let columns = self.arguments(values_of_rows);
        for row in 0..columns.first().map_or(0, |column| column.len()) {
            let row = values(columns, row)?;
            let Some(count) = self.rows.get_mut(&row) else {
                return exec_err!("a row leaves a window that it did not enter");
            };
            *count -= 1;
            if *count == 0 {
                self.bytes -= size(&row);
                self.rows.remove(&row);
                self.state = None;
            }
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let lists = self.arguments.iter().enumerate();
        let lists = lists.map(|(at, r#type)| {
            let values: Vec<_> = self.rows.keys().map(|row| row[at].clone()).collect();
            ScalarValue::List(ScalarValue::new_list_nullable(&values, r#type))
        });
        Ok(lists.collect())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.state.is_none() {
            let mut state = S::default();
            if !self.rows.is_empty() {
                let columns = (0..self.arguments.len()).map(|at| {
                    ScalarValue::iter_to_array(self.rows.keys().map(|row| row[at].clone()))
                });
                add_rows(&mut state, &columns.collect::<Result<Vec<_>>>()?)?;
            }
            self.state = Some(state);
        }
        result(self.state.as_ref().unwrap_or(&S::default()))
    }

    fn size(&self) -> usize {
        let entry = size_of::<(Vec<ScalarValue>, usize)>();
        size_of_val(self) + self.rows.capacity() * entry + self.bytes
    }
}
