//! Columns under construction, laid out as ClickHouse's Native format wants them, so that writing
//! a block is copying buffers.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

use crate::ingest::schema::{ColumnType, Scalar};

/// The values of one column, row after row.
#[derive(Debug)]
pub enum ColumnBuilder {
    /// Values of a fixed width.
    Fixed(FixedColumn),
    /// Text.
    Text(TextColumn),
    /// Text with few distinct values.
    Dictionary(DictionaryColumn),
    /// Arrays of fixed-width values or text.
    Array(ArrayColumn),
}

/// Values of a fixed width, little-endian.
#[derive(Debug)]
pub struct FixedColumn {
    /// Bytes a value takes.
    pub width: usize,
    /// One byte a row: 1 where it is NULL.
    pub nulls: Vec<u8>,
    /// The values; zeros where NULL.
    pub data: Vec<u8>,
}

/// Text, each value after its length as a LEB128 number.
#[derive(Debug, Default)]
pub struct TextColumn {
    /// One byte a row: 1 where it is NULL.
    pub nulls: Vec<u8>,
    /// The values.
    pub data: Vec<u8>,
    last_start: usize,
}

/// Text as numbers into a dictionary that grows with the batch.
#[derive(Debug, Default)]
pub struct DictionaryColumn {
    /// The dictionary entry of each row, from 1; 0 is NULL.
    pub keys: Vec<u32>,
    /// The entries.
    pub entries: Dictionary,
}

/// Distinct texts, numbered from 1 in the order in which they came.
#[derive(Debug, Default)]
pub struct Dictionary {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    index: HashTable<u32>,
}

/// Arrays, their elements laid end to end.
#[derive(Debug)]
pub struct ArrayColumn {
    /// How many elements all rows up to this one have together.
    pub ends: Vec<u64>,
    /// Whether elements can be NULL.
    pub nullable: bool,
    /// One byte an element: 1 where it is NULL.
    pub nulls: Vec<u8>,
    /// The elements, fixed-width or text.
    pub data: Vec<u8>,
    width: Option<usize>,
    last_start: (usize, usize),
}

impl ColumnBuilder {
    /// An empty column of that type.
    pub fn new(column_type: ColumnType) -> Self {
        match column_type {
            ColumnType::LowCardinality => Self::Dictionary(DictionaryColumn::default()),
            ColumnType::Scalar(scalar) => match scalar.width() {
                Some(width) => Self::Fixed(FixedColumn {
                    width,
                    nulls: Vec::new(),
                    data: Vec::new(),
                }),
                None => Self::Text(TextColumn::default()),
            },
            ColumnType::Array { element, nullable } => Self::Array(ArrayColumn::new(element, nullable)),
        }
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        match self {
            Self::Fixed(column) => column.nulls.len(),
            Self::Text(column) => column.nulls.len(),
            Self::Dictionary(column) => column.keys.len(),
            Self::Array(column) => column.ends.len(),
        }
    }

    /// Bytes that the values take, roughly.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Fixed(column) => column.nulls.len() + column.data.len(),
            Self::Text(column) => column.nulls.len() + column.data.len(),
            Self::Dictionary(column) => column.keys.len() * 4 + column.entries.bytes.len(),
            Self::Array(column) => column.ends.len() * 8 + column.nulls.len() + column.data.len(),
        }
    }

    /// Adds a row without a value: NULL, or an empty array.
    pub fn push_null(&mut self) {
        match self {
            Self::Fixed(column) => {
                column.nulls.push(1);
                column.data.resize(column.data.len() + column.width, 0);
            }
            Self::Text(column) => {
                column.last_start = column.data.len();
                column.nulls.push(1);
                column.data.push(0);
            }
            Self::Dictionary(column) => column.keys.push(0),
            Self::Array(column) => column.begin().end(),
        }
    }

    /// Takes the last row back. Possible once after each push.
    pub fn pop(&mut self) {
        match self {
            Self::Fixed(column) => {
                column.nulls.pop();
                column.data.truncate(column.data.len() - column.width);
            }
            Self::Text(column) => {
                column.nulls.pop();
                column.data.truncate(column.last_start);
            }
            Self::Dictionary(column) => drop(column.keys.pop()),
            Self::Array(column) => {
                column.ends.pop();
                column.forget_open_row();
            }
        }
    }
}

