//! A strict JSON reader that touches every byte once and copies nothing.
//!
//! The decoder asks it for what the schema expects next, so there is no tree and no event stream.
//! It accepts what RFC 8259 accepts and nothing else; the caller has already checked that the
//! bytes are UTF-8, so strings need no second look. Nesting is bounded by [`MAX_DEPTH`].

use std::borrow::Cow;

/// Deepest nesting of arrays and objects that is read. Event formats stay far below; what goes
/// deeper is an attack or an accident.
pub const MAX_DEPTH: u32 = 128;

/// Why bytes are not a JSON text. `at` is the byte position, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The text ends inside a value.
    #[error("the text ends inside a value")]
    Truncated,
    /// A character that cannot stand there.
    #[error("unexpected character at byte {at}")]
    Unexpected {
        /// Where.
        at: usize,
    },
    /// A number that JSON does not allow, such as `01` or `1.`.
    #[error("malformed number at byte {at}")]
    Number {
        /// Where.
        at: usize,
    },
    /// An escape that JSON does not allow, or half of a surrogate pair.
    #[error("malformed escape at byte {at}")]
    Escape {
        /// Where.
        at: usize,
    },
    /// A control character inside a string.
    #[error("unescaped control character at byte {at}")]
    Control {
        /// Where.
        at: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Something follows the value.
    #[error("something follows the value at byte {at}")]
    Trailing {
        /// Where.
        at: usize,
    },
}

/// What kind of value comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number of any form.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// A string's text between its quotes.
#[derive(Debug, Clone, Copy)]
pub struct RawStr<'a> {
    /// The bytes between the quotes, escapes and all.
    pub raw: &'a [u8],
    /// Whether there is an escape in it.
    pub escaped: bool,
}

impl<'a> RawStr<'a> {
    /// The string meant, its escapes resolved. They were checked when the string was read.
    pub fn text(&self) -> Cow<'a, [u8]> {
        if !self.escaped {
            return Cow::Borrowed(self.raw);
        }
        let mut text = Vec::with_capacity(self.raw.len());
        unescape_into(self.raw, &mut text);
        Cow::Owned(text)
    }
}

