//! The scanner.

use core::mem;

use super::{
    capture::{Captures, Field, Keys, Over, Slot},
    decode,
    error::JsonError,
    plain::plain_len,
    state::{Number, State},
};
use crate::text::is_one_of;

/// Containers that may be open at once.
pub(crate) const MAX_DEPTH: usize = 128;

/// Scans one JSON object (RFC 8259) fed in chunks.
pub(crate) struct Scanner {
    fields: &'static [Field],
    keys: Keys,
    slots: Vec<Slot>,
    state: State,
    in_key: bool,
    /// The bytes that end the open containers, the innermost last.
    ends: Vec<u8>,
    keeping: Keeping,
    key: Slot,
    key_limit: usize,
    wanted: Option<usize>,
    seen: u64,
    error: Option<JsonError>,
}

impl Scanner {
    /// A scanner that keeps `fields`.
    pub(crate) fn new(fields: &'static [Field], keys: Keys) -> Self {
        Self {
            fields,
            keys,
            slots: fields.iter().map(|_| Slot::default()).collect(),
            state: State::Start,
            in_key: false,
            ends: Vec::new(),
            keeping: Keeping::Nothing,
            key: Slot::default(),
            // Every character of a wanted name may be a six-byte escape; then the quote, and a byte that tells a longer key.
            key_limit: fields.iter().map(|field| field.name.len() * 6 + 2).max().unwrap_or(0),
            wanted: None,
            seen: 0,
            error: None,
        }
    }

