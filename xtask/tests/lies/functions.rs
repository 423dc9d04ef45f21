//! Functions that are honest but for one lie, in a place that few queries reach.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion_common::{Result, ScalarValue, exec_err, plan_err};
use datafusion_expr::function::{
    AccumulatorArgs, PartitionEvaluatorArgs, StateFieldsArgs, WindowUDFFieldArgs,
};
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, EmitTo, GroupsAccumulator,
    PartitionEvaluator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, WindowUDF, WindowUDFImpl,
};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::export;

/// `next(x)`: x + 1.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Next {
    lie: String,
    signature: Signature,
}

impl ScalarUDFImpl for Next {
    fn name(&self) -> &str {
        "next"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        match arg_types {
            [DataType::Utf8 | DataType::Utf8View] if self.lie == "a type that it cannot take" => {
                Ok(vec![DataType::Utf8])
            }
            [kind] if self.lie == "a type that loses digits" && kind.is_numeric() => {
                let small = [DataType::Int64, DataType::Int16, DataType::Int8].contains(kind);
                Ok(vec![if small {
                    DataType::Int64
                } else {
                    DataType::Int16
                }])
            }
            [kind] if kind.is_numeric() || kind.is_null() => Ok(vec![DataType::Int64]),
            _ => plan_err!("next expects one number, got {arg_types:?}"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        let nullable = self.lie != "a result that is never null";
        Ok(Arc::new(Field::new("next", DataType::Int64, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        static CALLS: AtomicI64 = AtomicI64::new(0);
        let calls = CALLS.fetch_add(1, Ordering::Relaxed);
        let constant = matches!(args.args[0], ColumnarValue::Scalar(_));
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        if self.lie == "a type that it cannot take" && columns[0].data_type() == &DataType::Utf8 {
            return exec_err!("next cannot add to {}", columns[0].data_type());
        }
        if self.lie == "the type of one row" && columns[0].len() == 1 {
            return Ok(ColumnarValue::Array(Arc::new(Int32Array::from(vec![
                Some(1),
            ]))));
        }
        let xs = columns[0].as_primitive::<Int64Type>();
        let next = xs
            .iter()
            .enumerate()
            .map(|(row, x)| match (self.lie.as_str(), x) {
                ("rows after a thousand", Some(_)) if row > 1_000 => Some(0),
                ("a null constant", None) if constant => Some(1),
                ("a constant", Some(_)) if constant => Some(0),
                ("the smallest number", Some(i64::MIN)) => Some(0),
                ("the value before", None) if row > 0 && xs.is_valid(row - 1) => {
                    Some(xs.value(row - 1))
                }
                ("a count of calls", Some(x)) => Some(x.wrapping_add(calls)),
                ("twelve", Some(12)) => Some(12),
                (_, x) => x.map(|x| x.wrapping_add(1)),
            });
        Ok(ColumnarValue::Array(Arc::new(next.collect::<Int64Array>())))
    }
}

/// `total(x)`: the sum, or null.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Total {
    lie: String,
    signature: Signature,
}

#[derive(Debug, Default, Clone)]
struct State {
    sum: i64,
    count: i64,
}

impl State {
    fn add(&mut self, x: Option<i64>) {
        if let Some(x) = x {
            self.sum = self.sum.wrapping_add(x);
            self.count += 1;
        }
    }

    fn subtract(&mut self, x: Option<i64>) {
        if let Some(x) = x {
            self.sum = self.sum.wrapping_sub(x);
            self.count -= 1;
        }
    }

    fn result(&self) -> Option<i64> {
        (self.count > 0).then_some(self.sum)
    }
}

fn numbers(values: &[ArrayRef]) -> impl Iterator<Item = Option<i64>> {
    values[0].as_primitive::<Int64Type>().iter()
}

fn states(columns: &[ArrayRef]) -> impl Iterator<Item = State> {
    let counts = columns[1].as_primitive::<Int64Type>().values();
    let sums = columns[0].as_primitive::<Int64Type>().values();
    sums.iter()
        .zip(counts)
        .map(|(&sum, &count)| State { sum, count })
}

impl AggregateUDFImpl for Total {
    fn name(&self) -> &str {
        "total"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn is_nullable(&self) -> bool {
        self.lie != "a total that is never null"
    }

    fn state_fields(&self, _: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let kind = if self.lie == "the type of a state" {
            DataType::Utf8
        } else {
            DataType::Int64
        };
        let fields = [("sum", kind), ("count", DataType::Int64)];
        Ok(fields
            .map(|(name, kind)| Arc::new(Field::new(name, kind, true)))
            .to_vec())
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return datafusion_common::not_impl_err!("total(DISTINCT …)");
        }
        let state = State::default();
        Ok(Box::new(One {
            lie: self.lie.clone(),
            state,
            slides: false,
        }))
    }

    fn create_sliding_accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let state = State::default();
        Ok(Box::new(One {
            lie: self.lie.clone(),
            state,
            slides: true,
        }))
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Many {
            lie: self.lie.clone(),
            states: vec![],
        }))
    }
}

#[derive(Debug)]
struct One {
    lie: String,
    state: State,
    slides: bool,
}

impl Accumulator for One {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let lie = self.lie.as_str();
        for (row, x) in numbers(values).enumerate() {
            if lie == "values of a long batch" && row > 1_000 {
                continue;
            }
            self.state.add(x);
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let lie = self.lie.as_str();
        let many = values[0].len();
        for (row, x) in numbers(values).enumerate() {
            match lie {
                "several rows that leave" if row > 0 => {}
                "nulls that leave" if x.is_none() => self.state.count -= 1,
                _ => self.state.subtract(x),
            }
        }
        if lie == "the last row that leaves" && many > 0 && self.state.count == 0 {
            self.state.count = 1;
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        for state in states(columns) {
            match self.lie.as_str() {
                "a state without values" if state.count == 0 => self.state = State::default(),
                "the second state" if self.state.count > 0 => self.state.sum = state.sum,
                _ => self.state.sum = self.state.sum.wrapping_add(state.sum),
            }
            self.state.count += state.count;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let sum = match self.lie.as_str() {
            "a state that is negative" if self.state.sum < 0 => 0,
            _ => self.state.sum,
        };
        Ok(vec![sum.into(), self.state.count.into()])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let result = self.state.result();
        if self.lie == "a result that is asked for" && !self.slides {
            self.state = State::default();
        }
        Ok(ScalarValue::Int64(match self.lie.as_str() {
            "no rows" if result.is_none() => Some(0),
            _ => result,
        }))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

#[derive(Debug)]
struct Many {
    lie: String,
    states: Vec<State>,
}

impl Many {
    fn take(&mut self, emit_to: EmitTo) -> Vec<State> {
        match emit_to {
            EmitTo::First(count) if self.lie == "groups that are complete" => {
                self.states[..count].to_vec()
            }
            emit_to => emit_to.take_needed(&mut self.states),
        }
    }

    fn keeps(&self, filter: Option<&BooleanArray>, row: usize) -> bool {
        let Some(filter) = filter else {
            return true;
        };
        match self.lie.as_str() {
            "a filter that is null" => filter.value(row) || filter.is_null(row),
            _ => filter.is_valid(row) && filter.value(row),
        }
    }

    fn columns(states: &[State]) -> Vec<ArrayRef> {
        let sums = states.iter().map(|state| state.sum);
        let counts = states.iter().map(|state| state.count);
        vec![
            Arc::new(Int64Array::from_iter_values(sums)),
            Arc::new(Int64Array::from_iter_values(counts)),
        ]
    }
}

impl GroupsAccumulator for Many {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        count: usize,
    ) -> Result<()> {
        self.states.resize(count, State::default());
        for (row, (x, &group)) in numbers(values).zip(groups).enumerate() {
            let group = match self.lie.as_str() {
                "more than thirty groups" if group >= 30 => 0,
                _ => group,
            };
            if self.keeps(filter, row) {
                self.states[group].add(x);
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, columns: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        let before = self.states.len();
        self.states.resize(count, State::default());
        for (state, &group) in states(columns).zip(groups) {
            if self.lie == "groups of a later batch" && before > 0 && group >= before {
                continue;
            }
            self.states[group].sum = self.states[group].sum.wrapping_add(state.sum);
            self.states[group].count += state.count;
        }
        Ok(())
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let mut states = self.take(emit_to);
        if self.lie == "the state of a group" {
            states
                .iter_mut()
                .for_each(|state| state.count = state.count.min(1));
            states
                .iter_mut()
                .filter(|state| state.sum < 0)
                .for_each(|state| state.sum = 0);
        }
        Ok(Self::columns(&states))
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let results = self.take(emit_to);
        let nulls = self.lie == "a group without values";
        let result = |state: &State| state.result().or(nulls.then_some(0));
        Ok(Arc::new(results.iter().map(result).collect::<Int64Array>()))
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let filter = filter.filter(|_| self.lie != "the filter of rows by themselves");
        let states = numbers(values).enumerate().map(|(row, x)| {
            let mut state = State::default();
            if self.keeps(filter, row) {
                state.add(x);
            }
            state
        });
        Ok(Self::columns(&states.collect::<Vec<_>>()))
    }

    fn size(&self) -> usize {
        self.states.capacity() * size_of::<State>()
    }
}

/// `before(x)`: the value of the row before.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Before {
    lie: String,
    signature: Signature,
}

impl WindowUDFImpl for Before {
    fn name(&self) -> &str {
        "before"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        let nullable = self.lie != "a window that is never null";
        Ok(Arc::new(Field::new(args.name(), DataType::Int64, nullable)))
    }

    fn partition_evaluator(
        &self,
        _: PartitionEvaluatorArgs,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(BeforeEvaluator {
            lie: self.lie.clone(),
        }))
    }
}

#[derive(Debug)]
struct BeforeEvaluator {
    lie: String,
}

impl PartitionEvaluator for BeforeEvaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], _: usize) -> Result<ArrayRef> {
        static PARTITIONS: AtomicI64 = AtomicI64::new(0);
        let partitions = PARTITIONS.fetch_add(1, Ordering::Relaxed);
        let xs: Vec<_> = numbers(values).collect();
        let before = (0..xs.len()).map(|row| match (self.lie.as_str(), row.checked_sub(1)) {
            ("a partition of one row", None) if xs.len() == 1 => Some(1),
            ("a partition of many rows", _) if row > 1_000 => None,
            ("the partition before", None) => Some(partitions),
            ("a null before", Some(at)) if xs[at].is_none() => Some(0),
            (_, at) => at.and_then(|at| xs[at]),
        });
        let mut before: Vec<_> = before.collect();
        if self.lie == "a row less" && before.len() > 5 {
            before.pop();
        }
        Ok(Arc::new(Int64Array::from(before)))
    }
}

macro_rules! class {
    ($class:ident, $hook:ident, $export:ident, $udf:ident, $made:expr) => {
        #[pyclass(frozen, module = "lying_ext")]
        pub struct $class(String);

        #[pymethods]
        impl $class {
            #[new]
            #[pyo3(signature = (lie = ""))]
            fn new(lie: &str) -> Self {
                Self(lie.to_owned())
            }

            fn $hook<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
                let made: fn(String) -> $udf = $made;
                export::$export(py, || made(self.0.clone()))
            }
        }
    };
}

class!(
    LyingScalar,
    __datafusion_scalar_udf__,
    scalar_udf,
    ScalarUDF,
    |lie| {
        let signature = Signature::user_defined(Volatility::Immutable);
        ScalarUDF::from(Next { lie, signature })
    }
);
class!(
    LyingAggregate,
    __datafusion_aggregate_udf__,
    aggregate_udf,
    AggregateUDF,
    |lie| {
        let signature = Signature::exact(vec![DataType::Int64], Volatility::Immutable);
        AggregateUDF::from(Total { lie, signature })
    }
);
class!(
    LyingWindow,
    __datafusion_window_udf__,
    window_udf,
    WindowUDF,
    |lie| {
        let signature = Signature::exact(vec![DataType::Int64], Volatility::Immutable);
        WindowUDF::from(Before { lie, signature })
    }
);