/// A number as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number<'a> {
    /// An integer whose magnitude fits 64 bits.
    Integer {
        /// Whether a minus sign stands before it.
        negative: bool,
        /// Its absolute value.
        magnitude: u64,
    },
    /// An integer of more than 64 bits.
    BigInteger(&'a [u8]),
    /// A number with a fraction or an exponent.
    Float(&'a [u8]),
}

/// Reads one JSON text from front to back.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

type Result<T> = std::result::Result<T, JsonError>;

impl<'a> Reader<'a> {
    /// Starts at the beginning of `bytes`, which must be valid UTF-8.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The byte position reached.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The text from `start` to the position reached.
    pub fn since(&self, start: usize) -> &'a [u8] {
        &self.bytes[start..self.at]
    }

    #[inline]
    fn byte(&self) -> Result<u8> {
        self.bytes.get(self.at).copied().ok_or(JsonError::Truncated)
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// Steps over white space and says what value begins there.
    #[inline]
    pub fn peek(&mut self) -> Result<Kind> {
        self.skip_space();
        Ok(match self.byte()? {
            b'"' => Kind::String,
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b'-' | b'0'..=b'9' => Kind::Number,
            b't' | b'f' => Kind::Bool,
            b'n' => Kind::Null,
            _ => return Err(JsonError::Unexpected { at: self.at }),
        })
    }

    /// Steps over `{` or `[`; [`peek`](Self::peek) said that it is there.
    #[inline]
    pub fn open(&mut self) {
        self.at += 1;
    }

    /// Inside an array or object: true when `close` ends it, false when a further element follows.
    #[inline]
    pub fn closes(&mut self, close: u8, first: bool) -> Result<bool> {
        self.skip_space();
        let byte = self.byte()?;
        if byte == close {
            self.at += 1;
            return Ok(true);
        }
        if first {
            return Ok(false);
        }
        if byte != b',' {
            return Err(JsonError::Unexpected { at: self.at });
        }
        self.at += 1;
        Ok(false)
    }

    /// When the next key is exactly `guess`, steps over it and its colon. Most messages of a topic
    /// carry the same keys in the same order, and a comparison costs less than a search.
    #[inline]
    pub fn key_is(&mut self, guess: &[u8]) -> bool {
        self.skip_space();
        let rest = &self.bytes[self.at..];
        let quoted = guess.len() + 2;
        if rest.len() <= quoted
            || rest[0] != b'"'
            || rest[quoted - 1] != b'"'
            || rest[1..=guess.len()] != *guess
            || rest[quoted] != b':'
        {
            return false;
        }
        self.at += quoted + 1;
        true
    }

    /// Reads a key and its colon.
    pub fn key(&mut self) -> Result<RawStr<'a>> {
        self.skip_space();
        if self.byte()? != b'"' {
            return Err(JsonError::Unexpected { at: self.at });
        }
        let key = self.string()?;
        self.skip_space();
        if self.byte()? != b':' {
            return Err(JsonError::Unexpected { at: self.at });
        }
        self.at += 1;
        Ok(key)
    }

    /// Reads a string that begins here.
    #[inline]
    pub fn string(&mut self) -> Result<RawStr<'a>> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at = find_special(self.bytes, self.at);
            match self.byte()? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(JsonError::Control { at: self.at }),
            }
        }
        let raw = &self.bytes[start..self.at];
        self.at += 1;
        Ok(RawStr { raw, escaped })
    }

    /// Checks an escape and steps over it.
    fn escape(&mut self) -> Result<()> {
        let start = self.at;
        let bad = Err(JsonError::Escape { at: start });
        match self.bytes.get(start + 1) {
            None => Err(JsonError::Truncated),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => match self.bytes.get(start + 2..).and_then(hex4) {
                None => bad,
                Some(0xdc00..=0xdfff) => bad,
                Some(0xd800..=0xdbff) => {
                    let low = self.bytes.get(start + 6..start + 8).filter(|s| *s == b"\\u");
                    match low.and_then(|_| self.bytes.get(start + 8..)).and_then(hex4) {
                        Some(0xdc00..=0xdfff) => {
                            self.at += 12;
                            Ok(())
                        }
                        _ => bad,
                    }
                }
                Some(_) => {
                    self.at += 6;
                    Ok(())
                }
            },
            Some(_) => bad,
        }
    }

    /// Reads a number that begins here.
    #[inline]
    pub fn number(&mut self) -> Result<Number<'a>> {
        let start = self.at;
        let malformed = JsonError::Number { at: start };
        let negative = self.bytes[start] == b'-';
        self.at += usize::from(negative);
        let digits_start = self.at;
        let mut magnitude: u64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.bytes.get(self.at) {
            magnitude = magnitude.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        let digits = self.at - digits_start;
        if digits == 0 || (digits > 1 && self.bytes[digits_start] == b'0') {
            return Err(malformed);
        }
        let mut float = false;
        if self.bytes.get(self.at) == Some(&b'.') {
            float = true;
            self.at += 1;
            self.digits(malformed)?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            float = true;
            self.at += 1;
            self.at += usize::from(matches!(self.bytes.get(self.at), Some(b'+' | b'-')));
            self.digits(malformed)?;
        }
        if float {
            return Ok(Number::Float(self.since(start)));
        }
        // 19 digits always fit 64 bits, 20 sometimes do.
        if digits <= 19 {
            return Ok(Number::Integer { negative, magnitude });
        }
        let text = &self.bytes[digits_start..self.at];
        match std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) {
            Some(magnitude) => Ok(Number::Integer { negative, magnitude }),
            None => Ok(Number::BigInteger(self.since(start))),
        }
    }

    fn digits(&mut self, malformed: JsonError) -> Result<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.bytes.get(self.at) {
            self.at += 1;
        }
        if self.at == start { Err(malformed) } else { Ok(()) }
    }

    /// Reads `true` or `false`.
    pub fn boolean(&mut self) -> Result<bool> {
        if self.bytes[self.at] == b't' {
            self.literal(b"true").map(|()| true)
        } else {
            self.literal(b"false").map(|()| false)
        }
    }

    /// Reads `null`.
    pub fn null(&mut self) -> Result<()> {
        self.literal(b"null")
    }

    fn literal(&mut self, word: &[u8]) -> Result<()> {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        if word.starts_with(rest) {
            Err(JsonError::Truncated)
        } else {
            Err(JsonError::Unexpected { at: self.at })
        }
    }

    /// Checks a whole value and steps over it; `depth` levels are open around it. Returns its text.
    pub fn skip(&mut self, depth: u32) -> Result<&'a [u8]> {
        let kind = self.peek()?;
        let start = self.at;
        match kind {
            Kind::Null => self.null()?,
            Kind::Bool => drop(self.boolean()?),
            Kind::Number => drop(self.number()?),
            Kind::String => drop(self.string()?),
            Kind::Array | Kind::Object => {
                if depth >= MAX_DEPTH {
                    return Err(JsonError::TooDeep);
                }
                let close = if kind == Kind::Array { b']' } else { b'}' };
                self.open();
                let mut first = true;
                while !self.closes(close, first)? {
                    first = false;
                    if kind == Kind::Object {
                        self.key()?;
                    }
                    self.skip(depth + 1)?;
                }
            }
        }
        Ok(self.since(start))
    }

    /// Requires that only white space follows.
    #[inline]
    pub fn finish(&mut self) -> Result<()> {
        self.skip_space();
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(JsonError::Trailing { at: self.at })
        }
    }
}

fn hex4(bytes: &[u8]) -> Option<u32> {
    let mut value = 0;
    for byte in bytes.get(..4)? {
        value = value << 4 | char::from(*byte).to_digit(16)?;
    }
    Some(value)
}

/// Appends the string that `raw` means; its escapes have been checked.
pub fn unescape_into(raw: &[u8], text: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        text.extend_from_slice(&rest[..at]);
        let letter = rest[at + 1];
        rest = &rest[at + 2..];
        match letter {
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'u' => {
                let mut code = hex4(rest).unwrap_or_default();
                rest = &rest[4..];
                if (0xd800..0xdc00).contains(&code) {
                    let low = hex4(&rest[2..]).unwrap_or_default();
                    rest = &rest[6..];
                    code = 0x10000 + ((code - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff);
                }
                let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            other => text.push(other),
        }
    }
    text.extend_from_slice(rest);
}

/// The first position from `at` on with a quote, a backslash or a control character, or the end.
/// Eight bytes a step: the lowest flagged byte of each of the classic "has a byte equal to / less
/// than" tests is exact (Anderson, "Bit Twiddling Hacks").
#[inline]
fn find_special(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    let zero_bytes = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    while let Some(word) = bytes.get(at..at + 8) {
        let word = u64::from_le_bytes(word.try_into().unwrap_or_default());
        let quote = zero_bytes(word ^ (ONES * b'"' as u64));
        let backslash = zero_bytes(word ^ (ONES * b'\\' as u64));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let found = quote | backslash | control;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if *byte == b'"' || *byte == b'\\' || *byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests;
