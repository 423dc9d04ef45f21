//! The Rust types of arguments.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, LargeBinaryArray, LargeStringArray,
    ListArray, StringArray, StringViewArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DataType, Date32Type, Decimal128Type, Field, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow::temporal_conversions::{
    timestamp_ms_to_datetime, timestamp_ns_to_datetime, timestamp_s_to_datetime,
    timestamp_us_to_datetime,
};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use datafusion_common::{Result, exec_datafusion_err, exec_err};

/// How the values of a column are read.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// How many values are wanted.
    pub rows: usize,
    /// 0 for a constant, whose column has one value, and else all ones.
    pub mask: usize,
}

/// A Rust type that an argument of a function may have.
#[diagnostic::on_unimplemented(
    message = "a function of DataFusion cannot take a `{Self}`",
    note = "it takes numbers, `bool`, `&str`, `String`, `&[u8]`, `NaiveDate`, `NaiveDateTime`, `DateTime<Utc>`, `Decimal`, a `Vec` of these, and each as an `Option`"
)]
pub trait Argument<'a>: Sized {
    /// Whether a null argument makes the result null, without a call of the function.
    const STRICT: bool = true;
    /// Whether the values are those of the column's buffer.
    const IS_NUMBER: bool = false;
    /// Whether the column of a constant has one value, instead of one for each row.
    const IS_TEXT: bool = false;

    /// The type, as error messages show it.
    fn data_type() -> DataType;

    /// The type that DataFusion casts an argument of the type `given` to. `None` refuses it.
    fn coerce(given: &DataType) -> Option<DataType>;

    /// The values of a column, whose type is one that `coerce` returns. For a null, this is any value.
    fn values(column: &'a ArrayRef, shape: Shape) -> Result<impl Iterator<Item = Self>>;
}

/// What a type is without the ways to store it once for many rows.
fn stored(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => stored(values),
        DataType::RunEndEncoded(_, values) => stored(values.data_type()),
        other => other,
    }
}

fn wrong_type<T>(expected: &DataType, array: &dyn Array) -> Result<T> {
    exec_err!("expected {expected}, got {}", array.data_type())
}

macro_rules! number {
    ($($number:ty: $arrow:ident, $data_type:ident, $accepts:ident;)*) => {$(
        impl<'a> Argument<'a> for $number {
            const IS_NUMBER: bool = true;

            fn data_type() -> DataType {
                DataType::$data_type
            }

            fn coerce(given: &DataType) -> Option<DataType> {
                let given = stored(given);
                (given.is_null() || given.$accepts()).then_some(DataType::$data_type)
            }

            fn values(column: &'a ArrayRef, _: Shape) -> Result<impl Iterator<Item = Self>> {
                match column.as_primitive_opt::<$arrow>() {
                    Some(numbers) => Ok(numbers.values().iter().copied()),
                    None => wrong_type(&DataType::$data_type, column),
                }
            }
        }
    )*};
}

number! {
    i8: Int8Type, Int8, is_integer;
    i16: Int16Type, Int16, is_integer;
    i32: Int32Type, Int32, is_integer;
    i64: Int64Type, Int64, is_integer;
    u8: UInt8Type, UInt8, is_integer;
    u16: UInt16Type, UInt16, is_integer;
    u32: UInt32Type, UInt32, is_integer;
    u64: UInt64Type, UInt64, is_integer;
    f32: Float32Type, Float32, is_numeric;
    f64: Float64Type, Float64, is_numeric;
}

impl<'a> Argument<'a> for bool {
    fn data_type() -> DataType {
        DataType::Boolean
    }

    fn coerce(given: &DataType) -> Option<DataType> {
        let given = stored(given);
        (given.is_null() || *given == DataType::Boolean).then_some(DataType::Boolean)
    }

    fn values(column: &'a ArrayRef, _: Shape) -> Result<impl Iterator<Item = Self>> {
        match column.as_boolean_opt() {
            Some(values) => Ok(values.values().iter()),
            None => wrong_type(&DataType::Boolean, column),
        }
    }
}

