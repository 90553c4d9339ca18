//! Dates, read from left to right.

use crate::text::is_one_of;

/// Takes a date apart; what is not as it should be makes the whole text no date, which [`Reader::is_sound`] tells.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    failed: bool,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text.as_bytes(), failed: false }
    }

    /// Whether everything was as it should be, to the end of the text.
    pub(super) const fn is_sound(&self) -> bool {
        !self.failed && self.rest.is_empty()
    }

    /// Takes the next byte if it is one of these.
    pub(super) fn take(&mut self, one_of: &[u8]) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        if !is_one_of(*first, one_of) {
            return None;
        }
        self.rest = rest;
        Some(*first)
    }

    /// The next byte must be one of these.
    pub(super) fn expect(&mut self, one_of: &[u8]) -> u8 {
        let byte = self.take(one_of);
        self.failed |= byte.is_none();
        byte.unwrap_or_default()
    }

    /// A number of exactly `len` digits.
    pub(super) fn number(&mut self, len: u32) -> i64 {
        let mut number = 0;
        for _ in 0..len {
            let digit = self.digit();
            self.failed |= digit.is_none();
            number = number * 10 + digit.unwrap_or_default();
        }
        number
    }

    pub(super) fn digit(&mut self) -> Option<i64> {
        self.take(b"0123456789").map(|digit| i64::from(digit - b'0'))
    }

    /// A number of `first` digits and two numbers of two digits.
    pub(super) fn numbers(&mut self, first: u32, separator: &[u8]) -> [i64; 3] {
        let mut numbers = [self.number(first), 0, 0];
        for number in numbers.iter_mut().skip(1) {
            self.expect(separator);
            *number = self.number(2);
        }
        numbers
    }

    /// Letters, as many as there are.
    pub(super) fn letters(&mut self) -> &'a [u8] {
        let len = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (letters, rest) = self.rest.split_at_checked(len).unwrap_or_default();
        self.rest = rest;
        letters
    }
}
