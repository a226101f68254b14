//! From a message's bytes to a row, in one pass.
//!
//! The [`Decoder`] walks the JSON text guided by the table's schema and writes every value straight
//! into its column. It guesses each key from the one that followed the same key in the message
//! before; a right guess costs one comparison. A message becomes a whole row or none: whatever goes
//! wrong takes back what was written.

mod reject;
mod value;

use std::collections::HashMap;
use std::sync::Arc;

use super::batch::Columns;
use super::batch::column::ColumnBuilder;
use super::json::{JsonError, Kind, MAX_DEPTH, Reader};
use super::schema::{MAX_COLUMNS, TableSchema};
pub use reject::RejectReason;

/// Largest message that becomes a row, in bytes; larger ones are dead letters.
pub const MAX_MESSAGE_BYTES: usize = 4 << 20;

/// What to do with fields that the schema has no column for, and values that do not fit theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// Say so, so that the schema can grow first.
    Ask,
    /// The schema will not grow: keep unknown fields in the catch-all, reject what does not fit.
    Settle,
}

/// What became of a message that is not rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded {
    /// It is a row now.
    Row,
    /// It has fields that the schema lacks or that do not fit; nothing was added.
    NeedsSchema,
}

/// Turns messages into rows of one schema.
#[derive(Debug)]
pub struct Decoder {
    nodes: Vec<Node>,
    schema: Arc<TableSchema>,
    /// What the message in hand has shown so far.
    unknown: bool,
    misfit: Option<RejectReason>,
    misfits: Vec<usize>,
    rest: Vec<u8>,
    scratch: Vec<u8>,
    unfit: Unfit,
}

/// An object of the events: the root, or one nested in it.
#[derive(Debug)]
struct Node {
    fields: Vec<Field>,
    index: HashMap<Box<[u8]>, usize, foldhash::fast::FixedState>,
    /// `follows[n]` is the field seen last after field `n - 1`, and `follows[0]` the first one. One
    /// longer than `fields`; a guess may be one too high.
    follows: Vec<usize>,
    /// Keys that lead here, joined by dots and followed by one, as JSON text without quotes.
    prefix: Vec<u8>,
}

#[derive(Debug)]
struct Field {
    key: Box<[u8]>,
    column: Option<usize>,
    child: Option<usize>,
    /// Nobody wants what stands here.
    left_out: bool,
}

impl Node {
    fn new(prefix: Vec<u8>) -> Self {
        Self {
            fields: Vec::new(),
            index: HashMap::default(),
            follows: vec![0],
            prefix,
        }
    }

    fn field(&mut self, key: &str) -> &mut Field {
        let fields = &mut self.fields;
        let follows = &mut self.follows;
        let at = *self.index.entry(key.as_bytes().into()).or_insert_with(|| {
            fields.push(Field {
                key: key.as_bytes().into(),
                column: None,
                child: None,
                left_out: false,
            });
            // A first guess: the keys come in the order of the columns.
            follows.push(fields.len());
            fields.len() - 1
        });
        &mut self.fields[at]
    }
}

impl Decoder {
    /// A decoder for rows of `schema`.
    pub fn new(schema: Arc<TableSchema>) -> Self {
        let mut nodes = vec![Node::new(Vec::new())];
        for (index, column) in schema.columns.iter().enumerate() {
            if let Some(field) = field_at(&mut nodes, &column.path) {
                field.column = Some(index);
            }
        }
        for path in &schema.left_out {
            if let Some(field) = field_at(&mut nodes, path) {
                field.left_out = true;
            }
        }
        Self {
            nodes,
            schema,
            unknown: false,
            misfit: None,
            misfits: Vec::new(),
            rest: Vec::new(),
            scratch: Vec::new(),
            unfit: Unfit::Ask,
        }
    }

    /// The schema that rows follow.
    pub fn schema(&self) -> &Arc<TableSchema> {
        &self.schema
    }

    /// The columns, by their position in the schema, that values of the last message did not fit into.
    pub fn misfits(&self) -> &[usize] {
        &self.misfits
    }

    /// Adds the row that `payload` is to `columns`, which must follow the decoder's schema. On any
    /// other outcome `columns` is as before.
    pub fn decode(
        &mut self,
        payload: &[u8],
        columns: &mut Columns,
        unfit: Unfit,
    ) -> Result<Decoded, RejectReason> {
        debug_assert!(Arc::ptr_eq(&columns.schema, &self.schema));
        if payload.is_empty() {
            return Err(RejectReason::Empty);
        }
        if payload.len() > MAX_MESSAGE_BYTES {
            return Err(RejectReason::TooLarge { bytes: payload.len() });
        }
        if simdutf8::basic::from_utf8(payload).is_err() {
            return Err(RejectReason::InvalidUtf8);
        }
        self.unknown = false;
        self.misfit = None;
        self.misfits.clear();
        self.rest.clear();
        self.unfit = if self.schema.columns.len() >= MAX_COLUMNS {
            Unfit::Settle
        } else {
            unfit
        };
        let outcome = self.message(payload, columns);
        if outcome == Ok(Decoded::Row) {
            finish_row(columns, &self.rest);
        } else {
            take_back(columns);
        }
        outcome
    }

