//! The host, that is the `datafusion` Python package that loads this crate, and the capsules
//! that pass between the two. All `unsafe` code is in this file.

use std::ffi::CStr;

use arrow::datatypes::Schema;
use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use datafusion_common::DataFusionError;
use datafusion_ffi::proto::logical_extension_codec::FFI_LogicalExtensionCodec;
use datafusion_ffi::table_provider::FFI_TableProvider;
use pyo3::exceptions::{
    PyException, PyImportError, PyModuleNotFoundError, PyRuntimeError, PyTypeError, PyValueError,
};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// What a capsule holds, and the name that says so.
pub trait Capsule: Send + 'static {
    const NAME: &'static CStr;
}

/// Capsules of the [Arrow PyCapsule Interface][spec], which is the same for every version.
///
/// [spec]: https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
pub trait ArrowCapsule: Capsule {}

impl ArrowCapsule for FFI_ArrowSchema {}

impl Capsule for FFI_ArrowSchema {
    const NAME: &'static CStr = c"arrow_schema";
}

impl ArrowCapsule for FFI_ArrowArrayStream {}

impl Capsule for FFI_ArrowArrayStream {
    const NAME: &'static CStr = c"arrow_array_stream";
}

/// DataFusion's protocol: the hook `__datafusion_x__` returns a capsule named `datafusion_x`.
impl Capsule for FFI_LogicalExtensionCodec {
    const NAME: &'static CStr = c"datafusion_logical_extension_codec";
}

impl Capsule for FFI_TableProvider {
    const NAME: &'static CStr = c"datafusion_table_provider";
}

/// Puts `value` into a capsule, which drops it unless somebody takes it.
pub fn export_arrow<T: ArrowCapsule>(py: Python<'_>, value: T) -> PyResult<Bound<'_, PyCapsule>> {
    PyCapsule::new_with_value(py, value, T::NAME)
}

/// A host of the right version. DataFusion's capsules are opened and made only through it:
/// between two majors their layout differs, and the process would crash.
#[derive(Clone, Copy)]
pub struct Host<'py>(Python<'py>);

impl<'py> Host<'py> {
    /// Compares the major version of the installed `datafusion` with the one that this crate was
    /// built with. Call it first in every `__datafusion_…__` method.
    ///
    /// # Errors
    ///
    /// `ImportError`, saying what to install, unless they are the same.
    pub fn check(py: Python<'py>) -> PyResult<Self> {
        let built_for = datafusion_ffi::version();
        let installed = py
            .import("importlib.metadata")?
            .call_method1("version", ("datafusion",))
            .and_then(|version| version.extract::<String>());
        let problem = match &installed {
            Ok(version) => match major(version) {
                Some(major) if major == built_for => return Ok(Self(py)),
                Some(_) => format!("datafusion {version} is installed"),
                None => format!("datafusion is installed with the unreadable version {version:?}"),
            },
            Err(error) if error.is_instance_of::<PyModuleNotFoundError>(py) => {
                "datafusion is not installed".to_owned()
            }
            Err(_) => "the version of the installed datafusion cannot be read".to_owned(),
        };
        let error = PyImportError::new_err(format!(
            "{} {} was built for datafusion {built_for}, but {problem}. \
             Run: pip install \"datafusion>={built_for},<{}\"",
            env!("CARGO_PKG_NAME"),
            env!("CARGO_PKG_VERSION"),
            built_for + 1,
        ));
        error.set_cause(py, installed.err());
        Err(error)
    }

    /// Puts `value` into a capsule, which drops it unless the host takes it.
    pub fn export<T: Capsule>(self, value: T) -> PyResult<Bound<'py, PyCapsule>> {
        PyCapsule::new_with_value(self.0, value, T::NAME)
    }

    /// The logical codec of a session, through which its functions are found when a filter that
    /// uses them is pushed down.
    ///
    /// `session` is what the host passes to a getter: a session, or a bare capsule.
    ///
    /// # Errors
    ///
    /// `TypeError` if it is neither, `ValueError` if it is another capsule.
    pub fn logical_codec(
        self,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<FFI_LogicalExtensionCodec> {
        const GETTER: &str = "__datafusion_logical_extension_codec__";

        let py = self.0;
        let Some(session) = session.filter(|session| !session.is_none()) else {
            return Err(PyTypeError::new_err(
                "expected a datafusion.SessionContext, got None",
            ));
        };
        if session.is_instance_of::<PyCapsule>() {
            return contents(session).cloned();
        }
        let capsule = session.call_method0(GETTER).map_err(|cause| {
            // Ctrl-C and the like are no errors of the session.
            if !cause.is_instance_of::<PyException>(py) {
                return cause;
            }
            let error = PyTypeError::new_err(format!(
                "expected a datafusion.SessionContext, got {}, whose {GETTER}() failed",
                type_name(session)
            ));
            error.set_cause(py, Some(cause));
            error
        })?;
        contents(&capsule).cloned()
    }
}

/// The schema in an `arrow_schema` capsule, which stays its owner.
pub fn arrow_schema(capsule: &Bound<'_, PyAny>) -> PyResult<Schema> {
    let schema: &FFI_ArrowSchema = contents(capsule)?;
    if schema.release.is_none() {
        return Err(PyValueError::new_err(
            "expected an arrow_schema capsule, got one that has been released",
        ));
    }
    Schema::try_from(schema).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Opens a capsule, after checking that it is one and has the right name.
fn contents<'a, T: Capsule>(object: &'a Bound<'_, PyAny>) -> PyResult<&'a T> {
    let py = object.py();
    let expected = T::NAME.to_string_lossy();
    let Ok(capsule) = object.cast::<PyCapsule>() else {
        return Err(PyTypeError::new_err(format!(
            "expected a PyCapsule named {expected:?}, got {}",
            type_name(object)
        )));
    };
    let pointer = capsule.pointer_checked(Some(T::NAME)).map_err(|cause| {
        let error = PyValueError::new_err(format!(
            "expected a PyCapsule named {expected:?}, got {}",
            object
                .repr()
                .map_or_else(|_| "another".to_owned(), |repr| repr.to_string())
        ));
        error.set_cause(py, Some(cause));
        error
    })?;
    // SAFETY: a capsule of this name points to a `T`: for `arrow_*` by the specification, for
    // `datafusion_*` by the protocol and because `Host::check` has seen the same major. It is
    // not null, or `pointer_checked` would have failed, and it lives as long as the capsule,
    // which `object` keeps alive for `'a`.
    Ok(unsafe { pointer.cast::<T>().as_ref() })
}

/// The Python exception for an error of the source.
pub fn exception(error: DataFusionError) -> PyErr {
    match error {
        DataFusionError::Configuration(message) => PyValueError::new_err(message),
        error => PyRuntimeError::new_err(error.strip_backtrace()),
    }
}

fn major(version: &str) -> Option<u64> {
    version.split('.').next()?.parse().ok()
}

fn type_name(object: &Bound<'_, PyAny>) -> String {
    object
        .get_type()
        .fully_qualified_name()
        .map_or_else(|_| "an object".to_owned(), |name| name.to_string())
}