    /// Reads on. After an error nothing changes any more.
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        if self.error.is_some() {
            return;
        }
        let mut cursor = Cursor { chunk, at: 0, from: 0 };
        while self.error.is_none()
            && let Some(byte) = cursor.peek()
        {
            self.step(byte, &mut cursor);
        }
        self.keep(&cursor);
        self.seen = self.seen.saturating_add(chunk.len() as u64);
    }

    /// Bytes of fields and keys held at the moment.
    pub(crate) fn captured_bytes(&self) -> usize {
        self.key.raw.len() + self.slots.iter().map(|slot| slot.raw.len()).sum::<usize>()
    }

    /// The fields, if the bytes were one sound object and nothing else.
    pub(crate) fn finish(self) -> Result<Captures, JsonError> {
        match (self.error, self.state) {
            (Some(error), _) => Err(error),
            (None, State::Done) => Ok(Captures { fields: self.fields, slots: self.slots }),
            (None, _) => Err(JsonError::Incomplete),
        }
    }

    /// Whatever was found before the bytes ended or stopped being JSON.
    pub(crate) fn salvage(mut self) -> Captures {
        if let Keeping::Slot(index) = self.keeping
            && let Some(slot) = self.slots.get_mut(index)
        {
            slot.cut = true;
        }
        Captures { fields: self.fields, slots: self.slots }
    }

    /// Consumes at least one byte, changes the state so that the next step does, or keeps an error.
    fn step(&mut self, byte: u8, cursor: &mut Cursor<'_>) {
        match self.state {
            State::String => {
                cursor.at += plain_len(cursor.rest());
                match cursor.peek() {
                    None => return,
                    Some(b'"') => return self.end_string(cursor),
                    Some(b'\\') => self.state = State::Escape,
                    Some(_) => return self.syntax(cursor),
                }
            }
            State::Escape => {
                self.state = match byte {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => State::String,
                    b'u' => State::Hex(4),
                    _ => return self.syntax(cursor),
                };
            }
            State::Hex(left) if byte.is_ascii_hexdigit() => {
                self.state = if left > 1 { State::Hex(left - 1) } else { State::String };
            }
            State::Literal(expected) => match expected.split_first() {
                Some((first, [])) if *first == byte => {
                    cursor.at += 1;
                    return self.end_value(cursor);
                }
                Some((first, rest)) if *first == byte => self.state = State::Literal(rest),
                _ => return self.syntax(cursor),
            },
            State::Number(number) => match number.after(byte) {
                Some(next) => self.state = State::Number(next),
                None if number.is_complete() => {
                    // The byte belongs to what follows.
                    return self.end_value(cursor);
                }
                None => return self.syntax(cursor),
            },
            _ if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') && !matches!(self.state, State::Hex(_)) => {}
            State::Key | State::KeyOrEnd if byte == b'"' => self.begin_key(cursor),
            State::Colon if byte == b':' => self.state = State::Value,
            State::Start | State::Value | State::ValueOrEnd if byte != b']' => {
                return self.begin_value(byte, cursor);
            }
            State::AfterValue if byte == b',' => {
                self.state = if self.ends.last() == Some(&b'}') { State::Key } else { State::Value };
            }
            State::AfterValue | State::KeyOrEnd | State::ValueOrEnd if self.ends.last() == Some(&byte) => {
                self.ends.pop();
                cursor.at += 1;
                return self.end_value(cursor);
            }
            _ => return self.syntax(cursor),
        }
        cursor.at += 1;
    }

    fn begin_key(&mut self, cursor: &mut Cursor<'_>) {
        self.state = State::String;
        self.in_key = true;
        if self.ends.len() == 1 {
            self.key.clear();
            self.keeping = Keeping::Key;
            cursor.from = cursor.at + 1;
        }
    }

    fn begin_value(&mut self, byte: u8, cursor: &mut Cursor<'_>) {
        if let Some(index) = self.wanted.take() {
            self.keeping = Keeping::Slot(index);
            cursor.from = cursor.at;
        }
        let is_outermost = self.ends.is_empty();
        match byte {
            b'"' => self.state = State::String,
            b'{' => self.open(State::KeyOrEnd, b'}'),
            b'[' => self.open(State::ValueOrEnd, b']'),
            b't' => self.state = State::Literal(b"rue"),
            b'f' => self.state = State::Literal(b"alse"),
            b'n' => self.state = State::Literal(b"ull"),
            b'-' => self.state = State::Number(Number::Minus),
            b'0' => self.state = State::Number(Number::Zero),
            b'1'..=b'9' => self.state = State::Number(Number::Digits),
            _ => return self.syntax(cursor),
        }
        if is_outermost && byte != b'{' {
            self.error = Some(JsonError::NotAnObject);
        }
        cursor.at += 1;
    }

    fn open(&mut self, state: State, end: u8) {
        if self.ends.len() == MAX_DEPTH {
            self.error = Some(JsonError::TooDeep);
        }
        self.ends.push(end);
        self.state = state;
    }

    /// The cursor stands on the closing quote.
    fn end_string(&mut self, cursor: &mut Cursor<'_>) {
        cursor.at += 1;
        if !mem::take(&mut self.in_key) {
            return self.end_value(cursor);
        }
        self.state = State::Colon;
        if matches!(self.keeping, Keeping::Key) {
            self.keep(cursor);
            self.keeping = Keeping::Nothing;
            self.look_up();
        }
    }

    /// The cursor stands behind the value.
    fn end_value(&mut self, cursor: &Cursor<'_>) {
        if self.ends.len() == 1 && matches!(self.keeping, Keeping::Slot(_)) {
            self.keep(cursor);
            self.keeping = Keeping::Nothing;
        }
        self.state = if self.ends.is_empty() { State::Done } else { State::AfterValue };
    }

    /// Finds the wanted field that the key names, if it is the first of its name.
    fn look_up(&mut self) {
        // A key that was kept without its closing quote is too long to be wanted.
        let Some(mut key) = self.key.raw.strip_suffix(b"\"") else { return };
        let decoded;
        if is_one_of(b'\\', key) {
            decoded = decode(&self.key.raw).text;
            key = decoded.as_bytes();
        }
        for (index, (field, slot)) in self.fields.iter().zip(&mut self.slots).enumerate() {
            let is_exact = self.keys == Keys::Exact;
            let name = field.name.as_bytes();
            if if is_exact { name == key } else { name.eq_ignore_ascii_case(key) } {
                if !mem::replace(&mut slot.present, true) {
                    self.wanted = Some(index);
                } else if is_exact {
                    self.error = Some(JsonError::Duplicate(field.name));
                }
                break;
            }
        }
    }

    /// Stores what has been read of the value or key being kept.
    fn keep(&mut self, cursor: &Cursor<'_>) {
        let bytes = cursor.chunk.get(cursor.from..cursor.at).unwrap_or_default();
        match self.keeping {
            Keeping::Nothing => {}
            Keeping::Key => self.key.append(bytes, self.key_limit, Over::Cut),
            Keeping::Slot(index) => {
                if let (Some(slot), Some(field)) = (self.slots.get_mut(index), self.fields.get(index)) {
                    slot.append(bytes, field.limit, field.over);
                }
            }
        }
    }

    /// The cursor stands on a byte that cannot be there.
    // In WebAssembly one copy is enough for all the places.
    #[inline(never)]
    fn syntax(&mut self, cursor: &Cursor<'_>) {
        self.error = Some(JsonError::Syntax(self.seen.saturating_add(cursor.at as u64)));
    }
}

/// A position in a chunk, and where the part to keep begins.
struct Cursor<'a> {
    chunk: &'a [u8],
    at: usize,
    from: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.chunk.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.chunk.get(self.at..).unwrap_or_default()
    }
}

/// What the bytes being read are kept for.
#[derive(Clone, Copy)]
enum Keeping {
    Nothing,
    Key,
    Slot(usize),
}
