//! `rms(x)` is an aggregate function: it gives the root mean square of many rows. Here with DataFusion's whole trait.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, UInt64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, UInt64Type};
use datafusion_common::{Result, not_impl_err};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::format_state_name;
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility,
};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::export;
use pyo3_datafusion::function::{
    self, AggregateState, accumulator, groups_accumulator, sliding_accumulator,
};

/// TODO(10): this is what is remembered of the rows seen so far.
#[derive(Debug, Default, Clone)]
struct State {
    count: u64,
    sum_of_squares: f64,
}

impl function::State for State {
    fn fields() -> Vec<(&'static str, DataType)> {
        vec![
            ("count", DataType::UInt64),
            ("sum_of_squares", DataType::Float64),
        ]
    }

    fn to_columns(states: &[Self]) -> Result<Vec<ArrayRef>> {
        let counts = states.iter().map(|state| state.count);
        let sums = states.iter().map(|state| state.sum_of_squares);
        Ok(vec![
            Arc::new(UInt64Array::from_iter_values(counts)),
            Arc::new(Float64Array::from_iter_values(sums)),
        ])
    }

    fn from_columns(columns: &[ArrayRef]) -> Result<impl Iterator<Item = Self>> {
        let counts = columns[0].as_primitive::<UInt64Type>().values();
        let sums = columns[1].as_primitive::<Float64Type>().values();
        let states = counts.iter().zip(sums);
        Ok(states.map(|(&count, &sum_of_squares)| Self {
            count,
            sum_of_squares,
        }))
    }
}

impl AggregateState for State {
    type Input<'a> = f64;

    fn inputs(arguments: &[ArrayRef]) -> Result<impl Iterator<Item = Option<f64>>> {
        Ok(arguments[0].as_primitive::<Float64Type>().iter())
    }

    fn update(&mut self, x: f64) -> Result<()> {
        self.count += 1;
        self.sum_of_squares += x * x;
        Ok(())
    }

    fn merge(&mut self, later: &Self) -> Result<()> {
        self.count += later.count;
        self.sum_of_squares += later.sum_of_squares;
        Ok(())
    }

    fn results(states: &[Self]) -> Result<ArrayRef> {
        let rms = |state: &Self| {
            let mean = state.sum_of_squares / state.count as f64;
            (state.count > 0).then(|| mean.sqrt())
        };
        Ok(Arc::new(states.iter().map(rms).collect::<Float64Array>()))
    }
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
        let field = |(name, data_type)| {
            let name = format_state_name(args.name, name);
            Arc::new(Field::new(name, data_type, false))
        };
        let fields = <State as function::State>::fields();
        Ok(fields.into_iter().map(field).collect())
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        // Without another aggregate beside it, DataFusion turns a `DISTINCT` into a `GROUP BY`, and
        // this is not called.
        if args.is_distinct {
            return not_impl_err!("rms(DISTINCT …) beside another aggregate");
        }
        Ok(accumulator::<State>())
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return not_impl_err!("rms(DISTINCT …) in a window");
        }
        Ok(sliding_accumulator::<State>())
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        _args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(groups_accumulator::<State>())
    }
}

pub fn rms_udaf() -> AggregateUDF {
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
        export::aggregate_udf(py, rms_udaf)
    }
}
