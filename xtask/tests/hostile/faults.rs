//! Faults on demand: the environment variable FAULT is `KIND:PLACE`.

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use datafusion_common::{DataFusionError, Result};

pub fn wanted(kind: &str, place: &str) -> bool {
    std::env::var("FAULT").is_ok_and(|fault| fault == format!("{kind}:{place}"))
}

#[allow(clippy::panic)]
pub fn panic(place: &str) {
    if wanted("panic", place) {
        panic!("hostile {place}");
    }
}

/// A panic or an error.
pub fn fail(place: &str) -> Result<()> {
    panic(place);
    if wanted("error", place) {
        // The NUL would end a C string.
        let error = std::io::Error::other(format!("disk of {place}\0 is gone"));
        return Err(DataFusionError::IoError(error));
    }
    Ok(())
}

/// What an async function does: wait for a timer, a task, and a blocking task.
pub async fn wait(place: &str) -> Result<()> {
    if wanted("wait", place) {
        let join = |error| DataFusionError::External(Box::new(error));
        tokio::time::sleep(Duration::from_millis(5)).await;
        tokio::spawn(tokio::time::sleep(Duration::from_millis(5)))
            .await
            .map_err(join)?;
        tokio::task::spawn_blocking(|| ()).await.map_err(join)?;
    }
    if wanted("hang", place) {
        std::future::pending::<()>().await;
    }
    Ok(())
}

/// `schema`, with metadata that it did not promise.
pub fn metadata(schema: &SchemaRef) -> SchemaRef {
    if !wanted("wrong", "metadata") {
        return Arc::clone(schema);
    }
    let unit = [("unit".to_owned(), "celsius".to_owned())].into();
    Arc::new(schema.as_ref().clone().with_metadata(unit))
}

/// Memory that would be missed.
#[derive(Debug)]
#[allow(dead_code)]
pub struct Ballast(Vec<u8>);

impl Default for Ballast {
    fn default() -> Self {
        Self(vec![1; 1 << 20])
    }
}
