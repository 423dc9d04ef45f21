//! `change(x) OVER (…)` is a window function: the difference between `x` and the `x` before. Here with DataFusion's whole trait.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion_common::Result;
use datafusion_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion_expr::{PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::export;

/// TODO(11): this computes the results for one partition, whose rows are in the order of the
/// window. A row without a value has no change, and the next one is compared with the last value.
fn change(xs: &Float64Array) -> Float64Array {
    let mut last = None;
    xs.iter()
        .map(|x| {
            let change = x.zip(last).map(|(x, last)| x - last);
            last = x.or(last);
            change
        })
        .collect()
}

/// DataFusion makes one for each partition of the window.
#[derive(Debug)]
struct ChangeEvaluator;

impl PartitionEvaluator for ChangeEvaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], _num_rows: usize) -> Result<ArrayRef> {
        Ok(Arc::new(change(values[0].as_primitive::<Float64Type>())))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ChangeUdf {
    signature: Signature,
}

impl WindowUDFImpl for ChangeUdf {
    fn name(&self) -> &str {
        "change"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The result has this name and this type.
    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), DataType::Float64, true)))
    }

    fn partition_evaluator(
        &self,
        _args: PartitionEvaluatorArgs,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(ChangeEvaluator))
    }
}

pub fn change_udwf() -> WindowUDF {
    // DataFusion casts other numbers to this type.
    let signature = Signature::exact(vec![DataType::Float64], Volatility::Immutable);
    WindowUDF::from(ChangeUdf { signature })
}

/// The window function ``change(x) OVER (…)``: by how much ``x`` differs from its last value.
///
/// ``x`` is a number, and the result is a float64. The result is null if ``x`` is null, and in the
/// first row that has a value.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct Change;

#[pymethods]
impl Change {
    #[new]
    fn new() -> Self {
        Self
    }

    /// Hands the function to DataFusion, as a `datafusion_window_udf` capsule.
    fn __datafusion_window_udf__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        export::window_udf(py, change_udwf)
    }
}
