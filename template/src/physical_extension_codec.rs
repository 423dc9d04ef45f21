//! Physical plans over the tables of this package, as bytes for another process.

use std::any::Any;
use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion_common::{Result, exec_datafusion_err, exec_err, not_impl_err};
use datafusion_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use datafusion_ffi::execution::FFI_TaskContextProvider;
use datafusion_ffi::proto::physical_extension_codec::FFI_PhysicalExtensionCodec;
use datafusion_physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::PhysicalExtensionCodec;
use datafusion_proto::protobuf;
use prost::Message;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::ffi::error::{catch, to_py_err};
use crate::ffi::function_codec::encode_options;
use crate::ffi::host::Host;
use crate::ffi::plans_as_bytes;
use crate::ffi::runtime;
use crate::ffi::session_of_codec;
use crate::ffi::source::{Partition, Scan};
use crate::ffi::source_exec::SourceExec;
use crate::functions;
use crate::readings::MAX_ROWS;
use crate::source::ReadingsPartition;

/// The version of the messages below. Count it up when they change, so that old bytes are refused.
const VERSION: u32 = 2;

/// A [`SourceExec`], as Protocol Buffers. The tags must stay what they are.
#[derive(Clone, PartialEq, Message)]
struct SourceExecMessage {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, optional, tag = "3")]
    table_schema: Option<protobuf::Schema>,
    #[prost(uint64, repeated, tag = "4")]
    projection: Vec<u64>,
    #[prost(uint64, optional, tag = "5")]
    limit: Option<u64>,
    #[prost(message, repeated, tag = "6")]
    partitions: Vec<PartitionMessage>,
}

/// TODO(20): all that it takes to read a partition, wherever that is. Filters and limit are in it
/// already.
#[derive(Clone, PartialEq, Message)]
struct PartitionMessage {
    #[prost(int64, tag = "1")]
    first_id: i64,
    #[prost(int64, tag = "2")]
    end_id: i64,
}

fn encode_partition(partition: &dyn Partition) -> Result<PartitionMessage> {
    match (partition as &dyn Any).downcast_ref::<ReadingsPartition>() {
        Some(ReadingsPartition { ids, .. }) => Ok(PartitionMessage {
            first_id: ids.start,
            end_id: ids.end,
        }),
        None => not_impl_err!("this codec knows no such partition: {partition:?}"),
    }
}

fn decode_partition(message: &PartitionMessage, scan: &Scan) -> Result<Box<dyn Partition>> {
    let ids = message.first_id..message.end_id;
    if ids.start < 0 || ids.is_empty() || ids.end > MAX_ROWS {
        return exec_err!("these bytes are not a partition of readings");
    }
    Ok(Box::new(ReadingsPartition {
        ids,
        schema: Arc::clone(&scan.schema),
        counters: Arc::default(),
    }))
}

fn encode(plan: &dyn ExecutionPlan) -> Result<Vec<u8>> {
    let Some(plan) = plan.downcast_ref::<SourceExec>() else {
        return not_impl_err!("this codec knows no such plan: {}", plan.name());
    };
    let scan = plan.scan();
    let message = SourceExecMessage {
        version: VERSION,
        name: plan.name().to_owned(),
        table_schema: Some(plan.table_schema().as_ref().try_into()?),
        projection: scan
            .projection
            .iter()
            .map(|column| *column as u64)
            .collect(),
        limit: scan.limit.map(|limit| limit as u64),
        partitions: plan
            .partitions()
            .map(encode_partition)
            .collect::<Result<_>>()?,
    };
    Ok(message.encode_to_vec())
}

fn decode(bytes: &[u8]) -> Result<Arc<dyn ExecutionPlan>> {
    let message = SourceExecMessage::decode(bytes)
        .map_err(|error| exec_datafusion_err!("these bytes are not readings: {error}"))?;
    if message.version != VERSION {
        return exec_err!(
            "these readings were written in format {}, but this package reads {VERSION}",
            message.version
        );
    }
    let table_schema: Schema = (&message.table_schema.unwrap_or_default()).try_into()?;
    let projection: Vec<_> = message
        .projection
        .iter()
        .map(|column| *column as usize)
        .collect();
    let scan = Scan {
        schema: Arc::new(table_schema.project(&projection)?),
        projection,
        filters: vec![],
        limit: message.limit.map(|limit| limit as usize),
    };
    let partitions = message
        .partitions
        .iter()
        .map(|partition| decode_partition(partition, &scan))
        .collect::<Result<_>>()?;
    let plan = SourceExec::try_new(Arc::new(table_schema), scan, &[], partitions)?;
    Ok(Arc::new(plan.with_name(message.name)))
}

/// The host asks each of its codecs in turn, and uses the first one that accepts.
///
/// A Rust engine needs no capsule and makes this with `default()`: see *Ballista* in the template's
/// how-to guides.
#[derive(Debug, Default)]
pub struct ReadingsPhysicalCodec {
    session: Option<FFI_TaskContextProvider>,
}

impl PhysicalExtensionCodec for ReadingsPhysicalCodec {
    plans_as_bytes!(encode, decode);

    /// Functions travel by their names, and with the options that they depend on.
    fn try_encode_udf(&self, function: &ScalarUDF, buffer: &mut Vec<u8>) -> Result<()> {
        catch(|| encode_options(function, self.session.as_ref(), buffer))
    }

    fn try_decode_udf(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
        catch(|| functions()?.find_scalar(name, bytes))
    }

    fn try_decode_udaf(&self, name: &str, _bytes: &[u8]) -> Result<Arc<AggregateUDF>> {
        catch(|| functions()?.find_aggregate(name))
    }

    fn try_decode_udwf(&self, name: &str, _bytes: &[u8]) -> Result<Arc<WindowUDF>> {
        catch(|| functions()?.find_window(name))
    }
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
        let host = Host::check(py)?;
        let session = session_of_codec(host, session)?;
        let runtime = runtime::handle().map_err(to_py_err)?;
        let codec = ReadingsPhysicalCodec {
            session: Some(session.clone()),
        };
        host.export(FFI_PhysicalExtensionCodec::new(
            Arc::new(codec),
            Some(runtime),
            session,
        ))
    }
}
