//! `Readings(url)`: the table as Python sees it.

use pyo3::prelude::*;
use pyo3_datafusion::block_on;
use pyo3_datafusion::table::{PyTable, SourceTable};

use crate::api::Api;
use crate::source::ApiSource;

/// A table of the readings that an HTTP API serves.
///
/// Columns: ``id`` int64, ``sensor`` string, ``celsius`` float64 (null where the sensor failed).
///
/// Args:
///     url: the address of the API.
///     token: its token; the environment variable ``READINGS_TOKEN`` if it is not given.
///     requests: how many requests run at one time, 1 to 64.
///
/// Raises:
///     ValueError: an argument is out of range.
///     RuntimeError: the API did not answer, or refused the token.
#[pyclass(frozen, extends = PyTable, module = "http_api_ext")]
pub struct Readings(SourceTable<ApiSource>);

#[pymethods]
impl Readings {
    #[new]
    #[pyo3(signature = (url, *, token = None, requests = 4))]
    fn new(
        py: Python<'_>,
        url: String,
        token: Option<String>,
        requests: usize,
    ) -> PyResult<PyClassInitializer<Self>> {
        let token = token.or_else(|| std::env::var("READINGS_TOKEN").ok());
        let open = async { ApiSource::open(Api::try_new(url, token, requests)?).await };
        let source = block_on(py, open)?;
        let table = SourceTable::open(py, || Ok(source))?;
        Ok(PyTable::base(table.provider()).add_subclass(Self(table)))
    }

    fn __repr__(&self) -> String {
        format!("Readings(url={:?})", self.0.source().api.url)
    }
}
