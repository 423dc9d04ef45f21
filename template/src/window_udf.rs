//! `change(x) OVER (…)` is a window function: the difference between `x` and the `x` before.

use pyo3_datafusion::window_udf;

/// The window function ``change(x) OVER (…)``: by how much ``x`` differs from its last value.
///
/// The result is null if ``x`` is null, and in the first row that has a value.
//
// TODO(11): this computes the results for one partition, whose rows are in the order of the window.
#[window_udf(class = "{{crate_name}}.Change")]
fn change(x: Vec<Option<f64>>) -> Vec<Option<f64>> {
    let mut last = None;
    let changes = x.into_iter().map(|x| {
        let change = x.zip(last).map(|(x, last)| x - last);
        last = x.or(last);
        change
    });
    changes.collect()
}
