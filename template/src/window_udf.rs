//! `change(x) OVER (…)`: a window function, by how much `x` differs from the row before.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion_common::Result;
use datafusion_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion_expr::{PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl};
use datafusion_ffi::udwf::FFI_WindowUDF;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::host::Host;
use crate::panic::catch;

/// TODO(13): the results for the rows of one partition, which are in the order of the window.
/// Here, a row without a value has no change, and the next one is compared with the last value.
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

/// One is made for each partition of the window.
#[derive(Debug)]
struct ChangeEvaluator;

impl PartitionEvaluator for ChangeEvaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], _num_rows: usize) -> Result<ArrayRef> {
        catch(|| Ok(Arc::new(change(values[0].as_primitive::<Float64Type>())) as _))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ChangeUdf {
    signature: Signature,
}

/// A panic must not leave these methods, nor that of the evaluator, so all but names and constants
/// is inside `catch`.
impl WindowUDFImpl for ChangeUdf {
    fn name(&self) -> &str {
        "change"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Name and type of the result.
    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        catch(|| Ok(Arc::new(Field::new(args.name(), DataType::Float64, true))))
    }

    fn partition_evaluator(
        &self,
        _args: PartitionEvaluatorArgs,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        catch(|| Ok(Box::new(ChangeEvaluator) as _))
    }
}

/// `change(x) OVER (…)` in SQL, once it is registered.
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
        let host = Host::check(py)?;
        let function = WindowUDF::from(ChangeUdf {
            // Other numbers are cast to this.
            signature: Signature::exact(vec![DataType::Float64], Volatility::Immutable),
        });
        host.export(FFI_WindowUDF::from(Arc::new(function)))
    }
}