    fn message(&mut self, payload: &[u8], columns: &mut Columns) -> Result<Decoded, RejectReason> {
        let mut reader = Reader::new(payload);
        let kind = reader.peek()?;
        if kind != Kind::Object {
            reader.skip(0)?;
            reader.finish()?;
            return Err(RejectReason::NotAnObject {
                found: value::kind_name(kind),
            });
        }
        self.object(&mut reader, 0, 0, columns)?;
        reader.finish()?;
        match (self.unfit, self.misfit.take()) {
            (Unfit::Settle, Some(misfit)) => Err(misfit),
            (Unfit::Ask, Some(_)) => Ok(Decoded::NeedsSchema),
            (Unfit::Ask, None) if self.unknown => Ok(Decoded::NeedsSchema),
            (_, None) => Ok(Decoded::Row),
        }
    }

    /// Reads an object that is `node`; `depth` levels are open around it.
    fn object(
        &mut self,
        reader: &mut Reader<'_>,
        node: usize,
        depth: u32,
        columns: &mut Columns,
    ) -> Result<(), JsonError> {
        if depth >= MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        reader.open();
        let mut before = 0;
        let mut first = true;
        while !reader.closes(b'}', first)? {
            first = false;
            let Some(field) = self.next_field(reader, node, before)? else {
                continue;
            };
            before = field + 1;
            let Field { column, child, .. } = self.nodes[node].fields[field];
            self.value(reader, (node, field), column, child, depth, columns)?;
        }
        Ok(())
    }

    /// Reads the next key. `None` when it is unknown and its value has been dealt with.
    #[inline]
    fn next_field(
        &mut self,
        reader: &mut Reader<'_>,
        node: usize,
        before: usize,
    ) -> Result<Option<usize>, JsonError> {
        let known = &mut self.nodes[node];
        let guess = known.follows[before];
        if known
            .fields
            .get(guess)
            .is_some_and(|field| reader.key_is(&field.key))
        {
            return Ok(Some(guess));
        }
        let key = reader.key()?;
        let text = key.text();
        if let Some(found) = known.index.get(text.as_ref()) {
            known.follows[before] = *found;
            return Ok(Some(*found));
        }
        self.unknown_field(reader, node, &text)?;
        Ok(None)
    }

    /// Deals with a value that has no column. Nulls and empty containers say nothing.
    fn unknown_field(&mut self, reader: &mut Reader<'_>, node: usize, key: &[u8]) -> Result<(), JsonError> {
        // The unknown value's own depth does not matter for the bound: it starts anew below it.
        let raw = reader.skip(0)?;
        let says_nothing = raw == b"null"
            || (raw.len() > 1 && matches!(raw[0], b'[' | b'{') && is_blank(&raw[1..raw.len() - 1]));
        if says_nothing {
            return Ok(());
        }
        self.unknown = true;
        if self.unfit == Unfit::Settle {
            self.rest
                .extend_from_slice(if self.rest.is_empty() { b"{\"" } else { b",\"" });
            self.rest.extend_from_slice(&self.nodes[node].prefix);
            self.rest
                .extend_from_slice(&json_text(&String::from_utf8_lossy(key)));
            self.rest.extend_from_slice(b"\":");
            self.rest.extend_from_slice(raw);
        }
        Ok(())
    }
}

/// The place of a field among the nodes, which are made on the way to it; `None` for a path without keys.
fn field_at<'nodes>(nodes: &'nodes mut Vec<Node>, path: &[String]) -> Option<&'nodes mut Field> {
    let (last, parents) = path.split_last()?;
    let mut node = 0;
    for key in parents {
        let known = nodes[node].field(key).child;
        node = known.unwrap_or_else(|| {
            let mut prefix = nodes[node].prefix.clone();
            prefix.extend_from_slice(&json_text(key));
            prefix.push(b'.');
            nodes.push(Node::new(prefix));
            let child = nodes.len() - 1;
            nodes[node].field(key).child = Some(child);
            child
        });
    }
    Some(nodes[node].field(last))
}

fn is_blank(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_whitespace)
}

/// A key as JSON spells it, without the quotes.
fn json_text(key: &str) -> Vec<u8> {
    let quoted = serde_json::Value::from(key).to_string().into_bytes();
    quoted[1..quoted.len() - 1].to_vec()
}

/// Gives every column that got no value a NULL, and counts the row.
fn finish_row(columns: &mut Columns, rest: &[u8]) {
    match &mut columns.rest {
        ColumnBuilder::Text(column) if !rest.is_empty() => {
            let mut text = rest.to_vec();
            text.push(b'}');
            column.push(&text);
        }
        column => column.push_null(),
    }
    for column in &mut columns.fields {
        if column.rows() == columns.rows {
            column.push_null();
        }
    }
    columns.rows += 1;
}

/// Takes back the values of a row that will not be.
fn take_back(columns: &mut Columns) {
    for column in &mut columns.fields {
        if column.rows() > columns.rows {
            column.pop();
        }
    }
}

#[cfg(test)]
mod tests;
