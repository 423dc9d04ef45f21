//! Physical plans over the tables of this package, as bytes for another process.

use std::any::Any;
use std::sync::Arc;

use datafusion_common::{Result, exec_datafusion_err, exec_err, not_impl_err};
use datafusion_proto::physical_plan::PhysicalExtensionCodec;
use prost::Message;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::codec::{PartitionCodec, SourcePhysicalCodec};
use pyo3_datafusion::export;
use pyo3_datafusion::table::{Partition, Scan};

use crate::functions;
use crate::readings::MAX_ROWS;
use crate::source::ReadingsPartition;

/// TODO(20): all that it takes to read a partition, wherever that is. These are Protocol Buffers, so
/// the tags must stay as they are.
#[derive(Clone, PartialEq, Message)]
struct PartitionMessage {
    #[prost(int64, tag = "1")]
    first_id: i64,
    #[prost(int64, tag = "2")]
    end_id: i64,
}

#[derive(Debug)]
struct ReadingsCodec;

impl PartitionCodec for ReadingsCodec {
    fn encode(&self, partition: &dyn Partition) -> Result<Vec<u8>> {
        match (partition as &dyn Any).downcast_ref::<ReadingsPartition>() {
            Some(ReadingsPartition { ids, .. }) => Ok(PartitionMessage {
                first_id: ids.start,
                end_id: ids.end,
            }
            .encode_to_vec()),
            None => not_impl_err!("this codec knows no such partition: {partition:?}"),
        }
    }

    fn decode(&self, bytes: &[u8], scan: &Scan) -> Result<Box<dyn Partition>> {
        let PartitionMessage { first_id, end_id } = PartitionMessage::decode(bytes)
            .map_err(|error| exec_datafusion_err!("these bytes are not readings: {error}"))?;
        if first_id < 0 || first_id >= end_id || end_id > MAX_ROWS {
            return exec_err!("these bytes are not a partition of readings");
        }
        Ok(Box::new(ReadingsPartition {
            ids: first_id..end_id,
            schema: Arc::clone(&scan.schema),
            counters: Arc::default(),
        }))
    }
}

/// The codec, which a Rust engine links: see *Ballista* in the template's how-to guides.
pub fn physical_codec() -> Arc<dyn PhysicalExtensionCodec> {
    Arc::new(SourcePhysicalCodec::new(ReadingsCodec, functions))
}

/// Physical plans over :class:`Readings` as bytes, for another process.
///
/// A table with inserted rows cannot be sent. Damaged bytes, and bytes of another format, are an
/// error.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct PhysicalCodec;

#[pymethods]
impl PhysicalCodec {
    /// The host writes this id in front of the bytes, to find the codec when it decodes them.
    #[classattr]
    #[pyo3(name = "__datafusion_codec_id__")]
    const ID: &'static str = "{{project-name}}";

    #[new]
    pub fn new() -> Self {
        Self
    }

    /// Hands the codec to DataFusion, as a `datafusion_physical_extension_codec` capsule.
    #[pyo3(signature = (session = None))]
    fn __datafusion_physical_extension_codec__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::physical_extension_codec(py, physical_codec(), session)
    }
}
