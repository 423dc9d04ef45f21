//! One object installs everything that belongs together, for `SessionContext.with_extensions`.

use pyo3::prelude::*;

use crate::components;

// TODO(22): what is installed together is the list `components` in `lib.rs`. The object keeps nothing
// of a session, so many sessions can install it.
/// Everything of this package that a session installs, for ``SessionContext.with_extensions``.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct SessionExtension;

#[pymethods]
impl SessionExtension {
    #[new]
    fn new() -> Self {
        Self
    }

    /// Whether the installed ``datafusion`` takes tables, functions and rules with an extension, as
    /// versions after 55.0 are to. Else it takes the codecs and the planner, and ``register_all``
    /// registers the rest.
    #[getter]
    fn complete(&self, py: Python<'_>) -> PyResult<bool> {
        components(py)?.complete()
    }

    /// What the installed ``datafusion`` takes. It asks every extension for this first.
    fn __datafusion_session_components__<'py>(
        &self,
        ctx: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        components(ctx.py())?.build()
    }

    /// The planner around `fallback`, that of the session and of the extensions before this one.
    /// `None` leaves the session's planner as it is.
    fn __datafusion_session_planner__<'py>(
        &self,
        _ctx: &Bound<'py, PyAny>,
        fallback: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        components(fallback.py())?.planner(fallback)
    }
}
