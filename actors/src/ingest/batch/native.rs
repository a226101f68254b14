//! Blocks in ClickHouse's Native format: columns one after the other, each with name, type and
//! data. Several batches with the same columns go into one block, end to end.
//!
//! Layouts follow ClickHouse's `src/Formats/NativeWriter.cpp` and the serializations in
//! `src/DataTypes/Serializations`, as written to a client that names no protocol revision.

use super::column::{ColumnBuilder, Dictionary, push_text, push_varint};

/// `LowCardinality` state: a dictionary of its own with every block.
const SHARED_DICTIONARIES_WITH_ADDITIONAL_KEYS: u64 = 1;
const HAS_ADDITIONAL_KEYS: u64 = 1 << 9;
const NEEDS_DICTIONARY_UPDATE: u64 = 1 << 10;

/// Writes how many columns and rows follow.
pub fn write_block_header(out: &mut Vec<u8>, columns: usize, rows: usize) {
    push_varint(out, columns as u64);
    push_varint(out, rows as u64);
}

/// Writes a column's name and type; its data must follow.
pub fn write_column_header(out: &mut Vec<u8>, name: &str, type_name: &str) {
    push_text(out, name.as_bytes());
    push_text(out, type_name.as_bytes());
}

/// Writes the data of a column whose rows stand in `parts`, which are all of one type.
pub fn write_column(out: &mut Vec<u8>, parts: &[&ColumnBuilder]) {
    match parts.first() {
        None => {}
        Some(ColumnBuilder::Fixed(_) | ColumnBuilder::Text(_)) => write_nullable(out, parts),
        Some(ColumnBuilder::Dictionary(_)) => write_low_cardinality(out, parts),
        Some(ColumnBuilder::Array(_)) => write_array(out, parts),
    }
}

fn nulls_and_data(part: &ColumnBuilder) -> (&[u8], &[u8]) {
    match part {
        ColumnBuilder::Fixed(column) => (&column.nulls, &column.data),
        ColumnBuilder::Text(column) => (&column.nulls, &column.data),
        ColumnBuilder::Array(column) => (&column.nulls, &column.data),
        ColumnBuilder::Dictionary(_) => (&[], &[]),
    }
}

fn write_nullable(out: &mut Vec<u8>, parts: &[&ColumnBuilder]) {
    for part in parts {
        out.extend_from_slice(nulls_and_data(part).0);
    }
    for part in parts {
        out.extend_from_slice(nulls_and_data(part).1);
    }
}

fn write_array(out: &mut Vec<u8>, parts: &[&ColumnBuilder]) {
    let mut before = 0;
    let mut nullable = false;
    for part in parts {
        let ColumnBuilder::Array(column) = part else {
            continue;
        };
        nullable |= column.nullable;
        for end in &column.ends {
            out.extend_from_slice(&(before + end).to_le_bytes());
        }
        before += column.ends.last().copied().unwrap_or_default();
    }
    if nullable {
        write_nullable(out, parts);
    } else {
        parts
            .iter()
            .for_each(|part| out.extend_from_slice(nulls_and_data(part).1));
    }
}

fn write_low_cardinality(out: &mut Vec<u8>, parts: &[&ColumnBuilder]) {
    let columns = || {
        parts.iter().filter_map(|part| match part {
            ColumnBuilder::Dictionary(column) => Some(column),
            _ => None,
        })
    };
    // In the block's dictionary entry 0 stands for NULL and entry 1 for the empty text, always.
    let mut merged = Dictionary::default();
    merged.insert(b"");
    let numbers: Vec<Vec<u32>> = columns()
        .map(|column| {
            std::iter::once(0)
                .chain(column.entries.iter().map(|text| merged.insert(text)))
                .collect()
        })
        .collect();
    let (key_type, key_width): (u64, usize) = match merged.len() {
        0..=0xff => (0, 1),
        0x100..=0xffff => (1, 2),
        _ => (2, 4),
    };
    let rows: usize = columns().map(|column| column.keys.len()).sum();
    if rows == 0 {
        return;
    }
    out.extend_from_slice(&SHARED_DICTIONARIES_WITH_ADDITIONAL_KEYS.to_le_bytes());
    out.extend_from_slice(&(HAS_ADDITIONAL_KEYS | NEEDS_DICTIONARY_UPDATE | key_type).to_le_bytes());
    out.extend_from_slice(&(merged.len() as u64 + 1).to_le_bytes());
    out.push(0);
    merged.iter().for_each(|text| push_text(out, text));
    out.extend_from_slice(&(rows as u64).to_le_bytes());
    out.reserve(rows * key_width);
    for (column, numbers) in columns().zip(&numbers) {
        let keys = column.keys.iter().map(|key| numbers[*key as usize]);
        match key_width {
            1 => out.extend(keys.map(|key| key as u8)),
            2 => keys.for_each(|key| out.extend_from_slice(&(key as u16).to_le_bytes())),
            _ => keys.for_each(|key| out.extend_from_slice(&key.to_le_bytes())),
        }
    }
}
