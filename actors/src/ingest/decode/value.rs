//! One value into its column.

use super::{Decoder, RejectReason};
use crate::ingest::batch::Columns;
use crate::ingest::batch::column::{ArrayColumn, ColumnBuilder};
use crate::ingest::json::{self, JsonError, Kind, MAX_DEPTH, Number, Reader};
use crate::ingest::schema::{ColumnType, Scalar, time};

/// Integers up to this magnitude are exact as `Float64`.
const MAX_EXACT_FLOAT: u64 = 1 << 53;

/// A fixed-width value in ClickHouse's byte order.
enum Fixed {
    One([u8; 1]),
    Eight([u8; 8]),
    Sixteen([u8; 16]),
}

/// What a value is called when it is in the wrong place.
pub(super) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Bool => "a boolean",
        Kind::Number => "a number",
        Kind::String => "a string",
        Kind::Array => "an array",
        Kind::Object => "an object",
    }
}

impl Decoder {
    /// Reads the value of a field with that column and child object, either of which may be absent.
    #[inline]
    pub(super) fn value(
        &mut self,
        reader: &mut Reader<'_>,
        (node, field): (usize, usize),
        column: Option<usize>,
        child: Option<usize>,
        depth: u32,
        columns: &mut Columns,
    ) -> Result<(), JsonError> {
        let kind = reader.peek()?;
        if let (Kind::Object, Some(child)) = (kind, child) {
            return self.object(reader, child, depth + 1, columns);
        }
        let Some(index) = column else {
            let field = &self.nodes[node].fields[field];
            if field.left_out {
                reader.skip(depth)?;
                return Ok(());
            }
            let key = field.key.clone();
            return self.unknown_field(reader, node, &key);
        };
        let rows = columns.rows;
        let builder = &mut columns.fields[index];
        // A key that comes twice: the last one counts, as everywhere.
        if builder.rows() > rows {
            builder.pop();
        }
        if kind == Kind::Null {
            return reader.null();
        }
        let fits = self.put(reader, kind, index, depth, builder)?;
        if !fits {
            self.note_misfit(index, kind);
        }
        Ok(())
    }

