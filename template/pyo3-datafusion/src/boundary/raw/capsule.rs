//! Capsules: what they hold is taken out only after their name was checked.

use std::ffi::CStr;

use arrow::datatypes::Schema;
use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use pyo3::exceptions::{PyException, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::super::host::{Capsule, Host};

// The capsules of the Arrow PyCapsule Interface are the same for every version of a host.
impl Capsule for FFI_ArrowSchema {
    const NAME: &'static CStr = c"arrow_schema";
}

impl Capsule for FFI_ArrowArrayStream {
    const NAME: &'static CStr = c"arrow_array_stream";
}

/// The schema in an `arrow_schema` capsule, which stays its owner.
pub fn arrow_schema(capsule: &Bound<'_, PyAny>) -> PyResult<Schema> {
    let schema: &FFI_ArrowSchema = open_capsule(capsule)?;
    if schema.release.is_none() {
        return Err(PyValueError::new_err(
            "expected an arrow_schema capsule, got one that has been released",
        ));
    }
    Schema::try_from(schema).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// What `session` offers under the name of `T`, such as its logical codec, through which its
/// functions are found when a filter that uses them is pushed down.
///
/// `session` is what a host passes to a getter: a session, or a bare capsule. Not every session
/// is a `SessionContext`, so it is asked for the method that it should have, and for no more.
///
/// # Errors
///
/// `TypeError` if it is neither, `ValueError` if it is another capsule.
pub fn from_session<T: Capsule + Clone>(
    _checked: Host<'_>,
    session: Option<&Bound<'_, PyAny>>,
) -> PyResult<T> {
    let Some(session) = session.filter(|session| !session.is_none()) else {
        return Err(PyTypeError::new_err(
            "expected a datafusion.SessionContext, got None",
        ));
    };
    if session.is_instance_of::<PyCapsule>() {
        return Ok(open_capsule::<T>(session)?.clone().lenient());
    }
    let getter = format!("__{}__", T::NAME.to_string_lossy());
    let capsule = session.call_method0(&getter).map_err(|cause| {
        let py = session.py();
        // Ctrl-C and the like say nothing about the session.
        if !cause.is_instance_of::<PyException>(py) {
            return cause;
        }
        let error = PyTypeError::new_err(format!(
            "expected a datafusion.SessionContext, got {}, whose {getter}() failed",
            type_name(session)
        ));
        error.set_cause(py, Some(cause));
        error
    })?;
    Ok(open_capsule::<T>(&capsule)?.clone().lenient())
}

/// Opens a capsule, after checking that it is one and has the right name.
fn open_capsule<'a, T: Capsule>(object: &'a Bound<'_, PyAny>) -> PyResult<&'a T> {
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

fn type_name(object: &Bound<'_, PyAny>) -> String {
    object
        .get_type()
        .fully_qualified_name()
        .map_or_else(|_| "an object".to_owned(), |name| name.to_string())
}
