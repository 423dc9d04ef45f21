//! `rms(x)` is an aggregate function: it gives the root mean square of many rows.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, UInt64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, UInt64Type};
use datafusion_common::{Result, ScalarValue, not_impl_err};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::format_state_name;
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::ffi::{aggregate_udf, merge_batch};

/// TODO(10): this is what is remembered of the rows seen so far. Partitions are aggregated apart,
/// and then their states are merged.
#[derive(Debug, Default, Clone, Copy)]
struct State {
    count: u64,
    sum_of_squares: f64,
}

impl State {
    fn add(&mut self, x: f64) {
        self.count += 1;
        self.sum_of_squares += x * x;
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sum_of_squares += other.sum_of_squares;
    }

    fn result(self) -> Option<f64> {
        (self.count > 0).then(|| (self.sum_of_squares / self.count as f64).sqrt())
    }
}

/// Between the phases of an aggregation, DataFusion stores states as columns, which
/// [`RmsUdf::state_fields`] declares.
fn to_columns(states: &[State]) -> Vec<ArrayRef> {
    vec![
        Arc::new(UInt64Array::from_iter_values(
            states.iter().map(|state| state.count),
        )),
        Arc::new(Float64Array::from_iter_values(
            states.iter().map(|state| state.sum_of_squares),
        )),
    ]
}

fn from_columns(columns: &[ArrayRef]) -> impl Iterator<Item = State> {
    let counts = columns[0].as_primitive::<UInt64Type>().values();
    let sums = columns[1].as_primitive::<Float64Type>().values();
    counts
        .iter()
        .zip(sums)
        .map(|(&count, &sum_of_squares)| State {
            count,
            sum_of_squares,
        })
}

/// This aggregates all rows, if there is no `GROUP BY`.
#[derive(Debug, Default)]
struct RmsAccumulator(State);

impl Accumulator for RmsAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for x in values[0].as_primitive::<Float64Type>().iter().flatten() {
            self.0.add(x);
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        from_columns(states).for_each(|state| self.0.merge(state));
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.0.count.into(), self.0.sum_of_squares.into()])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(self.0.result()))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// This aggregates the rows of a sliding window. It keeps their values, as nothing can be taken out
/// of a sum again: the sum would stay NaN or infinite, and small values are lost beside large ones.
#[derive(Debug, Default)]
struct SlidingRmsAccumulator(VecDeque<f64>);

impl Accumulator for SlidingRmsAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0
            .extend(values[0].as_primitive::<Float64Type>().iter().flatten());
        Ok(())
    }

    /// The rows that leave the window are those that entered it first.
    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.drain(..values[0].len() - values[0].null_count());
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut state = State::default();
        self.0.iter().for_each(|&x| state.add(x));
        Ok(ScalarValue::Float64(state.result()))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        not_impl_err!("a window has no states")
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        not_impl_err!("a window has no states")
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.0.capacity() * size_of::<f64>()
    }
}

/// This aggregates with `GROUP BY`. It has the states of all groups in one vector, as an
/// accumulator for each would be slow.
#[derive(Debug, Default)]
struct RmsGroupsAccumulator(Vec<State>);

impl RmsGroupsAccumulator {
    fn merge(
        &mut self,
        states: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.0.resize(total_num_groups, State::default());
        for (state, &group) in from_columns(states).zip(group_indices) {
            self.0[group].merge(state);
        }
        Ok(())
    }
}

impl GroupsAccumulator for RmsGroupsAccumulator {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.0.resize(total_num_groups, State::default());
        for (x, &group) in filtered(&values[0], opt_filter).zip(group_indices) {
            if let Some(x) = x {
                self.0[group].add(x);
            }
        }
        Ok(())
    }

    merge_batch!(Self::merge);

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(to_columns(&emit_to.take_needed(&mut self.0)))
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let states = emit_to.take_needed(&mut self.0);
        let results: Float64Array = states.into_iter().map(State::result).collect();
        Ok(Arc::new(results))
    }

    /// DataFusion calls this in place of grouping, if nearly every row is a group of its own.
    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let states: Vec<_> = filtered(&values[0], opt_filter)
            .map(|x| {
                let mut state = State::default();
                if let Some(x) = x {
                    state.add(x);
                }
                state
            })
            .collect();
        Ok(to_columns(&states))
    }

    fn size(&self) -> usize {
        self.0.capacity() * size_of::<State>()
    }
}

/// These are the values, with a null for each that `FILTER (WHERE …)` leaves out.
fn filtered(values: &ArrayRef, filter: Option<&BooleanArray>) -> impl Iterator<Item = Option<f64>> {
    let values = values.as_primitive::<Float64Type>();
    values.iter().enumerate().map(move |(row, x)| {
        let keep = filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        x.filter(|_| keep)
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RmsUdf {
    signature: Signature,
}

impl AggregateUDFImpl for RmsUdf {
    fn name(&self) -> &str {
        "rms"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field = |name, data_type| {
            let name = format_state_name(args.name, name);
            Arc::new(Field::new(name, data_type, false))
        };
        Ok(vec![
            field("count", DataType::UInt64),
            field("sum_of_squares", DataType::Float64),
        ])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        // Without another aggregate beside it, DataFusion turns a `DISTINCT` into a `GROUP BY`, and
        // this is not called.
        if args.is_distinct {
            return not_impl_err!("rms(DISTINCT …) beside another aggregate");
        }
        Ok(Box::new(RmsAccumulator::default()))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return not_impl_err!("rms(DISTINCT …) in a window");
        }
        Ok(Box::new(SlidingRmsAccumulator::default()))
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        _args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(RmsGroupsAccumulator::default()))
    }
}

pub fn function() -> AggregateUDF {
    // DataFusion casts other numbers to this type.
    let signature = Signature::exact(vec![DataType::Float64], Volatility::Immutable);
    AggregateUDF::from(RmsUdf { signature })
}

/// The aggregate function ``rms(x)``: the square root of the mean of the squares.
///
/// ``x`` is a number. The result is a float64, or null if there is no value. ``GROUP BY``,
/// ``FILTER`` and sliding windows work.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct RootMeanSquare;

#[pymethods]
impl RootMeanSquare {
    #[new]
    fn new() -> Self {
        Self
    }

    /// Hands the function to DataFusion, as a `datafusion_aggregate_udf` capsule.
    fn __datafusion_aggregate_udf__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        aggregate_udf::export(py, function())
    }
}
