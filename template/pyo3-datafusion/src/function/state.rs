//! Accumulators made of a state that rows are added to, and that can be merged.

use std::fmt::Debug;
use std::mem::take;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue, not_impl_err};
use datafusion_expr::{Accumulator, EmitTo, GroupsAccumulator};

use crate::compat::{merge_batch, supports_convert_to_state};

/// What an aggregate function remembers of the rows seen so far. `#[derive(State)]` lets it travel.
pub trait State: Debug + Default + Clone + Send + Sync + 'static {
    /// The columns of a state, with their names.
    fn fields() -> Vec<(&'static str, DataType)>;

    /// `states` as columns.
    fn to_columns(states: &[Self]) -> Result<Vec<ArrayRef>>;

    /// The states that [`to_columns`](Self::to_columns) made columns of.
    fn from_columns(columns: &[ArrayRef]) -> Result<impl Iterator<Item = Self>>;
}

/// How rows are added to a state. Partitions are aggregated apart, and then their states are merged.
/// `#[aggregate_udf]` implements this.
pub trait AggregateState: State {
    /// The arguments of one row.
    type Input<'a>;
    /// Whether there is a [`retract`](Self::retract).
    const RETRACTS: bool = false;

    /// The arguments of each row: `None` for a row that does not count, as its argument is null.
    fn inputs(arguments: &[ArrayRef]) -> Result<impl Iterator<Item = Option<Self::Input<'_>>>>;

    /// Adds one row.
    fn update(&mut self, input: Self::Input<'_>) -> Result<()>;

    /// Removes the row that was added first. Without this, a sliding window merges states.
    fn retract(&mut self, _input: Self::Input<'_>) -> Result<()> {
        not_impl_err!("this state has no retract")
    }

    /// Adds the rows of `later`, which come after the rows of this state.
    fn merge(&mut self, later: &Self) -> Result<()>;

    /// The result of each state.
    fn results(states: &[Self]) -> Result<ArrayRef>;
}

/// Aggregates all rows of a partition.
pub fn accumulator<S: AggregateState>() -> Box<dyn Accumulator> {
    Box::new(StateAccumulator(S::default()))
}

/// Aggregates with `GROUP BY`: the states of all groups are in one vector, as an accumulator for
/// each group is slow.
pub fn groups_accumulator<S: AggregateState>() -> Box<dyn GroupsAccumulator> {
    Box::new(StateGroupsAccumulator(Vec::<S>::new()))
}

/// Aggregates the rows of a sliding window. Without `retract`, a row that leaves the window is not
/// subtracted: a sum would stay NaN or infinite, and would lose small values beside large ones.
pub fn sliding_accumulator<S: AggregateState>() -> Box<dyn Accumulator> {
    if S::RETRACTS {
        return accumulator::<S>();
    }
    Box::new(SlidingAccumulator {
        leaving: vec![],
        entered: vec![],
        entered_total: S::default(),
    })
}

pub(super) fn result<S: AggregateState>(state: &S) -> Result<ScalarValue> {
    let result = S::results(std::slice::from_ref(state))?;
    ScalarValue::try_from_array(&result, 0)
}

#[derive(Debug)]
struct StateAccumulator<S>(S);

impl<S: AggregateState> Accumulator for StateAccumulator<S> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for row in S::inputs(values)?.flatten() {
            self.0.update(row)?;
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for state in S::from_columns(states)? {
            self.0.merge(&state)?;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for row in S::inputs(values)?.flatten() {
            self.0.retract(row)?;
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        S::RETRACTS
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let columns = S::to_columns(std::slice::from_ref(&self.0))?.into_iter();
        let scalars = columns.map(|column| ScalarValue::try_from_array(&column, 0));
        scalars.collect()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        result(&self.0)
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// A queue as two stacks, which needs two merges for each row, however long the window is.
#[derive(Debug)]
struct SlidingAccumulator<S> {
    /// The rows that leave first, the first of them last. Each state is merged with those that leave
    /// after it.
    leaving: Vec<S>,
    /// The states of the rows that came after those, one each.
    entered: Vec<S>,
    entered_total: S,
}

impl<S: AggregateState> Accumulator for SlidingAccumulator<S> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for row in S::inputs(values)? {
            let mut state = S::default();
            if let Some(row) = row {
                state.update(row)?;
            }
            self.entered_total.merge(&state)?;
            self.entered.push(state);
        }
        Ok(())
    }

    /// The rows that leave the window are those that entered it first.
    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for _ in 0..values.first().map_or(0, |values| values.len()) {
            if self.leaving.is_empty() {
                let mut later = S::default();
                for mut state in take(&mut self.entered).into_iter().rev() {
                    state.merge(&later)?;
                    later = state.clone();
                    self.leaving.push(state);
                }
                self.entered_total = S::default();
            }
            self.leaving.pop();
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut state = self.leaving.last().cloned().unwrap_or_default();
        state.merge(&self.entered_total)?;
        result(&state)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        not_impl_err!("a window has no states")
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        not_impl_err!("a window has no states")
    }

    fn size(&self) -> usize {
        let states = self.leaving.capacity() + self.entered.capacity();
        size_of_val(self) + states * size_of::<S>()
    }
}

struct StateGroupsAccumulator<S>(Vec<S>);

impl<S: AggregateState> StateGroupsAccumulator<S> {
    fn merge(
        &mut self,
        states: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.0.resize(total_num_groups, S::default());
        for (state, &group) in S::from_columns(states)?.zip(group_indices) {
            self.0[group].merge(&state)?;
        }
        Ok(())
    }
}

impl<S: AggregateState> GroupsAccumulator for StateGroupsAccumulator<S> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.0.resize(total_num_groups, S::default());
        for (input, &group) in filtered::<S>(values, opt_filter)?.zip(group_indices) {
            if let Some(input) = input {
                self.0[group].update(input)?;
            }
        }
        Ok(())
    }

