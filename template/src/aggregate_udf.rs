//! `rms(x)`: an aggregate function, the root mean square.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, UInt64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, UInt64Type};
use datafusion_common::{Result, ScalarValue, not_impl_err};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::format_state_name;
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use datafusion_ffi::udaf::FFI_AggregateUDF;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::host::Host;
use crate::panic::catch;

/// TODO(12): what is remembered of the rows seen so far, and how two such memories are merged.
/// Partitions are aggregated apart, and then their states are.
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

    /// Forgets a row that leaves a sliding window.
    fn retract(&mut self, x: f64) {
        self.count -= 1;
        self.sum_of_squares -= x * x;
        if self.count == 0 {
            // Else rounding errors would pile up.
            self.sum_of_squares = 0.0;
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sum_of_squares += other.sum_of_squares;
    }

    fn result(self) -> Option<f64> {
        // Rounding may leave a little less than nothing.
        (self.count > 0).then(|| (self.sum_of_squares.max(0.0) / self.count as f64).sqrt())
    }
}

/// States as DataFusion stores them between the phases of an aggregation: one column each, as
/// [`RmsUdf::state_fields`] declares them.
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

/// Without `GROUP BY`, and in windows.
#[derive(Debug, Default)]
struct RmsAccumulator(State);

impl Accumulator for RmsAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        catch(|| {
            for x in values[0].as_primitive::<Float64Type>().iter().flatten() {
                self.0.add(x);
            }
            Ok(())
        })
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        catch(|| {
            for x in values[0].as_primitive::<Float64Type>().iter().flatten() {
                self.0.retract(x);
            }
            Ok(())
        })
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        catch(|| {
            from_columns(states).for_each(|state| self.0.merge(state));
            Ok(())
        })
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        catch(|| Ok(vec![self.0.count.into(), self.0.sum_of_squares.into()]))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        catch(|| Ok(ScalarValue::Float64(self.0.result())))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// With `GROUP BY`: one state for each group in one vector, instead of one accumulator each.
#[derive(Debug, Default)]
struct RmsGroupsAccumulator(Vec<State>);

impl GroupsAccumulator for RmsGroupsAccumulator {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        catch(|| {
            self.0.resize(total_num_groups, State::default());
            for (x, &group) in kept(&values[0], opt_filter).zip(group_indices) {
                if let Some(x) = x {
                    self.0[group].add(x);
                }
            }
            Ok(())
        })
    }

    fn merge_batch(
        &mut self,
        states: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        catch(|| {
            self.0.resize(total_num_groups, State::default());
            for (state, &group) in from_columns(states).zip(group_indices) {
                self.0[group].merge(state);
            }
            Ok(())
        })
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        catch(|| Ok(to_columns(&emit_to.take_needed(&mut self.0))))
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        catch(|| {
            let states = emit_to.take_needed(&mut self.0);
            let results: Float64Array = states.into_iter().map(State::result).collect();
            Ok(Arc::new(results) as _)
        })
    }

    /// Where nearly every row is a group of its own, DataFusion does not group before it merges.
    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        catch(|| {
            let states: Vec<_> = kept(&values[0], opt_filter)
                .map(|x| {
                    let mut state = State::default();
                    if let Some(x) = x {
                        state.add(x);
                    }
                    state
                })
                .collect();
            Ok(to_columns(&states))
        })
    }

    fn size(&self) -> usize {
        self.0.capacity() * size_of::<State>()
    }
}

/// The values, with a null for each that `FILTER (WHERE …)` leaves out.
fn kept(values: &ArrayRef, filter: Option<&BooleanArray>) -> impl Iterator<Item = Option<f64>> {
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

/// A panic must not leave these methods, nor those of the accumulators, so all but names and
/// constants is inside `catch`.
impl AggregateUDFImpl for RmsUdf {
    fn name(&self) -> &str {
        "rms"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        catch(|| Ok(DataType::Float64))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field = |name, data_type| {
            let name = format_state_name(args.name, name);
            Arc::new(Field::new(name, data_type, false))
        };
        catch(|| {
            Ok(vec![
                field("count", DataType::UInt64),
                field("sum_of_squares", DataType::Float64),
            ])
        })
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        // Where it stands alone, DataFusion has made a `GROUP BY` of it before it comes here.
        if args.is_distinct {
            return not_impl_err!("rms(DISTINCT …) beside another aggregate");
        }
        catch(|| Ok(Box::new(RmsAccumulator::default()) as _))
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        _args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        catch(|| Ok(Box::new(RmsGroupsAccumulator::default()) as _))
    }
}

/// `rms(x)` in SQL, once it is registered.
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
        let host = Host::check(py)?;
        let function = AggregateUDF::from(RmsUdf {
            // Other numbers are cast to this.
            signature: Signature::exact(vec![DataType::Float64], Volatility::Immutable),
        });
        host.export(FFI_AggregateUDF::from(Arc::new(function)))
    }
}