    /// Reads a value that is not null; false, and nothing added, when it does not fit the column.
    #[inline]
    fn put(
        &mut self,
        reader: &mut Reader<'_>,
        kind: Kind,
        index: usize,
        depth: u32,
        builder: &mut ColumnBuilder,
    ) -> Result<bool, JsonError> {
        match (builder, self.schema.columns[index].column_type) {
            (ColumnBuilder::Fixed(column), ColumnType::Scalar(scalar)) => {
                match fixed(reader, kind, scalar, depth)? {
                    Some(Fixed::One(value)) => column.push(value),
                    Some(Fixed::Eight(value)) => column.push(value),
                    Some(Fixed::Sixteen(value)) => column.push(value),
                    None => return Ok(false),
                }
            }
            (ColumnBuilder::Text(column), _) => column.push(text(reader, kind, depth, &mut self.scratch)?),
            (ColumnBuilder::Dictionary(column), _) => {
                column.push(text(reader, kind, depth, &mut self.scratch)?);
            }
            (ColumnBuilder::Array(column), ColumnType::Array { element, .. }) if kind == Kind::Array => {
                column.begin();
                let fits = self.elements(reader, element, depth, column);
                if !matches!(fits, Ok(true)) {
                    column.forget_open_row();
                    return fits;
                }
                column.end();
            }
            _ => {
                reader.skip(depth)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads an array's elements; false when one does not fit, with the array read to its end.
    fn elements(
        &mut self,
        reader: &mut Reader<'_>,
        element: Scalar,
        depth: u32,
        column: &mut ArrayColumn,
    ) -> Result<bool, JsonError> {
        if depth + 1 >= MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        reader.open();
        let mut fits = true;
        let mut first = true;
        while !reader.closes(b']', first)? {
            first = false;
            let kind = reader.peek()?;
            if kind == Kind::Null {
                reader.null()?;
                fits &= column.nullable;
                column.push_null();
            } else if element == Scalar::String {
                column.push_text(text(reader, kind, depth + 1, &mut self.scratch)?);
            } else {
                match fixed(reader, kind, element, depth + 1)? {
                    Some(Fixed::One(value)) => column.push(value),
                    Some(Fixed::Eight(value)) => column.push(value),
                    Some(Fixed::Sixteen(value)) => column.push(value),
                    None => fits = false,
                }
            }
        }
        Ok(fits)
    }

    #[cold]
    fn note_misfit(&mut self, index: usize, kind: Kind) {
        if !self.misfits.contains(&index) {
            self.misfits.push(index);
        }
        let column = &self.schema.columns[index];
        let expected = column.column_type;
        let found = match (expected, kind) {
            (ColumnType::Scalar(Scalar::DateTime(_)), Kind::String) => "a text that is no such moment",
            (ColumnType::Scalar(Scalar::DateTime(_)), Kind::Number) => "a number that is no such moment",
            (ColumnType::Scalar(_), Kind::Number) => "a number that it cannot hold exactly",
            (ColumnType::Array { .. }, Kind::Array) => "an array with elements of another type",
            _ => kind_name(kind),
        };
        self.misfit.get_or_insert(RejectReason::WrongType {
            column: column.name.clone(),
            expected: expected.to_string(),
            found,
        });
    }
}

/// Reads any value as text: what a string means, or the JSON text of what is no string.
#[inline]
fn text<'message: 'text, 'text>(
    reader: &mut Reader<'message>,
    kind: Kind,
    depth: u32,
    scratch: &'text mut Vec<u8>,
) -> Result<&'text [u8], JsonError> {
    if kind != Kind::String {
        return reader.skip(depth);
    }
    let string = reader.string()?;
    if !string.escaped {
        return Ok(string.raw);
    }
    scratch.clear();
    json::unescape_into(string.raw, scratch);
    Ok(scratch)
}

/// Reads a value of a fixed width; `None` when it is something else, or cannot be held exactly.
#[inline]
fn fixed(
    reader: &mut Reader<'_>,
    kind: Kind,
    scalar: Scalar,
    depth: u32,
) -> Result<Option<Fixed>, JsonError> {
    let value = match (scalar, kind) {
        (Scalar::Bool, Kind::Bool) => Some(Fixed::One([u8::from(reader.boolean()?)])),
        (Scalar::DateTime(digits), Kind::String) => {
            let string = reader.string()?;
            let moment = time::parse_iso(&string.text());
            moment
                .and_then(|moment| moment.ticks(digits))
                .map(|ticks| Fixed::Eight(ticks.to_le_bytes()))
        }
        (
            Scalar::Int64 | Scalar::UInt64 | Scalar::Int128 | Scalar::Float64 | Scalar::DateTime(_),
            Kind::Number,
        ) => {
            let number = reader.number()?;
            fixed_number(number, scalar)
        }
        _ => {
            reader.skip(depth)?;
            None
        }
    };
    Ok(value)
}

#[inline]
fn fixed_number(number: Number<'_>, scalar: Scalar) -> Option<Fixed> {
    match scalar {
        Scalar::Int64 => integer(number)
            .and_then(|value| i64::try_from(value).ok())
            .map(|v| Fixed::Eight(v.to_le_bytes())),
        Scalar::UInt64 => integer(number)
            .and_then(|value| u64::try_from(value).ok())
            .map(|v| Fixed::Eight(v.to_le_bytes())),
        Scalar::Int128 => integer(number).map(|value| Fixed::Sixteen(value.to_le_bytes())),
        Scalar::Float64 => float(number).map(|value| Fixed::Eight(value.to_le_bytes())),
        Scalar::DateTime(digits) => {
            let moment = match number {
                Number::Integer { .. } => integer(number)
                    .and_then(|value| i64::try_from(value).ok())
                    .and_then(time::from_epoch),
                Number::Float(text) => time::from_decimal_epoch(text),
                Number::BigInteger(_) => None,
            };
            moment
                .and_then(|moment| moment.ticks(digits))
                .map(|ticks| Fixed::Eight(ticks.to_le_bytes()))
        }
        Scalar::Bool | Scalar::String => None,
    }
}

#[inline]
fn integer(number: Number<'_>) -> Option<i128> {
    match number {
        Number::Integer {
            negative: false,
            magnitude,
        } => Some(i128::from(magnitude)),
        Number::Integer {
            negative: true,
            magnitude,
        } => Some(-i128::from(magnitude)),
        Number::BigInteger(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        Number::Float(_) => None,
    }
}

#[inline]
fn float(number: Number<'_>) -> Option<f64> {
    match number {
        Number::Integer { negative, magnitude } if magnitude <= MAX_EXACT_FLOAT => {
            let value = magnitude as f64;
            Some(if negative { -value } else { value })
        }
        Number::Integer { .. } | Number::BigInteger(_) => None,
        Number::Float(text) => fast_float2::parse(text)
            .ok()
            .filter(|value: &f64| value.is_finite()),
    }
}