/// Arrow's three kinds of arrays for strings, or for bytes. Reading one beats casting it.
macro_rules! texts {
    ($texts:ident, $text:ty, $small:ident, $large:ident, $view:ident, $default:ident,
     [$($data_type:ident),*]) => {
        enum $texts<'a> {
            Small(&'a $small),
            Large(&'a $large),
            View(&'a $view),
        }

        impl<'a> Argument<'a> for &'a $text {
            const IS_TEXT: bool = true;

            fn data_type() -> DataType {
                DataType::$default
            }

            fn coerce(given: &DataType) -> Option<DataType> {
                match stored(given) {
                    DataType::Null => Some(DataType::$default),
                    $(DataType::$data_type => Some(DataType::$data_type),)*
                    DataType::FixedSizeBinary(_) if DataType::$default == DataType::Binary => {
                        Some(DataType::Binary)
                    }
                    _ => None,
                }
            }

            fn values(column: &'a ArrayRef, shape: Shape) -> Result<impl Iterator<Item = Self>> {
                let any = column.as_any();
                let texts = if let Some(texts) = any.downcast_ref() {
                    $texts::Small(texts)
                } else if let Some(texts) = any.downcast_ref() {
                    $texts::Large(texts)
                } else if let Some(texts) = any.downcast_ref() {
                    $texts::View(texts)
                } else {
                    return wrong_type(&DataType::$default, column);
                };
                Ok((0..shape.rows).map(move |row| {
                    let row = row & shape.mask;
                    match texts {
                        $texts::Small(texts) => texts.value(row),
                        $texts::Large(texts) => texts.value(row),
                        $texts::View(texts) => texts.value(row),
                    }
                }))
            }
        }
    };
}

texts! {
    Strings, str, StringArray, LargeStringArray, StringViewArray, Utf8, [Utf8, LargeUtf8, Utf8View]
}
texts! {
    Bytes, [u8], BinaryArray, LargeBinaryArray, BinaryViewArray, Binary,
    [Binary, LargeBinary, BinaryView]
}

/// An argument that is made of another one.
macro_rules! owned {
    ($($owned:ty: $borrowed:ty, $own:expr;)*) => {$(
        impl<'a> Argument<'a> for $owned {
            const IS_TEXT: bool = true;

            fn data_type() -> DataType {
                <$borrowed>::data_type()
            }

            fn coerce(given: &DataType) -> Option<DataType> {
                <$borrowed>::coerce(given)
            }

            fn values(column: &'a ArrayRef, shape: Shape) -> Result<impl Iterator<Item = Self>> {
                Ok(<$borrowed>::values(column, shape)?.map($own))
            }
        }
    )*};
}

owned! {
    String: &'a str, str::to_owned;
    Box<[u8]>: &'a [u8], Box::from;
}

/// The values of `column`, converted. A null becomes the default value.
fn converted<T: Default>(
    column: &ArrayRef,
    kind: &str,
    convert: impl Fn(usize) -> Option<T>,
) -> Result<std::vec::IntoIter<T>> {
    let value = |row| {
        if column.is_null(row) {
            return Ok(T::default());
        }
        convert(row)
            .ok_or_else(|| exec_datafusion_err!("row {row} is out of the range of a {kind}"))
    };
    let values: Result<Vec<_>> = (0..column.len()).map(value).collect();
    Ok(values?.into_iter())
}

impl<'a> Argument<'a> for NaiveDate {
    fn data_type() -> DataType {
        DataType::Date32
    }

    fn coerce(given: &DataType) -> Option<DataType> {
        match stored(given) {
            DataType::Null | DataType::Date32 | DataType::Date64 => Some(DataType::Date32),
            _ => None,
        }
    }

    fn values(column: &'a ArrayRef, _: Shape) -> Result<impl Iterator<Item = Self>> {
        match column.as_primitive_opt::<Date32Type>() {
            Some(dates) => converted(column, "NaiveDate", |row| dates.value_as_date(row)),
            None => wrong_type(&DataType::Date32, column),
        }
    }
}

/// The time of a timestamp: in UTC, if the column has a time zone.
fn times(column: &ArrayRef) -> Result<std::vec::IntoIter<NaiveDateTime>> {
    macro_rules! unit {
        ($arrow:ident, $convert:ident) => {{
            let times = column.as_primitive::<arrow::datatypes::$arrow>();
            converted(column, "timestamp", |row| $convert(times.value(row)))
        }};
    }
    match column.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            unit!(TimestampSecondType, timestamp_s_to_datetime)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            unit!(TimestampMillisecondType, timestamp_ms_to_datetime)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            unit!(TimestampMicrosecondType, timestamp_us_to_datetime)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            unit!(TimestampNanosecondType, timestamp_ns_to_datetime)
        }
        _ => wrong_type(&<NaiveDateTime as Argument>::data_type(), column),
    }
}

impl<'a> Argument<'a> for NaiveDateTime {
    fn data_type() -> DataType {
        DataType::Timestamp(TimeUnit::Microsecond, None)
    }

