//! One object installs the codecs and the planner, for `SessionContext.with_extensions`.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_datafusion::check_host;

use crate::logical_extension_codec::LogicalCodec;
use crate::physical_extension_codec::PhysicalCodec;
use crate::planner;

// TODO(22): what is installed together. The object keeps nothing of a session, so many sessions
// can install it.
/// Everything of this package that a session installs, for ``SessionContext.with_extensions``.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct SessionExtension;

#[pymethods]
impl SessionExtension {
    #[new]
    fn new() -> Self {
        Self
    }

    /// The codecs. DataFusion asks every extension for these first.
    fn __datafusion_session_components__<'py>(
        &self,
        ctx: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = ctx.py();
        check_host(py)?;
        let components = PyDict::new(py);
        let logical = Py::new(py, LogicalCodec::new())?;
        let physical = Py::new(py, PhysicalCodec::new())?;
        components.set_item("logical_extension_codecs", (logical,))?;
        components.set_item("physical_extension_codecs", (physical,))?;
        py.import("datafusion")?
            .getattr("SessionExtensionComponents")?
            .call((), Some(&components))
    }

    /// The planner around `fallback`, that of the session and of the extensions before this one.
    /// `None` leaves the session's planner as it is.
    fn __datafusion_session_planner__(
        &self,
        _ctx: &Bound<'_, PyAny>,
        fallback: &Bound<'_, PyAny>,
    ) -> PyResult<Option<Py<PyAny>>> {
        planner(fallback)
    }
}
