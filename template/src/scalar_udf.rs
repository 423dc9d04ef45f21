//! `fahrenheit(celsius)`: a scalar function.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion_common::{Result, exec_err, plan_err};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion_ffi::udf::FFI_ScalarUDF;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::host::Host;
use crate::panic::catch;

/// TODO(11): what the function computes: one value for each row, a null for a null.
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

/// A panic must not leave these methods, so all but names and constants is inside `catch`.
impl ScalarUDFImpl for FahrenheitUdf {
    fn name(&self) -> &str {
        "fahrenheit"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The types that the arguments are cast to.
    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        catch(|| match arg_types {
            [DataType::Float32] => Ok(vec![DataType::Float32]),
            [other] if other.is_numeric() || other.is_null() => Ok(vec![DataType::Float64]),
            _ => plan_err!("fahrenheit expects one number, got {arg_types:?}"),
        })
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        catch(|| match arg_types {
            [celsius] => Ok(celsius.clone()),
            _ => plan_err!("fahrenheit expects one number, got {arg_types:?}"),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        catch(
            || match ColumnarValue::values_to_arrays(&args.args)?.as_slice() {
                [celsius] => Ok(ColumnarValue::Array(fahrenheit(celsius)?)),
                other => exec_err!("fahrenheit expects one argument, got {}", other.len()),
            },
        )
    }
}

/// `fahrenheit(celsius)` in SQL, once it is registered.
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
        let host = Host::check(py)?;
        let function = ScalarUDF::from(FahrenheitUdf {
            signature: Signature::user_defined(Volatility::Immutable),
        });
        host.export(FFI_ScalarUDF::from(Arc::new(function)))
    }
}
