//! The Rust types of results.

use std::cell::Cell;
use std::error::Error;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, GenericByteBuilder, ListArray, PrimitiveArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    BinaryType, ByteArrayType, DataType, Date32Type, Decimal128Type, Field, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type, Utf8Type,
};
use arrow::error::ArrowError;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use datafusion_common::{DataFusionError, exec_datafusion_err};

use super::argument::{Argument, Decimal};

/// Why there are no results.
#[derive(Debug)]
pub struct Failed {
    /// The row whose result is an error, if it is because of a row.
    pub row: Option<usize>,
    pub error: DataFusionError,
}

impl From<DataFusionError> for Failed {
    fn from(error: DataFusionError) -> Self {
        Self { row: None, error }
    }
}

impl From<ArrowError> for Failed {
    fn from(error: ArrowError) -> Self {
        DataFusionError::from(error).into()
    }
}

impl From<Failed> for DataFusionError {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

pub type Collected = Result<ArrayRef, Failed>;

/// A Rust type that a function may return.
#[diagnostic::on_unimplemented(
    message = "a function of DataFusion cannot return a `{Self}`",
    note = "it returns numbers, `bool`, `&str`, `String`, `&[u8]`, `Box<[u8]>`, `NaiveDate`, `NaiveDateTime`, `DateTime<Utc>`, `Decimal`, a `Vec` of these, each as an `Option`, and all of this as a `Result`"
)]
pub trait Returned: Sized {
    /// Whether a value can be computed and thrown away.
    const IS_NUMBER: bool = false;

    fn data_type() -> DataType;

    fn is_error(&self) -> bool {
        false
    }

    /// A column without nulls.
    fn collect(values: impl Iterator<Item = Self>) -> Collected;

    fn collect_nullable(values: impl Iterator<Item = Option<Self>>) -> Collected;
}

fn primitive<T: ArrowPrimitiveType>(values: impl Iterator<Item = T::Native>) -> Collected {
    Ok(Arc::new(PrimitiveArray::<T>::from_iter_values(values)))
}

fn nullable<T: ArrowPrimitiveType>(values: impl Iterator<Item = Option<T::Native>>) -> Collected {
    Ok(Arc::new(values.collect::<PrimitiveArray<T>>()))
}

macro_rules! number {
    ($($number:ty: $arrow:ident, $data_type:ident;)*) => {$(
        impl Returned for $number {
            const IS_NUMBER: bool = true;

            fn data_type() -> DataType {
                DataType::$data_type
            }

            fn collect(values: impl Iterator<Item = Self>) -> Collected {
                primitive::<$arrow>(values)
            }

            fn collect_nullable(values: impl Iterator<Item = Option<Self>>) -> Collected {
                nullable::<$arrow>(values)
            }
        }
    )*};
}

number! {
    i8: Int8Type, Int8;
    i16: Int16Type, Int16;
    i32: Int32Type, Int32;
    i64: Int64Type, Int64;
    u8: UInt8Type, UInt8;
    u16: UInt16Type, UInt16;
    u32: UInt32Type, UInt32;
    u64: UInt64Type, UInt64;
    f32: Float32Type, Float32;
    f64: Float64Type, Float64;
}

impl Returned for bool {
    fn data_type() -> DataType {
        DataType::Boolean
    }

    fn collect(values: impl Iterator<Item = Self>) -> Collected {
        let values = BooleanBuffer::from_iter(values);
        Ok(Arc::new(BooleanArray::new(values, None)))
    }

    fn collect_nullable(values: impl Iterator<Item = Option<Self>>) -> Collected {
        Ok(Arc::new(values.collect::<BooleanArray>()))
    }
}

/// `collect` of arrow moves each `String`, which costs more than copying its bytes.
fn texts<T: ByteArrayType>(values: impl Iterator<Item: AsRef<T::Native>>) -> Collected {
    let mut texts = text_builder::<T>(values.size_hint().0);
    values.for_each(|text| texts.append_value(text));
    Ok(Arc::new(texts.finish()))
}

/// Many texts are as short as this. The bytes of longer ones are moved as they grow.
fn text_builder<T: ByteArrayType>(rows: usize) -> GenericByteBuilder<T> {
    GenericByteBuilder::with_capacity(rows, rows * 16)
}

fn nullable_texts<T: ByteArrayType>(
    values: impl Iterator<Item = Option<impl AsRef<T::Native>>>,
) -> Collected {
    let mut texts = text_builder::<T>(values.size_hint().0);
    values.for_each(|text| match &text {
        Some(text) => texts.append_value(text),
        None => texts.append_null(),
    });
    Ok(Arc::new(texts.finish()))
}

macro_rules! text {
    ($($text:ty: $arrow:ident, $data_type:ident;)*) => {$(
        impl Returned for $text {
            fn data_type() -> DataType {
                DataType::$data_type
            }

            fn collect(values: impl Iterator<Item = Self>) -> Collected {
                texts::<$arrow>(values)
            }

            fn collect_nullable(values: impl Iterator<Item = Option<Self>>) -> Collected {
                nullable_texts::<$arrow>(values)
            }
        }
    )*};
}