impl FixedColumn {
    /// Adds a value, whose bytes are little-endian and as many as the column is wide.
    #[inline]
    pub fn push<const WIDTH: usize>(&mut self, value: [u8; WIDTH]) {
        debug_assert_eq!(WIDTH, self.width);
        self.nulls.push(0);
        self.data.extend_from_slice(&value);
    }
}

impl TextColumn {
    /// Adds a text.
    #[inline]
    pub fn push(&mut self, text: &[u8]) {
        self.last_start = self.data.len();
        self.nulls.push(0);
        push_text(&mut self.data, text);
    }
}

impl DictionaryColumn {
    /// Adds a text.
    #[inline]
    pub fn push(&mut self, text: &[u8]) {
        let key = self.entries.insert(text);
        self.keys.push(key);
    }
}

impl Dictionary {
    /// How many distinct texts there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The texts, from number 1 on.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (1..=self.ends.len()).map(|number| entry(&self.bytes, &self.ends, number))
    }

    /// The number of `text`, which is added when it is new.
    #[inline]
    pub fn insert(&mut self, text: &[u8]) -> u32 {
        let hash = hash(text);
        let Self { bytes, ends, index } = self;
        let same = |number: &u32| entry(bytes, ends, *number as usize) == text;
        if let Some(number) = index.find(hash, same) {
            return *number;
        }
        bytes.extend_from_slice(text);
        ends.push(bytes.len());
        let number = u32::try_from(ends.len()).unwrap_or(u32::MAX);
        index.insert_unique(hash, number, |number| {
            self::hash(entry(bytes, ends, *number as usize))
        });
        number
    }
}

fn hash(text: &[u8]) -> u64 {
    // A fixed seed: the tables live for one batch, and a slow one stays as small as a batch.
    FixedState::default().hash_one(text)
}

#[inline]
fn entry<'a>(bytes: &'a [u8], ends: &[usize], number: usize) -> &'a [u8] {
    let start = if number > 1 { ends[number - 2] } else { 0 };
    &bytes[start..ends[number - 1]]
}

impl ArrayColumn {
    fn new(element: Scalar, nullable: bool) -> Self {
        Self {
            ends: Vec::new(),
            nullable,
            nulls: Vec::new(),
            data: Vec::new(),
            width: element.width(),
            last_start: (0, 0),
        }
    }

    /// Begins a row; its elements follow, then [`end`](Self::end).
    pub fn begin(&mut self) -> &mut Self {
        self.last_start = (self.nulls.len(), self.data.len());
        self
    }

    /// Ends the row.
    pub fn end(&mut self) {
        self.ends.push(self.nulls.len() as u64);
    }

    /// Drops the elements of a row that was begun and will not be ended.
    pub fn forget_open_row(&mut self) {
        self.nulls.truncate(self.last_start.0);
        self.data.truncate(self.last_start.1);
    }

    /// Adds a fixed-width element.
    #[inline]
    pub fn push<const WIDTH: usize>(&mut self, value: [u8; WIDTH]) {
        debug_assert_eq!(Some(WIDTH), self.width);
        self.nulls.push(0);
        self.data.extend_from_slice(&value);
    }

    /// Adds a text element.
    #[inline]
    pub fn push_text(&mut self, text: &[u8]) {
        self.nulls.push(0);
        push_text(&mut self.data, text);
    }

    /// Adds a NULL element.
    pub fn push_null(&mut self) {
        self.nulls.push(1);
        // An empty text is its length alone.
        let filler = self.width.unwrap_or(1);
        self.data.resize(self.data.len() + filler, 0);
    }
}

/// Appends `text` after its length.
#[inline]
pub fn push_text(data: &mut Vec<u8>, text: &[u8]) {
    push_varint(data, text.len() as u64);
    data.extend_from_slice(text);
}

/// Appends a number as LEB128.
#[inline]
pub fn push_varint(data: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        data.push(number as u8 | 0x80);
        number >>= 7;
    }
    data.push(number as u8);
}
