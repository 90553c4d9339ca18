//! Where a scan stands between two bytes.

/// What the next byte belongs to.
#[derive(Clone, Copy)]
pub(super) enum State {
    Start,
    Key,
    KeyOrEnd,
    Colon,
    Value,
    ValueOrEnd,
    AfterValue,
    String,
    Escape,
    Hex(u8),
    Literal(&'static [u8]),
    Number(Number),
    Done,
}

/// How far a number has got.
#[derive(Clone, Copy)]
pub(super) enum Number {
    Minus,
    Zero,
    Digits,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}

impl Number {
    /// The number with one byte more, if that can be a part of it.
    pub(super) fn after(self, byte: u8) -> Option<Self> {
        let next = match (byte, self) {
            (b'0', Self::Minus) => Self::Zero,
            (b'0'..=b'9', Self::Minus | Self::Digits) => Self::Digits,
            (b'0'..=b'9', Self::Point | Self::Fraction) => Self::Fraction,
            (b'0'..=b'9', Self::Exponent | Self::ExponentSign | Self::ExponentDigits) => Self::ExponentDigits,
            (b'.', Self::Zero | Self::Digits) => Self::Point,
            (b'e' | b'E', Self::Zero | Self::Digits | Self::Fraction) => Self::Exponent,
            (b'+' | b'-', Self::Exponent) => Self::ExponentSign,
            _ => return None,
        };
        Some(next)
    }

    /// Whether a number may end here.
    pub(super) fn is_complete(self) -> bool {
        matches!(self, Self::Zero | Self::Digits | Self::Fraction | Self::ExponentDigits)
    }
}
