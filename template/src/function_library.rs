//! All functions of this package, in one list.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::compute::{max, min};
use arrow::datatypes::{DataType, Float64Type};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::{
    Accumulator, AggregateUDF, ColumnarValue, DocSection, Documentation, PartitionEvaluator,
    ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, WindowUDF, create_udaf,
    create_udf, create_udwf,
};
use pyo3::prelude::*;
use pyo3_datafusion::function::{Functions, Library, library};

/// TODO(27): these are the functions. Push yours, or call what your crate registers its functions
/// with: `my_crate::register_all(&mut functions)?`, which takes any `FunctionRegistry`.
pub fn functions() -> Result<Functions> {
    let mut functions = Functions::default();
    functions.scalar.push(kelvin());
    functions.scalar.push(clamp());
    functions.aggregate.push(spread());
    functions.window.push(warmest());
    Ok(functions)
}

/// The functions as objects for Python.
#[pyfunction]
pub fn function_library(py: Python<'_>) -> PyResult<Library> {
    library(py, functions)
}

fn kelvin() -> ScalarUDF {
    let kelvin = |args: &[ColumnarValue]| {
        let columns = ColumnarValue::values_to_arrays(args)?;
        let celsius = columns[0].as_primitive::<Float64Type>();
        let kelvin: Float64Array = celsius.unary(|celsius| celsius + 273.15);
        Ok(ColumnarValue::Array(Arc::new(kelvin) as ArrayRef))
    };
    let (argument, result) = (vec![DataType::Float64], DataType::Float64);
    create_udf(
        "kelvin",
        argument,
        result,
        Volatility::Immutable,
        Arc::new(kelvin),
    )
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ClampUdf {
    signature: Signature,
}

impl ScalarUDFImpl for ClampUdf {
    fn name(&self) -> &str {
        "clamp"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    /// Constant arguments arrive as scalars, as they do in DataFusion itself.
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [
            celsius,
            ColumnarValue::Scalar(ScalarValue::Float64(low)),
            ColumnarValue::Scalar(ScalarValue::Float64(high)),
        ] = args.args.as_slice()
        else {
            return exec_err!("the bounds of clamp must be constants");
        };
        let clamp = |x: f64| {
            let x = low.filter(|low| x < *low).unwrap_or(x);
            high.filter(|high| x > *high).unwrap_or(x)
        };
        Ok(match celsius {
            ColumnarValue::Scalar(ScalarValue::Float64(celsius)) => {
                ColumnarValue::Scalar(ScalarValue::Float64(celsius.map(clamp)))
            }
            column => {
                let column = column.to_array(args.number_rows)?;
                let clamped: Float64Array = column.as_primitive::<Float64Type>().unary(clamp);
                ColumnarValue::Array(Arc::new(clamped))
            }
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            let description = "Brings a temperature into a range.";
            let syntax = "clamp(celsius, low, high)";
            Documentation::builder(DocSection::default(), description, syntax)
                .with_argument("celsius", "the temperature; null gives null")
                .with_argument("low", "the lowest result, a constant; null is no bound")
                .with_argument("high", "the highest result, a constant; null is no bound")
                .build()
        });
        Some(&DOCUMENTATION)
    }
}

fn clamp() -> ScalarUDF {
    let signature = Signature::exact(vec![DataType::Float64; 3], Volatility::Immutable);
    ScalarUDF::from(ClampUdf { signature })
}

/// `spread(celsius)` is the difference between the highest and the lowest temperature.
#[derive(Debug, Default)]
struct Spread {
    lowest: Option<f64>,
    highest: Option<f64>,
}

impl Accumulator for Spread {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.merge_batch(&[Arc::clone(&values[0]), Arc::clone(&values[0])])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lowest = min(states[0].as_primitive::<Float64Type>());
        let highest = max(states[1].as_primitive::<Float64Type>());
        let (lowest, highest) = (lowest.into_iter(), highest.into_iter());
        self.lowest = lowest.chain(self.lowest).min_by(f64::total_cmp);
        self.highest = highest.chain(self.highest).max_by(f64::total_cmp);
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.lowest.into(), self.highest.into()])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let spread = self.highest.zip(self.lowest);
        Ok(spread.map(|(highest, lowest)| highest - lowest).into())
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

fn spread() -> AggregateUDF {
    create_udaf(
        "spread",
        vec![DataType::Float64],
        Arc::new(DataType::Float64),
        Volatility::Immutable,
        Arc::new(|_| Ok(Box::<Spread>::default())),
        Arc::new(vec![DataType::Float64; 2]),
    )
}

/// `warmest(celsius) OVER (…)` is the highest temperature so far.
#[derive(Debug)]
struct Warmest;

impl PartitionEvaluator for Warmest {
    fn evaluate_all(&mut self, values: &[ArrayRef], _num_rows: usize) -> Result<ArrayRef> {
        let celsius = values[0].as_primitive::<Float64Type>().iter();
        let mut warmest = None;
        let so_far: Float64Array = celsius
            .map(|celsius| {
                warmest = warmest.into_iter().chain(celsius).max_by(f64::total_cmp);
                warmest
            })
            .collect();
        Ok(Arc::new(so_far))
    }
}

fn warmest() -> WindowUDF {
    create_udwf(
        "warmest",
        DataType::Float64,
        Arc::new(DataType::Float64),
        Volatility::Immutable,
        Arc::new(|| Ok(Box::new(Warmest))),
    )
}
