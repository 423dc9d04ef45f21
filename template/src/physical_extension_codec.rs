//! Physical plans over the tables of this package, as bytes for another process.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion_common::{Result, exec_datafusion_err, exec_err, not_impl_err};
use datafusion_execution::TaskContext;
use datafusion_ffi::execution::FFI_TaskContextProvider;
use datafusion_ffi::proto::physical_extension_codec::FFI_PhysicalExtensionCodec;
use datafusion_physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use datafusion_proto::protobuf;
use prost::Message;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::capsule::of_session;
use crate::exception::exception;
use crate::host::Host;
use crate::insert_exec::InsertExec;
use crate::panic::catch;
use crate::runtime;
use crate::source::{MAX_ROWS, Partition, Rows};
use crate::source_exec::SourceExec;

/// Of the messages below. Count it up when they change, so that old bytes are refused.
const VERSION: u32 = 1;

/// A [`SourceExec`]. Protocol Buffers; the tags stay what they are.
#[derive(Clone, PartialEq, Message)]
struct SourceExecMessage {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, optional, tag = "3")]
    schema: Option<protobuf::Schema>,
    #[prost(message, repeated, tag = "4")]
    partitions: Vec<PartitionMessage>,
    #[prost(uint64, optional, tag = "5")]
    limit: Option<u64>,
}

/// TODO(22): all that it takes to read a partition, wherever that is. Filters and limit are in it
/// already.
#[derive(Clone, PartialEq, Message)]
struct PartitionMessage {
    #[prost(int64, tag = "1")]
    first_id: i64,
    #[prost(int64, tag = "2")]
    end_id: i64,
}

fn encode_partition(partition: &Partition) -> Result<PartitionMessage> {
    match &partition.rows {
        Rows::Computed(ids) => Ok(PartitionMessage {
            first_id: ids.start,
            end_id: ids.end,
        }),
        Rows::Inserted(_) => exec_err!("readings that were inserted are in this process only"),
    }
}

fn decode_partition(message: &PartitionMessage, schema: &Arc<Schema>) -> Result<Partition> {
    let ids = message.first_id..message.end_id;
    if ids.start < 0 || ids.is_empty() || ids.end > MAX_ROWS {
        return exec_err!("these bytes are no partition of readings");
    }
    Ok(Partition {
        rows: Rows::Computed(ids),
        schema: Arc::clone(schema),
        counters: Arc::default(),
    })
}

fn encode(plan: &SourceExec) -> Result<Vec<u8>> {
    let message = SourceExecMessage {
        version: VERSION,
        name: plan.name().to_owned(),
        schema: Some(plan.schema().as_ref().try_into()?),
        partitions: plan
            .partitions()
            .iter()
            .map(encode_partition)
            .collect::<Result<_>>()?,
        limit: plan.fetch().map(|limit| limit as u64),
    };
    Ok(message.encode_to_vec())
}

fn decode(bytes: &[u8]) -> Result<SourceExec> {
    let message = SourceExecMessage::decode(bytes)
        .map_err(|error| exec_datafusion_err!("these bytes are no readings: {error}"))?;
    if message.version != VERSION {
        return exec_err!(
            "these readings were written in format {}, but this package reads {VERSION}",
            message.version
        );
    }
    let schema = message.schema.unwrap_or_default();
    let schema: Arc<Schema> = Arc::new((&schema).try_into()?);
    let partitions = message
        .partitions
        .iter()
        .map(|partition| decode_partition(partition, &schema))
        .collect::<Result<_>>()?;
    let limit = message.limit.map(|limit| limit as usize);
    SourceExec::try_new(message.name, schema, partitions, limit)
}

/// The host asks each of its codecs in turn; the first that does not refuse has it.
#[derive(Debug)]
struct ReadingsPhysicalCodec;

impl PhysicalExtensionCodec for ReadingsPhysicalCodec {
    fn try_encode(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        buffer: &mut Vec<u8>,
        _converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        catch(|| match plan.downcast_ref::<SourceExec>() {
            Some(plan) => {
                buffer.extend(encode(plan)?);
                Ok(())
            }
            // The rows would go to a copy of the source.
            None if plan.is::<InsertExec>() => {
                not_impl_err!("an INSERT INTO cannot be sent to another process as bytes")
            }
            None => not_impl_err!("{} of another package", plan.name()),
        })
    }

    fn try_decode(
        &self,
        bytes: &[u8],
        _inputs: &[Arc<dyn ExecutionPlan>],
        _context: &TaskContext,
        _converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        catch(|| Ok(Arc::new(decode(bytes)?) as _))
    }
}

/// The codec of this package for physical plans.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct PhysicalCodec;

#[pymethods]
impl PhysicalCodec {
    /// What the host writes before the bytes, to find the codec again.
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
        let host = Host::check(py)?;
        let context: FFI_TaskContextProvider = of_session(host, session)?;
        let runtime = runtime::handle().map_err(exception)?;
        host.export(FFI_PhysicalExtensionCodec::new(
            Arc::new(ReadingsPhysicalCodec),
            Some(runtime),
            context,
        ))
    }
}
