//! The bytes that codecs of this crate write: a format, and then a message of Protocol Buffers.

use std::any::Any;

use datafusion_common::{Result, exec_datafusion_err, exec_err};
use prost::Message;

/// Counts up when a message of this crate changes, so that old bytes are refused.
const FORMAT: u8 = 4;

pub fn encode(message: &impl Message, buffer: &mut Vec<u8>) {
    buffer.push(FORMAT);
    buffer.extend(message.encode_to_vec());
}

/// `what` the bytes should be is for errors.
pub fn decode<M: Message + Default>(what: &str, bytes: &[u8]) -> Result<M> {
    match bytes.split_first() {
        Some((&FORMAT, bytes)) => decode_message(what, bytes),
        format => exec_err!(
            "{what} was written in format {}, but this package reads {FORMAT}",
            format.map_or(0, |(format, _)| *format)
        ),
    }
}

/// [`decode`] for bytes without a format.
pub fn decode_message<M: Message + Default>(what: &str, bytes: &[u8]) -> Result<M> {
    M::decode(bytes).map_err(|error| exec_datafusion_err!("these bytes are not {what}: {error}"))
}

/// What the codec of a package wrote, and which of its types that was.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    #[prost(uint32, tag = "1")]
    type_index: u32,
    #[prost(bytes = "vec", tag = "2")]
    message: Vec<u8>,
}

/// The types of values that a codec can write. A decoded value becomes a `D`, which takes a `C`.
#[derive(Debug)]
pub struct Types<C, D>(Vec<Type<C, D>>);

#[derive(Debug)]
struct Type<C, D> {
    encode: fn(&dyn Any) -> Option<Result<Vec<u8>>>,
    decode: fn(&[u8], &C) -> Result<D>,
}

impl<C, D> Types<C, D> {
    pub fn new() -> Self {
        Self(vec![])
    }

    pub fn add(
        &mut self,
        encode: fn(&dyn Any) -> Option<Result<Vec<u8>>>,
        decode: fn(&[u8], &C) -> Result<D>,
    ) {
        self.0.push(Type { encode, decode });
    }

    /// `None` if `value` has none of the types.
    pub fn encode(&self, value: &dyn Any) -> Option<Result<Value>> {
        (0..).zip(&self.0).find_map(|(type_index, each)| {
            let encoded = (each.encode)(value)?;
            Some(encoded.map(|message| Value {
                type_index,
                message,
            }))
        })
    }

    pub fn decode(&self, value: &Value, context: &C) -> Result<D> {
        match self.0.get(value.type_index as usize) {
            Some(each) => (each.decode)(&value.message, context),
            None => exec_err!("this codec has no type number {}", value.type_index),
        }
    }
}
