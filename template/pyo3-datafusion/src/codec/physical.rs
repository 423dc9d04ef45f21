//! Physical plans over sources as bytes.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion_common::{Result, exec_datafusion_err, exec_err, not_impl_err};
use datafusion_execution::TaskContext;
use datafusion_execution::config::SessionConfig;
use datafusion_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use datafusion_ffi::execution::FFI_TaskContextProvider;
use datafusion_physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::PhysicalExtensionCodec;
use datafusion_proto::protobuf;
use prost::Message;

use super::functions::encode_options;
use crate::boundary::error::catch;
use crate::compat::{Converter, decode_plan, encode_plan, plans_as_bytes};
use crate::function::Functions;
use crate::table::{Partition, Scan, SourceExec};

/// Turns the partitions of a package's sources into bytes and back, wherever the bytes arrive.
pub trait PartitionCodec: Debug + Send + Sync + 'static {
    /// All that it takes to read `partition`. The filters and the limit of the query are in it.
    ///
    /// # Errors
    ///
    /// `NotImplemented` for a partition of another type: DataFusion asks the next codec then.
    fn encode(&self, partition: &dyn Partition) -> Result<Vec<u8>>;

    /// The partition that was encoded. `scan` is that of the query, but has no filters.
    fn decode(&self, bytes: &[u8], scan: &Scan) -> Result<Box<dyn Partition>>;
}

/// A [`PhysicalExtensionCodec`] for the plans and functions of a package.
#[derive(Debug)]
pub struct SourcePhysicalCodec<C> {
    partitions: C,
    functions: fn() -> Result<Functions>,
}

/// A [`SourceExec`], as Protocol Buffers. The tags must stay as they are.
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
    #[prost(bytes = "vec", repeated, tag = "7")]
    partitions: Vec<Vec<u8>>,
    #[prost(bool, tag = "8")]
    infinite: bool,
}

/// Counts up when the message changes, so that old bytes are refused.
const VERSION: u32 = 3;

impl<C: PartitionCodec> SourcePhysicalCodec<C> {
    /// `functions` are those that a plan from another process may name.
    pub fn new(partitions: C, functions: fn() -> Result<Functions>) -> Self {
        Self {
            partitions,
            functions,
        }
    }

    fn encode(&self, plan: &dyn ExecutionPlan) -> Result<Vec<u8>> {
        let Some(plan) = plan.downcast_ref::<SourceExec>() else {
            return not_impl_err!("this codec knows no such plan: {}", plan.name());
        };
        let scan = plan.scan();
        let columns = scan.projection.iter().map(|column| *column as u64);
        let partitions = plan.partitions().map(|p| self.partitions.encode(p));
        let message = SourceExecMessage {
            version: VERSION,
            name: plan.name().to_owned(),
            table_schema: Some(plan.table_schema().as_ref().try_into()?),
            projection: columns.collect(),
            limit: scan.limit.map(|limit| limit as u64),
            partitions: partitions.collect::<Result<_>>()?,
            infinite: plan.properties().boundedness.is_unbounded(),
        };
        Ok(message.encode_to_vec())
    }

    fn decode(&self, bytes: &[u8], config: &SessionConfig) -> Result<Arc<dyn ExecutionPlan>> {
        let message = SourceExecMessage::decode(bytes)
            .map_err(|error| exec_datafusion_err!("these bytes are not a plan: {error}"))?;
        if message.version != VERSION {
            return exec_err!(
                "this plan was written in format {}, but this package reads {VERSION}",
                message.version
            );
        }
        let table_schema: Schema = (&message.table_schema.unwrap_or_default()).try_into()?;
        let columns = message.projection.iter().map(|column| *column as usize);
        let projection: Vec<_> = columns.collect();
        let scan = Scan {
            schema: Arc::new(table_schema.project(&projection)?),
            projection,
            filters: vec![],
            limit: message.limit.map(|limit| limit as usize),
            config: Arc::clone(config.options()),
        };
        let partitions = message.partitions.iter();
        let partitions = partitions.map(|bytes| self.partitions.decode(bytes, &scan));
        let partitions = partitions.collect::<Result<_>>()?;
        let plan = SourceExec::try_new(
            Arc::new(table_schema),
            scan,
            &[],
            partitions,
            message.infinite,
        )?;
        Ok(Arc::new(plan.with_name(message.name)))
    }
}

impl<C: PartitionCodec> SourcePhysicalCodec<C> {
    fn encode_plan(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        buffer: &mut Vec<u8>,
        _: Converter<'_>,
    ) -> Result<()> {
        buffer.extend(self.encode(plan.as_ref())?);
        Ok(())
    }

    fn decode_plan(
        &self,
        bytes: &[u8],
        _inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        _: Converter<'_>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.decode(bytes, context.session_config())
    }
}

impl<C: PartitionCodec> PhysicalExtensionCodec for SourcePhysicalCodec<C> {
    plans_as_bytes!(Self::encode_plan, Self::decode_plan);

    fn try_encode_udf(&self, function: &ScalarUDF, buffer: &mut Vec<u8>) -> Result<()> {
        encode_options(function, None, buffer)
    }

    fn try_decode_udf(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
        (self.functions)()?.find_scalar(name, bytes)
    }

    fn try_decode_udaf(&self, name: &str, _bytes: &[u8]) -> Result<Arc<AggregateUDF>> {
        (self.functions)()?.find_aggregate(name)
    }

    fn try_decode_udwf(&self, name: &str, _bytes: &[u8]) -> Result<Arc<WindowUDF>> {
        (self.functions)()?.find_window(name)
    }
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

    fn try_encode_udf(&self, function: &ScalarUDF, buffer: &mut Vec<u8>) -> Result<()> {
        catch(
            || match encode_options(function, Some(&self.session), buffer) {
                Ok(()) if buffer.is_empty() => self.codec.try_encode_udf(function, buffer),
                done => done,
            },
        )
    }

    fn try_decode_udf(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
        catch(|| self.codec.try_decode_udf(name, bytes))
    }

    fn try_encode_udaf(&self, function: &AggregateUDF, buffer: &mut Vec<u8>) -> Result<()> {
        catch(|| self.codec.try_encode_udaf(function, buffer))
    }

    fn try_decode_udaf(&self, name: &str, bytes: &[u8]) -> Result<Arc<AggregateUDF>> {
        catch(|| self.codec.try_decode_udaf(name, bytes))
    }

    fn try_encode_udwf(&self, function: &WindowUDF, buffer: &mut Vec<u8>) -> Result<()> {
        catch(|| self.codec.try_encode_udwf(function, buffer))
    }

    fn try_decode_udwf(&self, name: &str, bytes: &[u8]) -> Result<Arc<WindowUDF>> {
        catch(|| self.codec.try_decode_udwf(name, bytes))
    }
}