    fn coerce(given: &DataType) -> Option<DataType> {
        match stored(given) {
            DataType::Null | DataType::Date32 | DataType::Date64 => Some(Self::data_type()),
            timestamp @ DataType::Timestamp(_, None) => Some(timestamp.clone()),
            _ => None,
        }
    }

    fn values(column: &'a ArrayRef, _: Shape) -> Result<impl Iterator<Item = Self>> {
        times(column)
    }
}

impl<'a> Argument<'a> for DateTime<Utc> {
    fn data_type() -> DataType {
        DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
    }

    /// A timestamp without a time zone is refused: it could be of any.
    fn coerce(given: &DataType) -> Option<DataType> {
        match stored(given) {
            DataType::Null => Some(Self::data_type()),
            timestamp @ DataType::Timestamp(_, Some(_)) => Some(timestamp.clone()),
            _ => None,
        }
    }

    fn values(column: &'a ArrayRef, _: Shape) -> Result<impl Iterator<Item = Self>> {
        Ok(times(column)?.map(|time| time.and_utc()))
    }
}

/// A decimal number: `Decimal::<10, 2>(1234)` is 12.34.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal<const PRECISION: u8, const SCALE: i8>(pub i128);

impl<'a, const PRECISION: u8, const SCALE: i8> Argument<'a> for Decimal<PRECISION, SCALE> {
    fn data_type() -> DataType {
        DataType::Decimal128(PRECISION, SCALE)
    }

    /// Accepts what loses no digits after the point.
    fn coerce(given: &DataType) -> Option<DataType> {
        const { assert!(PRECISION > 0 && PRECISION <= DECIMAL128_MAX_PRECISION) };
        let fits = match stored(given) {
            DataType::Null => true,
            integer if integer.is_integer() => true,
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale)
            | DataType::Decimal256(_, scale) => *scale <= SCALE,
            _ => false,
        };
        fits.then(Self::data_type)
    }

    fn values(column: &'a ArrayRef, _: Shape) -> Result<impl Iterator<Item = Self>> {
        match column.as_primitive_opt::<Decimal128Type>() {
            Some(decimals) => Ok(decimals.values().iter().map(|&value| Self(value))),
            None => wrong_type(&Self::data_type(), column),
        }
    }
}

/// A list. A null in it is an error, unless `T` is an `Option`.
impl<'a, T: Argument<'a>> Argument<'a> for Vec<T> {
    fn data_type() -> DataType {
        DataType::List(Field::new_list_field(T::data_type(), true).into())
    }

    fn coerce(given: &DataType) -> Option<DataType> {
        let item = match stored(given) {
            DataType::Null => return Some(Self::data_type()),
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::ListView(item)
            | DataType::LargeListView(item)
            | DataType::FixedSizeList(item, _) => T::coerce(item.data_type())?,
            _ => return None,
        };
        Some(DataType::List(Field::new_list_field(item, true).into()))
    }

    fn values(column: &'a ArrayRef, _: Shape) -> Result<impl Iterator<Item = Self>> {
        let Some(lists) = column.as_list_opt::<i32>() else {
            return wrong_type(&Self::data_type(), column);
        };
        let items = lists.values();
        if T::STRICT && has_null_item(lists) {
            return exec_err!("an item of a list is null: take a Vec of Option");
        }
        let all = Shape {
            rows: items.len(),
            mask: usize::MAX,
        };
        let mut items = T::values(items, all)?;
        let mut at = 0;
        Ok(lists.offsets().windows(2).map(move |ends| {
            let (start, end) = (ends[0] as usize, ends[1] as usize);
            if start > at {
                items.nth(start - at - 1);
            }
            at = end;
            items.by_ref().take(end - start).collect()
        }))
    }
}

fn has_null_item(lists: &ListArray) -> bool {
    let items = lists.values();
    items.null_count() > 0
        && (0..lists.len())
            .filter(|&row| lists.is_valid(row))
            .any(|row| lists.value(row).null_count() > 0)
}

/// An argument that may be null.
impl<'a, T: Argument<'a>> Argument<'a> for Option<T> {
    const STRICT: bool = false;
    const IS_TEXT: bool = T::IS_TEXT;

    fn data_type() -> DataType {
        T::data_type()
    }

    fn coerce(given: &DataType) -> Option<DataType> {
        T::coerce(given)
    }

    fn values(column: &'a ArrayRef, shape: Shape) -> Result<impl Iterator<Item = Self>> {
        let nulls: Option<&NullBuffer> = column.nulls();
        let values = T::values(column, shape)?.enumerate();
        Ok(values.map(move |(row, value)| {
            let valid = nulls.is_none_or(|nulls| nulls.is_valid(row & shape.mask));
            valid.then_some(value)
        }))
    }
}
