//! `fahrenheit(celsius)` is a scalar function: it gives one value for each row. Here with DataFusion's whole trait.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion_common::utils::take_function_args;
use datafusion_common::{Result, exec_err, plan_err};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::export;

/// TODO(9): this is what the function computes. A null stays a null.
fn fahrenheit(celsius: &dyn Array) -> Result<ArrayRef> {
    Ok(match celsius.data_type() {
        DataType::Float32 => Arc::new(
            celsius
                .as_primitive::<Float32Type>()
                .unary::<_, Float32Type>(|celsius| celsius * 1.8 + 32.0),
        ),
        DataType::Float64 => Arc::new(
            celsius
                .as_primitive::<Float64Type>()
                .unary::<_, Float64Type>(|celsius| celsius * 1.8 + 32.0),
        ),
        other => return exec_err!("fahrenheit cannot convert {other}"),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FahrenheitUdf {
    signature: Signature,
}

impl ScalarUDFImpl for FahrenheitUdf {
    fn name(&self) -> &str {
        "fahrenheit"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// DataFusion casts the arguments to these types.
    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        match arg_types {
            [DataType::Float32] => Ok(vec![DataType::Float32]),
            [other] if other.is_numeric() || other.is_null() => Ok(vec![DataType::Float64]),
            _ => plan_err!("fahrenheit expects one number, got {arg_types:?}"),
        }
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let [celsius] = take_function_args(self.name(), arg_types)?;
        Ok(celsius.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let [celsius] = take_function_args(self.name(), columns)?;
        Ok(ColumnarValue::Array(fahrenheit(&celsius)?))
    }
}

pub fn fahrenheit_udf() -> ScalarUDF {
    let signature = Signature::user_defined(Volatility::Immutable);
    ScalarUDF::from(FahrenheitUdf { signature })
}

/// The scalar function ``fahrenheit(celsius)``.
///
/// float32 for float32, float64 for any other number, null for null. Anything but one number is
/// an error of the query.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct Fahrenheit;

#[pymethods]
impl Fahrenheit {
    #[new]
    fn new() -> Self {
        Self
    }

    /// Hands the function to DataFusion, as a `datafusion_scalar_udf` capsule.
    fn __datafusion_scalar_udf__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        export::scalar_udf(py, fahrenheit_udf)
    }
}
