//! `fahrenheit(celsius)` is a scalar function: it gives one value for each row.

use pyo3_datafusion::scalar_udf;

/// The scalar function ``fahrenheit(celsius)``: a temperature in degrees Fahrenheit.
//
// TODO(9): this is what the function computes. A null stays a null.
#[scalar_udf(class = "{{crate_name}}.Fahrenheit")]
fn fahrenheit(celsius: f64) -> f64 {
    celsius * 1.8 + 32.0
}
