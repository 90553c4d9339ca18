//! Inputs by chance: files of the corpus that are changed a little, and pieces put together.

/// Chance from a seed (SplitMix64).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where that is 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap_or(0)
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }
}

/// Where numbers and lengths are likely to be taken wrongly.
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "9",
    "10",
    "50",
    "100",
    "127",
    "128",
    "255",
    "256",
    "1000",
    "65535",
    "65536",
    "2147483647",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "1e9",
    "0.5",
    "00",
    "1748527971000",
];
/// What separates, ends, escapes or is more than a byte.
const SIGNS: &[&str] = &[
    "\"", "\\", "{", "}", "[", "]", ",", ":", ";", ".", "..", "/", "&", "=", "?", "%", "%00", "#", "+", "-",
    "*", "(", ")", " ", "\n", "\t", "\r", "\0", "\u{7f}", "é", "😀", "\u{2028}", "\u{feff}", "\\u0000",
    "\\ud83d", "\\ude00", "null", "true", "\"\"", "[]", "{}",
];

/// An input of at most so many bytes.
pub(crate) fn input(chance: &mut Chance, corpus: &[Vec<u8>], words: &[&str], longest: usize) -> Vec<u8> {
    let mut input = match chance.below(8) {
        0 => Vec::new(),
        1 => (0..chance.below(64)).map(|_| chance.next().to_be_bytes()[0]).collect(),
        _ => chance.one_of(corpus).cloned().unwrap_or_default(),
    };
    let changes = if input.is_empty() { 2 + chance.below(12) } else { chance.below(6) };
    for _ in 0..changes {
        change(chance, &mut input, corpus, words);
    }
    input.truncate(longest);
    input
}

fn change(chance: &mut Chance, input: &mut Vec<u8>, corpus: &[Vec<u8>], words: &[&str]) {
    let at = chance.below(input.len() + 1);
    let end = (at + 1 + chance.below(8)).min(input.len());
    match chance.below(14) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << chance.below(8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                [*byte, ..] = chance.next().to_be_bytes();
            }
        }
        2 => _ = input.drain(at..end.max(at)),
        3 => insert(input, at, &[b'!' + u8::try_from(chance.below(94)).unwrap_or(0)]),
        4 | 5 => insert(input, at, chance.one_of(SIGNS).copied().unwrap_or("").as_bytes()),
        6 | 7 => insert(input, at, chance.one_of(words).copied().unwrap_or("").as_bytes()),
        8 => replace_number(chance, input),
        9 => {
            // Once more, or many times.
            let piece = input.get(at..end).unwrap_or_default().to_vec();
            let times = if chance.below(8) == 0 { chance.below(300) } else { 1 };
            insert(input, at, &piece.repeat(times));
        }
        10 => input.truncate(at),
        11 => {
            let other = chance.one_of(corpus).cloned().unwrap_or_default();
            let from = chance.below(other.len() + 1);
            let piece =
                other.get(from..(from + chance.below(64)).min(other.len())).unwrap_or_default().to_vec();
            insert(input, at, &piece);
        }
        12 => {
            let other = chance.one_of(corpus).cloned().unwrap_or_default();
            input.truncate(at);
            input.extend_from_slice(other.get(chance.below(other.len() + 1)..).unwrap_or_default());
        }
        _ => {
            // Two pieces change places.
            let piece: Vec<u8> = input.drain(at..end.max(at)).collect();
            let to = chance.below(input.len() + 1);
            insert(input, to, &piece);
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    input.splice(at..at, piece.iter().copied());
}

/// Puts another number in the place of one.
fn replace_number(chance: &mut Chance, input: &mut Vec<u8>) {
    let starts: Vec<usize> = (0..input.len())
        .filter(|at| input[*at].is_ascii_digit() && (*at == 0 || !input[at - 1].is_ascii_digit()))
        .collect();
    let Some(start) = chance.one_of(&starts).copied() else { return };
    let len = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = chance.one_of(NUMBERS).copied().unwrap_or("0");
    input.splice(start..start + len, number.bytes());
}
