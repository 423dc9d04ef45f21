//! `Readings(rows, partitions)`: a table, for DataFusion and for every reader of Arrow streams.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use datafusion_catalog::TableProvider;
use datafusion_ffi::table_provider::FFI_TableProvider;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use crate::arrow_stream::ArrowStream;
use crate::capsule::{arrow_schema, export_arrow, of_session};
use crate::exception::exception;
use crate::host::Host;
use crate::panic::catch;
use crate::runtime;
use crate::source::Source;
use crate::source_table::SourceTable;

// TODO(7): its name and its arguments as Python sees them. They are in `_internal.pyi` and in the
// tests too.
/// A table of temperature readings, one a second.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct Readings(SourceTable);

#[pymethods]
impl Readings {
    #[new]
    #[pyo3(signature = (rows = 1000, partitions = 4))]
    fn new(py: Python<'_>, rows: i64, partitions: i64) -> PyResult<Self> {
        py.detach(|| SourceTable::try_new(catch(|| Source::try_new(rows, partitions))?))
            .map(Self)
            .map_err(exception)
    }

    /// Hands the table to DataFusion, as a `datafusion_table_provider` capsule.
    #[pyo3(signature = (session = None))]
    fn __datafusion_table_provider__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let host = Host::check(py)?;
        let codec = of_session(host, session)?;
        // The host runs threads by now. As ours start here too, a fork from here on is noticed.
        let runtime = runtime::handle().map_err(exception)?;
        let provider = Arc::new(self.0.clone());
        // `true`: filters are offered to `supports_filters_pushdown`.
        host.export(FFI_TableProvider::new_with_ffi_codec(
            provider,
            true,
            Some(runtime),
            codec,
        ))
    }

    /// The schema, as an `arrow_schema` capsule.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.0.schema().as_ref())
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        export_arrow(py, schema)
    }

    /// All rows, as an `arrow_array_stream` capsule.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let requested_schema = requested_schema.map(arrow_schema).transpose()?;
        let stream = py
            .detach(|| {
                let plan = runtime::block_on(self.0.plan(None, &[], None))?;
                ArrowStream::try_new(plan, requested_schema)
            })
            .map_err(exception)?;
        export_arrow(py, FFI_ArrowArrayStream::new(Box::new(stream)))
    }

    /// What the source has done so far, over all queries.
    #[getter]
    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = self.0.source().counters();
        let dict = PyDict::new(py);
        dict.set_item("partitions", counters.partitions.load(Ordering::Relaxed))?;
        dict.set_item("rows", counters.rows.load(Ordering::Relaxed))?;
        dict.set_item("values", counters.values.load(Ordering::Relaxed))?;
        Ok(dict)
    }

    fn __repr__(&self) -> String {
        let source = self.0.source();
        let (rows, partitions) = (source.rows(), source.partitions());
        match source.inserted_rows() {
            0 => format!("Readings(rows={rows}, partitions={partitions})"),
            more => format!("Readings(rows={rows}, partitions={partitions}) and {more} inserted"),
        }
    }
}
