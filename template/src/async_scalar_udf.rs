//! `floor_of(sensor)` is a scalar function that waits: it asks a service about each row.

use std::time::Duration;

use datafusion_common::{Result, exec_err};
use pyo3_datafusion::scalar_udf;
use tokio::time::sleep;

/// The scalar function ``floor_of(sensor)``: the floor that a sensor is on, as a service says.
///
/// The result is null for a sensor that the service does not know.
//
// TODO(28): this asks the service, for one row. The concurrency is how many rows wait at a time. Try
// again here, if a call failed and may succeed later.
#[scalar_udf(class = "{{crate_name}}.FloorOf", volatility = "stable", concurrency = 64)]
async fn floor_of(sensor: &str) -> Result<Option<i32>> {
    // A client of the service comes here, such as reqwest's.
    sleep(Duration::from_millis(20)).await;
    match sensor {
        "" => exec_err!("a sensor has a name"),
        "cellar" => Ok(Some(-1)),
        "garden" | "kitchen" => Ok(Some(0)),
        "attic" => Ok(Some(2)),
        _ => Ok(None),
    }
}
