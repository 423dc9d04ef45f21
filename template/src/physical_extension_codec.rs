//! Physical plans over the tables of this package, as bytes for another process.

use datafusion_common::{Result, exec_err};
use prost::Message;
use pyo3::prelude::*;
use pyo3_datafusion::codec::{PartitionCodec, PyPhysicalCodec, SourcePhysicalCodec};
use pyo3_datafusion::table::Scan;

use crate::functions;
use crate::readings::MAX_ROWS;
use crate::source::ReadingsPartition;

/// TODO(20): what it takes to read a partition, wherever that is. The tags must stay as they are.
#[derive(Clone, PartialEq, Message)]
pub struct PartitionMessage {
    #[prost(int64, tag = "1")]
    first_id: i64,
    #[prost(int64, tag = "2")]
    end_id: i64,
}

impl PartitionCodec for ReadingsPartition {
    type Message = PartitionMessage;

    fn encode(&self) -> Result<PartitionMessage> {
        let (first_id, end_id) = (self.ids.start, self.ids.end);
        Ok(PartitionMessage { first_id, end_id })
    }

    fn decode(message: PartitionMessage, scan: &Scan) -> Result<Self> {
        let ids = message.first_id..message.end_id;
        if ids.start < 0 || ids.is_empty() || ids.end > MAX_ROWS {
            return exec_err!("these bytes are not a partition of readings");
        }
        Ok(Self {
            ids,
            schema: scan.schema.clone(),
            counters: Default::default(),
        })
    }
}

/// The codec, which a Rust engine links: see *Ballista* in the template's how-to guides.
pub fn physical_codec() -> SourcePhysicalCodec {
    SourcePhysicalCodec::new(functions).with_partition::<ReadingsPartition>()
}

/// Physical plans over :class:`Readings` as bytes, for another process.
///
/// A table with inserted rows cannot be sent. Damaged bytes and other formats are an error.
#[pyclass(frozen, extends = PyPhysicalCodec, module = "{{crate_name}}")]
pub struct PhysicalCodec;

#[pymethods]
impl PhysicalCodec {
    #[new]
    pub fn new() -> PyClassInitializer<Self> {
        PyPhysicalCodec::base(physical_codec()).add_subclass(Self)
    }
}
