//! Physical plans over sources as bytes.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion_common::{Result, Statistics, not_impl_err};
use datafusion_execution::TaskContext;
use datafusion_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use datafusion_ffi::execution::FFI_TaskContextProvider;
use datafusion_physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::PhysicalExtensionCodec;
use datafusion_proto::protobuf;
use prost::Message;

use super::functions::{encode_options, functions_by_name, guarded_functions};
use super::message::{self, Types, Value};
use crate::boundary::error::catch;
use crate::compat::{Converter, decode_plan, encode_plan, plans_as_bytes};
use crate::function::Functions;
use crate::table::{Partition, Scan, SourceExec};

/// A [`Partition`] that becomes bytes, and is read wherever the bytes arrive.
pub trait PartitionCodec: Partition + Sized {
    /// Protocol Buffers: a `#[derive(prost::Message)]`, or what is a message by itself, such as a
    /// `String`.
    type Message: Message + Default;

    /// All that it takes to read the partition. The filters and the limit of the query are in it.
    fn encode(&self) -> Result<Self::Message>;

    /// The partition that was encoded. The message may come from anywhere. `scan` is that of the
    /// query, but has no filters.
    fn decode(message: Self::Message, scan: &Scan) -> Result<Self>;
}

/// A [`PhysicalExtensionCodec`] for the plans and functions of a package.
#[derive(Debug)]
pub struct SourcePhysicalCodec {
    partitions: Types<Scan, Box<dyn Partition>>,
    functions: fn() -> Result<Functions>,
}

/// A [`SourceExec`], as Protocol Buffers. The tags must stay as they are.
#[derive(Clone, PartialEq, Message)]
struct SourceExecMessage {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    table_schema: Option<protobuf::Schema>,
    #[prost(uint64, repeated, tag = "3")]
    projection: Vec<u64>,
    #[prost(uint64, optional, tag = "4")]
    limit: Option<u64>,
    #[prost(message, repeated, tag = "5")]
    partitions: Vec<Value>,
    #[prost(bool, tag = "6")]
    infinite: bool,
}

impl SourcePhysicalCodec {
    /// `functions` are those that a plan from another process may name.
    pub fn new(functions: fn() -> Result<Functions>) -> Self {
        Self {
            partitions: Types::new(),
            functions,
        }
    }

    /// Adds a type of partition. Add further ones below: bytes name a type by its place.
    pub fn with_partition<P: PartitionCodec>(mut self) -> Self {
        self.partitions.add(
            |partition| {
                let message = partition.downcast_ref::<P>()?.encode();
                Some(message.map(|message| message.encode_to_vec()))
            },
            |bytes, scan| {
                let message = message::decode_message("a partition", bytes)?;
                Ok(Box::new(P::decode(message, scan)?))
            },
        );
        self
    }

    fn encode_partition(&self, partition: &dyn Partition) -> Result<Value> {
        match self.partitions.encode(partition) {
            Some(encoded) => encoded,
            None => not_impl_err!("this codec knows no such partition: {partition:?}"),
        }
    }

    fn encode_plan(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        buffer: &mut Vec<u8>,
        _: Converter<'_>,
    ) -> Result<()> {
        let Some(plan) = plan.downcast_ref::<SourceExec>() else {
            return not_impl_err!("this codec knows no such plan: {}", plan.name());
        };
        let scan = plan.scan();
        let columns = scan.projection.iter().map(|column| *column as u64);
        let partitions = plan.partitions().map(|p| self.encode_partition(p));
        let message = SourceExecMessage {
            name: plan.name().to_owned(),
            table_schema: Some(plan.table_schema().as_ref().try_into()?),
            projection: columns.collect(),
            limit: scan.limit.map(|limit| limit as u64),
            partitions: partitions.collect::<Result<_>>()?,
            infinite: plan.properties().boundedness.is_unbounded(),
        };
        message::encode(&message, buffer);
        Ok(())
    }

    fn decode_plan(
        &self,
        bytes: &[u8],
        _inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        _: Converter<'_>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let message: SourceExecMessage = message::decode("a plan", bytes)?;
        let table_schema: Schema = (&message.table_schema.unwrap_or_default()).try_into()?;
        let columns = message.projection.iter().map(|column| *column as usize);
        let projection: Vec<_> = columns.collect();
        let scan = Scan {
            schema: Arc::new(table_schema.project(&projection)?),
            projection,
            filters: vec![],
            limit: message.limit.map(|limit| limit as usize),
            config: Arc::clone(context.session_config().options()),
        };
        let partitions = message.partitions.iter();
        let partitions = partitions.map(|partition| self.partitions.decode(partition, &scan));
        let partitions = partitions.collect::<Result<_>>()?;
        // A worker plans nothing.
        let statistics = Statistics::new_unknown(&scan.schema);
        let plan = SourceExec::try_new(
            Arc::new(table_schema),
            scan,
            &[],
            partitions,
            message.infinite,
            statistics,
        )?;
        Ok(Arc::new(plan.with_name(message.name)))
    }
}

impl PhysicalExtensionCodec for SourcePhysicalCodec {
    plans_as_bytes!(Self::encode_plan, Self::decode_plan);

    functions_by_name!();
}

/// Any [`PhysicalExtensionCodec`], safe to hand over. Functions of this package travel with the
/// options of the session.
#[derive(Debug)]
pub(crate) struct GuardedPhysicalCodec {
    pub codec: Arc<dyn PhysicalExtensionCodec>,
    pub session: FFI_TaskContextProvider,
}

impl GuardedPhysicalCodec {
    fn encode_plan(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        buffer: &mut Vec<u8>,
        converter: Converter<'_>,
    ) -> Result<()> {
        catch(|| encode_plan(self.codec.as_ref(), plan, buffer, converter))
    }

    fn decode_plan(
        &self,
        bytes: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: Converter<'_>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        catch(|| decode_plan(self.codec.as_ref(), bytes, inputs, context, converter))
    }
}

impl PhysicalExtensionCodec for GuardedPhysicalCodec {
    plans_as_bytes!(Self::encode_plan, Self::decode_plan);

    guarded_functions!();
}
