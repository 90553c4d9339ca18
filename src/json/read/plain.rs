//! How far a JSON string runs before a byte that means something.

/// The number of leading bytes that are neither a quote, a backslash nor a control character.
///
/// A payload of megabytes is one string: this loop is where the time of a scan goes.
pub(in crate::json) fn plain_len(bytes: &[u8]) -> usize {
    let mut len = 0;
    for block in bytes.as_chunks::<64>().0 {
        if has_special(block) {
            break;
        }
        len += block.len();
    }
    let (words, tail) = bytes.get(len..).unwrap_or_default().as_chunks::<8>();
    for word in words {
        let found = special(*word);
        if found != 0 {
            return len + found.trailing_zeros() as usize / 8;
        }
        len += word.len();
    }
    len + tail.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count()
}

/// Whether any byte of a block is special.
#[cfg(any(target_feature = "simd128", not(target_family = "wasm")))]
fn has_special(block: &[u8; 64]) -> bool {
    use wide::u8x16;

    let (quote, backslash, control) = (u8x16::splat(b'"'), u8x16::splat(b'\\'), u8x16::splat(b' ' - 1));
    let mut found = u8x16::splat(0);
    for bytes in block.as_chunks::<16>().0 {
        let bytes = u8x16::from(*bytes);
        found |= bytes.simd_eq(quote) | bytes.simd_eq(backslash) | bytes.min(control).simd_eq(bytes);
    }
    found.any()
}

/// The same where there are no vectors.
#[cfg(all(target_family = "wasm", not(target_feature = "simd128")))]
fn has_special(block: &[u8; 64]) -> bool {
    block.as_chunks::<8>().0.iter().fold(0, |found, word| found | special(*word)) != 0
}

/// The top bit of each special byte of a word, first byte lowest.
///
/// A subtraction borrows only out of a byte that is itself special, so bits above the lowest may be wrong, the lowest never.
fn special(word: [u8; 8]) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = u64::from_le_bytes([0x80; 8]);
    const QUOTES: u64 = u64::from_le_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);
    const SPACES: u64 = u64::from_le_bytes([b' '; 8]);

    let word = u64::from_le_bytes(word);
    let quote = (word ^ QUOTES).wrapping_sub(ONES);
    let backslash = (word ^ BACKSLASHES).wrapping_sub(ONES);
    let control = word.wrapping_sub(SPACES);
    (quote | backslash | control) & !word & TOPS
}

#[cfg(test)]
mod tests {
    use super::plain_len;

    #[test]
    fn every_byte_is_classified_at_every_position() {
        for len in (0..=20).chain([63, 64, 65, 72, 79, 128, 130]) {
            for at in 0..len {
                for byte in 0..=u8::MAX {
                    // A neighbour of the special bytes everywhere else, so that a borrow would show.
                    for filler in [b'#', b']', b' ', 0xa2] {
                        let mut bytes = vec![filler; len];
                        bytes[at] = byte;
                        let stops = byte == b'"' || byte == b'\\' || byte < 0x20;
                        assert_eq!(
                            plain_len(&bytes),
                            if stops { at } else { len },
                            "{byte:#x} at {at} of {len}"
                        );
                    }
                }
            }
        }
    }
}
