//! The base classes of codecs in Python. A class that extends one has its hook and its id from here.

use std::sync::Arc;

use datafusion_proto::logical_plan::LogicalExtensionCodec;
use datafusion_proto::physical_plan::PhysicalExtensionCodec;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::boundary::host::package;
use crate::export;

/// The base class for one kind of codec.
macro_rules! class {
    ($class:ident = $name:literal, $codec:ident, $hook:ident, $export:path) => {
        #[doc = concat!("Any [`", stringify!($codec), "`], for a class that extends this one.")]
        #[pyclass(frozen, subclass, name = $name, module = "pyo3_datafusion")]
        pub struct $class(Arc<dyn $codec>);

        impl $class {
            pub fn base(codec: impl $codec + 'static) -> PyClassInitializer<Self> {
                Self(Arc::new(codec)).into()
            }
        }

        #[pymethods]
        impl $class {
            /// The name of the package. The host writes it in front of the bytes, to find the
            /// codec when it decodes them.
            #[getter]
            fn __datafusion_codec_id__(&self) -> &'static str {
                package().name
            }

            /// Hands the codec to DataFusion, as a capsule.
            #[pyo3(signature = (session = None))]
            fn $hook<'py>(
                &self,
                py: Python<'py>,
                session: Option<&Bound<'py, PyAny>>,
            ) -> PyResult<Bound<'py, PyCapsule>> {
                $export(py, Arc::clone(&self.0), session)
            }
        }
    };
}

class! {
    PyLogicalCodec = "LogicalCodec", LogicalExtensionCodec,
    __datafusion_logical_extension_codec__, export::logical_extension_codec
}
class! {
    PyPhysicalCodec = "PhysicalCodec", PhysicalExtensionCodec,
    __datafusion_physical_extension_codec__, export::physical_extension_codec
}
