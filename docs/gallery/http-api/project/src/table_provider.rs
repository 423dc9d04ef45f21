//! `Readings(url)`: the table as Python sees it.

use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::table::SourceTable;
use pyo3_datafusion::{block_on, export};

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
#[pyclass(frozen, module = "http_api_ext")]
pub struct Readings(SourceTable<ApiSource>);

#[pymethods]
impl Readings {
    #[new]
    #[pyo3(signature = (url, *, token = None, requests = 4))]
    fn new(py: Python<'_>, url: String, token: Option<String>, requests: usize) -> PyResult<Self> {
        let token = token.or_else(|| std::env::var("READINGS_TOKEN").ok());
        let open = async { ApiSource::open(Api::try_new(url, token, requests)?).await };
        let source = block_on(py, open)?;
        SourceTable::open(py, || Ok(source)).map(Self)
    }

    /// Hands the table to DataFusion, as a `datafusion_table_provider` capsule.
    #[pyo3(signature = (session = None))]
    fn __datafusion_table_provider__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::table_provider(py, self.0.provider(), session)
    }

    /// The schema, as an `arrow_schema` capsule.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        export::arrow_schema(py, self.0.provider())
    }

    /// All rows, as an `arrow_array_stream` capsule.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::arrow_stream(py, self.0.provider(), requested_schema)
    }

    fn __repr__(&self) -> String {
        format!("Readings(url={:?})", self.0.source().api.url)
    }
}
