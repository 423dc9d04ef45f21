//! Logical plans over the tables of this package, as bytes for another process.

use std::any::Any;
use std::sync::Arc;

use datafusion_catalog::TableProvider;
use datafusion_common::{Result, exec_datafusion_err, not_impl_err};
use datafusion_proto::logical_plan::LogicalExtensionCodec;
use prost::Message;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::codec::{SourceCodec, SourceLogicalCodec};
use pyo3_datafusion::export;
use pyo3_datafusion::table::{Source, SourceTable};

use crate::functions;
use crate::source::ReadingsSource;

/// TODO(19): all that it takes to open the source again, wherever that is. These are Protocol
/// Buffers, so the tags must stay as they are.
#[derive(Clone, PartialEq, Message)]
struct SourceMessage {
    #[prost(int64, tag = "1")]
    rows: i64,
    #[prost(int64, tag = "2")]
    partitions: i64,
}

#[derive(Debug)]
struct ReadingsCodec;

impl SourceCodec for ReadingsCodec {
    fn encode(&self, source: &dyn Source) -> Result<Vec<u8>> {
        let Some(source) = (source as &dyn Any).downcast_ref::<ReadingsSource>() else {
            return not_impl_err!("this codec knows no such source: {source:?}");
        };
        let message = SourceMessage {
            rows: source.rows,
            partitions: source.partitions,
        };
        Ok(message.encode_to_vec())
    }

    fn decode(&self, bytes: &[u8]) -> Result<Arc<dyn TableProvider>> {
        let message = SourceMessage::decode(bytes)
            .map_err(|error| exec_datafusion_err!("these bytes are not readings: {error}"))?;
        let source = ReadingsSource::try_new(message.rows, message.partitions)?;
        Ok(SourceTable::try_new(source)?.provider())
    }
}

/// The codec, which a Rust engine links: see *Ballista* in the template's how-to guides.
pub fn logical_codec() -> Arc<dyn LogicalExtensionCodec> {
    Arc::new(SourceLogicalCodec::new(ReadingsCodec, functions))
}

/// Logical plans over :class:`Readings` as bytes, for another process.
///
/// A table with inserted rows cannot be sent. Damaged bytes, and bytes of another format, are an
/// error.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct LogicalCodec;

#[pymethods]
impl LogicalCodec {
    /// The host writes this id in front of the bytes, to find the codec when it decodes them.
    #[classattr]
    #[pyo3(name = "__datafusion_codec_id__")]
    const ID: &'static str = "{{project-name}}";

    #[new]
    pub fn new() -> Self {
        Self
    }

    /// Hands the codec to DataFusion, as a `datafusion_logical_extension_codec` capsule.
    #[pyo3(signature = (session = None))]
    fn __datafusion_logical_extension_codec__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::logical_extension_codec(py, logical_codec(), session)
    }
}
