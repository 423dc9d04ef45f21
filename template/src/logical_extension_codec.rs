//! Logical plans over the tables of this package, as bytes for another process.

use datafusion_common::Result;
use prost::Message;
use pyo3::prelude::*;
use pyo3_datafusion::codec::{PyLogicalCodec, SourceCodec, SourceLogicalCodec};

use crate::functions;
use crate::source::ReadingsSource;

/// TODO(19): what it takes to open the source again, wherever that is. The tags must stay as they are.
#[derive(Clone, PartialEq, Message)]
pub struct SourceMessage {
    #[prost(int64, tag = "1")]
    rows: i64,
    #[prost(int64, tag = "2")]
    partitions: i64,
}

impl SourceCodec for ReadingsSource {
    type Message = SourceMessage;

    fn encode(&self) -> Result<SourceMessage> {
        Ok(SourceMessage {
            rows: self.rows,
            partitions: self.partitions,
        })
    }

    fn decode(message: SourceMessage) -> Result<Self> {
        Self::try_new(message.rows, message.partitions)
    }
}

/// The codec, which a Rust engine links: see *Ballista* in the template's how-to guides.
pub fn logical_codec() -> SourceLogicalCodec {
    SourceLogicalCodec::new(functions).with_source::<ReadingsSource>()
}

/// Logical plans over :class:`Readings` as bytes, for another process.
///
/// A table with inserted rows cannot be sent. Damaged bytes and other formats are an error.
#[pyclass(frozen, extends = PyLogicalCodec, module = "{{crate_name}}")]
pub struct LogicalCodec;

#[pymethods]
impl LogicalCodec {
    #[new]
    pub fn new() -> PyClassInitializer<Self> {
        PyLogicalCodec::base(logical_codec()).add_subclass(Self)
    }
}
