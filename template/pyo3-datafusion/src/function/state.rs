//! Accumulators made of a state that rows are added to, and that can be merged.

use std::fmt::Debug;
use std::mem::take;

use arrow::array::{Array, ArrayRef, BooleanArray};
use datafusion_common::{Result, ScalarValue, not_impl_err};
use datafusion_expr::{Accumulator, EmitTo, GroupsAccumulator};

use crate::compat::merge_batch;

/// What an aggregate function remembers of the rows seen so far. Partitions are aggregated apart, and
/// then their states are merged.
pub trait AggregateState: Debug + Default + Clone + Send + Sync + 'static {
    /// The arguments of one row.
    type Input;

    /// The arguments of each row: `None` for a row that does not count, as its argument is null.
    fn inputs(arguments: &[ArrayRef]) -> impl Iterator<Item = Option<Self::Input>>;

    /// Adds one row.
    fn update(&mut self, input: Self::Input);

    /// Adds the rows of `later`, which come after the rows of this state.
    fn merge(&mut self, later: &Self);

    /// `states` as columns, with the fields of `AggregateUDFImpl::state_fields`.
    fn to_columns(states: &[Self]) -> Vec<ArrayRef>;

    /// The states that [`to_columns`](Self::to_columns) made columns of.
    fn from_columns(columns: &[ArrayRef]) -> impl Iterator<Item = Self>;

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

/// Aggregates the rows of a sliding window. A row that leaves the window is not subtracted: a sum
/// would stay NaN or infinite, and would lose small values beside large ones.
pub fn sliding_accumulator<S: AggregateState>() -> Box<dyn Accumulator> {
    Box::new(SlidingAccumulator {
        leaving: vec![],
        entered: vec![],
        entered_total: S::default(),
    })
}

fn result<S: AggregateState>(state: &S) -> Result<ScalarValue> {
    let result = S::results(std::slice::from_ref(state))?;
    ScalarValue::try_from_array(&result, 0)
}

#[derive(Debug)]
struct StateAccumulator<S>(S);

impl<S: AggregateState> Accumulator for StateAccumulator<S> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        S::inputs(values)
            .flatten()
            .for_each(|row| self.0.update(row));
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        S::from_columns(states).for_each(|state| self.0.merge(&state));
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let columns = S::to_columns(std::slice::from_ref(&self.0)).into_iter();
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
        for row in S::inputs(values) {
            let mut state = S::default();
            if let Some(row) = row {
                state.update(row);
            }
            self.entered_total.merge(&state);
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
                    state.merge(&later);
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
        state.merge(&self.entered_total);
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
        for (state, &group) in S::from_columns(states).zip(group_indices) {
            self.0[group].merge(&state);
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
        for (input, &group) in filtered::<S>(values, opt_filter).zip(group_indices) {
            if let Some(input) = input {
                self.0[group].update(input);
            }
        }
        Ok(())
    }

    merge_batch!(Self::merge);

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(S::to_columns(&emit_to.take_needed(&mut self.0)))
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        S::results(&emit_to.take_needed(&mut self.0))
    }

    /// DataFusion calls this instead of grouping, if nearly every row is a group of its own.
    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let states = filtered::<S>(values, opt_filter).map(|input| {
            let mut state = S::default();
            if let Some(input) = input {
                state.update(input);
            }
            state
        });
        Ok(S::to_columns(&states.collect::<Vec<_>>()))
    }

    fn size(&self) -> usize {
        self.0.capacity() * size_of::<S>()
    }
}

/// The arguments of each row: `None` also for a row that `FILTER (WHERE …)` excludes.
fn filtered<S: AggregateState>(
    values: &[ArrayRef],
    filter: Option<&BooleanArray>,
) -> impl Iterator<Item = Option<S::Input>> {
    S::inputs(values).enumerate().map(move |(row, input)| {
        let keep = filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        input.filter(|_| keep)
    })
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

    impl AggregateState for Digits {
        type Input = i64;

        fn inputs(arguments: &[ArrayRef]) -> impl Iterator<Item = Option<i64>> {
            arguments[0].as_primitive::<Int64Type>().iter()
        }

        fn update(&mut self, digit: i64) {
            self.0.push(digit);
        }

        fn merge(&mut self, later: &Self) {
            self.0.extend(&later.0);
        }

        fn to_columns(states: &[Self]) -> Vec<ArrayRef> {
            Self::results(states).into_iter().collect()
        }

        fn from_columns(_: &[ArrayRef]) -> impl Iterator<Item = Self> {
            std::iter::empty()
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
