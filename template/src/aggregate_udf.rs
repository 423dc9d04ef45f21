//! `rms(x)` is an aggregate function: it gives the root mean square of many rows.

use pyo3_datafusion::{State, aggregate_udf};

/// TODO(10): this is what is remembered of the rows seen so far.
#[derive(Debug, Default, Clone, State)]
struct Rms {
    count: u64,
    sum_of_squares: f64,
}

/// The aggregate function ``rms(x)``: the square root of the mean of the squares.
///
/// The result is null if there is no value.
#[aggregate_udf(class = "{{crate_name}}.RootMeanSquare")]
impl Rms {
    /// Adds one row. A row whose `x` is null is skipped.
    fn update(&mut self, x: f64) {
        self.count += 1;
        self.sum_of_squares += x * x;
    }

    /// Adds the rows of another state: partitions are aggregated apart. A sliding window calls this twice
    /// for each row. A window function computes such frames far faster: see *window_udf* among the
    /// extension points in the template's documentation.
    fn merge(&mut self, later: &Self) {
        self.count += later.count;
        self.sum_of_squares += later.sum_of_squares;
    }

    fn finish(&self) -> Option<f64> {
        let mean = self.sum_of_squares / self.count as f64;
        (self.count > 0).then(|| mean.sqrt())
    }
}