text! {
    &str: Utf8Type, Utf8;
    String: Utf8Type, Utf8;
    &[u8]: BinaryType, Binary;
    Box<[u8]>: BinaryType, Binary;
}

/// A result that becomes one of another type.
macro_rules! converted {
    ($($rust:ty: $arrow:ident, $convert:expr;)*) => {$(
        impl Returned for $rust {
            fn data_type() -> DataType {
                <$rust as Argument>::data_type()
            }

            fn collect(values: impl Iterator<Item = Self>) -> Collected {
                let values = PrimitiveArray::<$arrow>::from_iter_values(values.map($convert));
                Ok(Arc::new(values.with_data_type(<Self as Returned>::data_type())))
            }

            fn collect_nullable(values: impl Iterator<Item = Option<Self>>) -> Collected {
                let values = values.map(|value| value.map($convert));
                let values = values.collect::<PrimitiveArray<$arrow>>();
                Ok(Arc::new(values.with_data_type(<Self as Returned>::data_type())))
            }
        }
    )*};
}

converted! {
    NaiveDate: Date32Type, Date32Type::from_naive_date;
    NaiveDateTime: TimestampMicrosecondType, |time| time.and_utc().timestamp_micros();
    DateTime<Utc>: TimestampMicrosecondType, |time| time.timestamp_micros();
}

impl<const PRECISION: u8, const SCALE: i8> Returned for Decimal<PRECISION, SCALE> {
    fn data_type() -> DataType {
        <Self as Argument>::data_type()
    }

    fn collect(values: impl Iterator<Item = Self>) -> Collected {
        Self::collect_nullable(values.map(Some))
    }

    fn collect_nullable(values: impl Iterator<Item = Option<Self>>) -> Collected {
        let values = values.map(|value| Some(value?.0));
        let decimals: PrimitiveArray<Decimal128Type> = values.collect();
        let decimals = decimals.with_precision_and_scale(PRECISION, SCALE)?;
        decimals.validate_decimal_precision(PRECISION)?;
        Ok(Arc::new(decimals))
    }
}

impl<T: Returned> Returned for Vec<T> {
    fn data_type() -> DataType {
        DataType::List(Field::new_list_field(T::data_type(), true).into())
    }

    fn collect(lists: impl Iterator<Item = Self>) -> Collected {
        Self::collect_nullable(lists.map(Some))
    }

    fn collect_nullable(lists: impl Iterator<Item = Option<Self>>) -> Collected {
        let (mut items, mut lengths, mut valid) = (vec![], vec![], vec![]);
        for list in lists {
            valid.push(list.is_some());
            lengths.push(list.as_ref().map_or(0, Vec::len));
            items.extend(list.into_iter().flatten());
        }
        let items = T::collect(items.into_iter())?;
        let field = Field::new_list_field(T::data_type(), true);
        let nulls = NullBuffer::from(valid);
        let nulls = (nulls.null_count() > 0).then_some(nulls);
        let offsets = OffsetBuffer::from_lengths(lengths);
        let lists = ListArray::try_new(field.into(), offsets, items, nulls)?;
        Ok(Arc::new(lists))
    }
}

impl<T: Returned> Returned for Option<T> {
    fn data_type() -> DataType {
        T::data_type()
    }

    fn collect(values: impl Iterator<Item = Self>) -> Collected {
        T::collect_nullable(values)
    }

    fn collect_nullable(values: impl Iterator<Item = Option<Self>>) -> Collected {
        T::collect_nullable(values.map(Option::flatten))
    }
}

/// The first error ends the query.
impl<T: Returned, E: Into<Box<dyn Error + Send + Sync>>> Returned for Result<T, E> {
    fn data_type() -> DataType {
        T::data_type()
    }

    fn is_error(&self) -> bool {
        self.is_err()
    }

    fn collect(results: impl Iterator<Item = Self>) -> Collected {
        let first = Cell::new(None);
        let collected = T::collect(until_error(results, &first));
        collected_unless(first, collected)
    }

    fn collect_nullable(results: impl Iterator<Item = Option<Self>>) -> Collected {
        let first = Cell::new(None);
        let results = results.map(Option::transpose);
        let collected = T::collect_nullable(until_error(results, &first));
        collected_unless(first, collected)
    }
}

type FirstError<E> = Cell<Option<(usize, E)>>;

/// The values up to the first error, which is put into `first`.
fn until_error<T, E>(
    results: impl Iterator<Item = Result<T, E>>,
    first: &FirstError<E>,
) -> impl Iterator<Item = T> {
    results.enumerate().map_while(|(row, result)| match result {
        Ok(value) => Some(value),
        Err(error) => {
            first.set(Some((row, error)));
            None
        }
    })
}

fn collected_unless<E>(first: FirstError<E>, collected: Collected) -> Collected
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    match first.into_inner() {
        None => collected,
        Some((row, error)) => Err(Failed {
            row: Some(row),
            error: into_error(error),
        }),
    }
}

/// `error` as one of DataFusion.
pub fn into_error(error: impl Into<Box<dyn Error + Send + Sync>>) -> DataFusionError {
    match error.into().downcast::<DataFusionError>() {
        Ok(error) => *error,
        Err(error) => exec_datafusion_err!("{error}"),
    }
}