    merge_batch!(Self::merge);

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        S::to_columns(&emit_to.take_needed(&mut self.0))
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        S::results(&emit_to.take_needed(&mut self.0))
    }

    supports_convert_to_state!(self => true);

    /// DataFusion calls this instead of grouping, if nearly every row is a group of its own.
    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let states = filtered::<S>(values, opt_filter)?.map(|input| {
            let mut state = S::default();
            if let Some(input) = input {
                state.update(input)?;
            }
            Ok(state)
        });
        S::to_columns(&states.collect::<Result<Vec<_>>>()?)
    }

    fn size(&self) -> usize {
        self.0.capacity() * size_of::<S>()
    }
}

/// The arguments of each row: `None` also for a row that `FILTER (WHERE …)` excludes.
fn filtered<'a, S: AggregateState>(
    values: &'a [ArrayRef],
    filter: Option<&'a BooleanArray>,
) -> Result<impl Iterator<Item = Option<S::Input<'a>>>> {
    let inputs = S::inputs(values)?.enumerate();
    Ok(inputs.map(move |(row, input)| {
        let keep = filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        input.filter(|_| keep)
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;

    /// The digits of a window, in order: a merge in another order shows.
    #[derive(Debug, Default, Clone)]
    struct Digits(Vec<i64>);

    impl State for Digits {
        fn fields() -> Vec<(&'static str, DataType)> {
            vec![]
        }

        fn to_columns(_: &[Self]) -> Result<Vec<ArrayRef>> {
            Ok(vec![])
        }

        fn from_columns(_: &[ArrayRef]) -> Result<impl Iterator<Item = Self>> {
            Ok(std::iter::empty())
        }
    }

    impl AggregateState for Digits {
        type Input<'a> = i64;

        fn inputs(arguments: &[ArrayRef]) -> Result<impl Iterator<Item = Option<i64>>> {
            Ok(arguments[0].as_primitive::<Int64Type>().iter())
        }

        fn update(&mut self, digit: i64) -> Result<()> {
            self.0.push(digit);
            Ok(())
        }

        fn merge(&mut self, later: &Self) -> Result<()> {
            self.0.extend(&later.0);
            Ok(())
        }

        fn results(states: &[Self]) -> Result<ArrayRef> {
            let number = |state: &Self| state.0.iter().fold(0, |number, digit| number * 10 + digit);
            Ok(Arc::new(Int64Array::from_iter_values(
                states.iter().map(number),
            )))
        }
    }

    #[test]
    fn a_window_slides_in_the_order_of_its_rows() {
        let column =
            |digits: &[Option<i64>]| vec![Arc::new(Int64Array::from(digits.to_vec())) as _];
        let mut window = sliding_accumulator::<Digits>();
        for (entering, leaving, expected) in [
            (vec![Some(1), Some(2), None, Some(3)], vec![], 123),
            (vec![], vec![Some(1)], 23),
            (vec![Some(4), Some(5)], vec![Some(2), None], 345),
            (vec![Some(6)], vec![Some(3), Some(4)], 56),
            (vec![], vec![Some(5), Some(6)], 0),
        ] {
            window.update_batch(&column(&entering)).unwrap();
            window.retract_batch(&column(&leaving)).unwrap();
            assert_eq!(
                window.evaluate().unwrap(),
                ScalarValue::from(expected as i64)
            );
        }
    }
}
