//! All functions of this package, in one list.

use datafusion_common::Result;
use pyo3::prelude::*;
use pyo3_datafusion::function::{Functions, Library, library};
use pyo3_datafusion::{State, aggregate_udf, scalar_udf, window_udf};

/// TODO(27): these are the functions. Push yours, or call what your crate registers its functions
/// with: `my_crate::register_all(&mut functions)?`, which takes any `FunctionRegistry`.
pub fn functions() -> Result<Functions> {
    let mut functions = Functions::default();
    functions.scalar.push(kelvin_udf());
    functions.scalar.push(clamp_udf());
    functions.aggregate.push(spread_udaf());
    functions.window.push(warmest_udwf());
    Ok(functions)
}

/// The functions as objects for Python.
#[pyfunction]
pub fn function_library(py: Python<'_>) -> PyResult<Library> {
    library(py, functions)
}

/// A temperature in Kelvin.
#[scalar_udf]
fn kelvin(celsius: f64) -> f64 {
    celsius + 273.15
}

/// Brings a temperature into a range. A bound that is null is no bound.
#[scalar_udf]
fn clamp(celsius: f64, low: Option<f64>, high: Option<f64>) -> f64 {
    let x = low.filter(|low| celsius < *low).unwrap_or(celsius);
    high.filter(|high| x > *high).unwrap_or(x)
}

#[derive(Debug, Default, Clone, State)]
struct Spread {
    lowest: Option<f64>,
    highest: Option<f64>,
}

/// The difference between the highest and the lowest temperature.
#[aggregate_udf]
impl Spread {
    fn update(&mut self, celsius: f64) {
        self.merge(&Self {
            lowest: Some(celsius),
            highest: Some(celsius),
        });
    }

    fn merge(&mut self, later: &Self) {
        let (lowest, highest) = (self.lowest.into_iter(), self.highest.into_iter());
        self.lowest = lowest.chain(later.lowest).min_by(f64::total_cmp);
        self.highest = highest.chain(later.highest).max_by(f64::total_cmp);
    }

    fn finish(&self) -> Option<f64> {
        Some(self.highest? - self.lowest?)
    }
}

/// The highest temperature so far.
#[window_udf]
fn warmest(celsius: Vec<Option<f64>>) -> Vec<Option<f64>> {
    let mut warmest = None;
    let so_far = celsius.into_iter().map(|celsius| {
        warmest = warmest.into_iter().chain(celsius).max_by(f64::total_cmp);
        warmest
    });
    so_far.collect()
}
