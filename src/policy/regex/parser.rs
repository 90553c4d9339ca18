//! From a pattern to its program, in one pass.

use super::{
    MAX_PATTERN_BYTES, RegexError,
    program::{Assertion, Op, Program, Set},
};
/// The most instructions of a program.
const MAX_OPS: usize = 1024;
/// How deep groups may nest.
const MAX_DEPTH: u32 = 32;

const TOO_LARGE: &str = "too large a pattern: what is repeated counts each time";
const LAST: char = char::MAX;
const DIGITS: &[(char, char)] = &[('0', '9')];
const NO_DIGITS: &[(char, char)] = &[('\0', '/'), (':', LAST)];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
const NO_WORD: &[(char, char)] = &[('\0', '/'), (':', '@'), ('[', '^'), ('`', '`'), ('{', LAST)];
const BLANK: &[(char, char)] = &[('\t', '\r'), (' ', ' ')];
const NO_BLANK: &[(char, char)] = &[('\0', '\x08'), ('\x0e', '\x1f'), ('!', LAST)];

pub(super) struct Parser {
    pattern: Vec<char>,
    /// How many characters are read.
    at: usize,
    program: Program,
}

/// What an escape stands for.
enum Escape {
    Character(char),
    Characters(&'static [(char, char)]),
    Boundary(bool),
}

type Parsed<T = ()> = Result<T, RegexError>;

impl Parser {
    pub(super) fn compile(pattern: &str) -> Parsed<Program> {
        let mut parser = Self { pattern: pattern.chars().collect(), at: 0, program: Program::default() };
        if pattern.len() > MAX_PATTERN_BYTES {
            return parser.refuse("more than 512 bytes");
        }
        parser.program.any_case = parser.eat("(?i)");
        parser.alternatives(0)?;
        match parser.peek() {
            None => Ok(parser.program),
            Some(_) => parser.refuse("`)` without a group"),
        }
    }

    /// `a|b|c`
    fn alternatives(&mut self, depth: u32) -> Parsed {
        let mut jumps = Vec::new();
        loop {
            let start = self.program.ops.len();
            self.sequence(depth)?;
            if !self.eat("|") {
                break;
            }
            // Behind the alternative and the jump out of it stands the next one.
            self.insert(start, Op::Fork(self.since(start) + 2))?;
            jumps.push(self.program.ops.len());
            self.push(Op::Jump(0))?;
        }
        for jump in jumps {
            let out = Op::Jump(self.since(jump));
            if let Some(op) = self.program.ops.get_mut(jump) {
                *op = out;
            }
        }
        Ok(())
    }

    /// `abc`
    fn sequence(&mut self, depth: u32) -> Parsed {
        while let Some(next) = self.peek().filter(|next| !matches!(next, '|' | ')')) {
            let start = self.program.ops.len();
            match next {
                '(' => self.group(depth)?,
                '[' => self.set()?,
                '*' | '+' | '?' | '{' => return self.refuse("a repeat of nothing (a literal needs `\\`)"),
                _ => self.one(next)?,
            }
            self.repeat(start)?;
        }
        Ok(())
    }

    fn group(&mut self, depth: u32) -> Parsed {
        if depth == MAX_DEPTH {
            return self.refuse("too deep a group");
        }
        let [_, second, third, fourth] = [0, 1, 2, 3].map(|ahead| self.ahead(ahead));
        if second == Some('?') {
            match (third, fourth) {
                (Some(':'), _) => self.at += 2,
                (Some('=' | '!'), _) | (Some('<'), Some('=' | '!')) => return self.refuse("look-around"),
                (Some('<' | 'P'), _) => return self.refuse("a named group"),
                _ => return self.refuse("a flag other than `(?i)` at the beginning"),
            }
        }
        self.at += 1;
        self.alternatives(depth + 1)?;
        if self.eat(")") { Ok(()) } else { self.refuse("a group without `)`") }
    }

    /// One character, or what stands for one, or an assertion.
    fn one(&mut self, next: char) -> Parsed {
        if next == '\\' {
            let op = match self.escape()? {
                Escape::Character(character) => self.taking(&[(character, character)], false),
                Escape::Characters(ranges) => self.taking(ranges, false),
                Escape::Boundary(wanted) => Op::Assert(Assertion::Boundary(wanted)),
            };
            return self.push(op);
        }
        self.at += 1;
        let op = match next {
            '.' => self.taking(&[('\n', '\n')], true),
            '^' => Op::Assert(Assertion::Start),
            '$' => Op::Assert(Assertion::End),
            _ => self.taking(&[(next, next)], false),
        };
        self.push(op)
    }

    /// `[^a-z\d]`
    fn set(&mut self) -> Parsed {
        self.at += 1;
        let negated = self.eat("^");
        let first = self.program.ranges.len();
        while !self.eat("]") {
            match self.member()? {
                Escape::Characters(ranges) => self.program.ranges.extend(ranges),
                Escape::Boundary(_) => return self.refuse("a word boundary in a set"),
                Escape::Character(character) => {
                    let mut last = character;
                    if self.peek() == Some('-') && self.ahead(1) != Some(']') {
                        self.at += 1;
                        match self.member()? {
                            Escape::Character(end) if character <= end => last = end,
                            _ => return self.refuse("a range that does not go up"),
                        }
                    }
                    self.program.ranges.push((character, last));
                }
            }
        }
        let end = self.program.ranges.len();
        if first == end {
            return self.refuse("an empty set (a literal `]` needs `\\`)");
        }
        self.push(Op::Take(Set { first, end, negated }))
    }

    /// A member of a set, or an end of a range.
    fn member(&mut self) -> Parsed<Escape> {
        match self.peek() {
            None => self.refuse("a set without `]`"),
            Some('[') => self.refuse("`[` in a set (a literal needs `\\`)"),
            Some('\\') => self.escape(),
            Some(character) => {
                self.at += 1;
                Ok(Escape::Character(character))
            }
        }
    }

    fn escape(&mut self) -> Parsed<Escape> {
        let escape = match self.ahead(1) {
            Some('d') => Escape::Characters(DIGITS),
            Some('D') => Escape::Characters(NO_DIGITS),
            Some('w') => Escape::Characters(WORD),
            Some('W') => Escape::Characters(NO_WORD),
            Some('s') => Escape::Characters(BLANK),
            Some('S') => Escape::Characters(NO_BLANK),
            Some('b') => Escape::Boundary(true),
            Some('B') => Escape::Boundary(false),
            Some('n') => Escape::Character('\n'),
            Some('r') => Escape::Character('\r'),
            Some('t') => Escape::Character('\t'),
            Some('1'..='9' | 'k') => return self.refuse("a back-reference"),
            Some('p' | 'P') => return self.refuse("a Unicode class"),
            Some(literal) if literal.is_ascii_punctuation() || literal == ' ' => Escape::Character(literal),
            _ => return self.refuse("an unknown escape"),
        };
        self.at += 2;
        Ok(escape)
    }

    /// A repeat of what stands since `start`, if one is written.
    fn repeat(&mut self, start: usize) -> Parsed {
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => return self.counted(start),
            _ => return Ok(()),
        };
        self.at += 1;
        self.repeated(start, least, most)
    }

    /// `{2}`, `{2,}`, `{2,5}`
    fn counted(&mut self, start: usize) -> Parsed {
        const WHAT: &str = "a count that is none of `{2}`, `{2,}` and `{2,5}` (a literal `{` needs `\\`)";
        let began = self.at;
        self.at += 1;
        let least = self.number();
        let most = if self.eat(",") { self.number() } else { least };
        // `{2,}` has no end, where `{2,x}` and `{,}` are no counts.
        let is_count = least.is_some() && self.eat("}") && most.is_none_or(|most| Some(most) >= least);
        let (Some(least), true) = (least, is_count) else {
            self.at = began;
            return self.refuse(WHAT);
        };
        self.repeated(start, least, most)
    }

    fn repeated(&mut self, start: usize, least: usize, most: Option<usize>) -> Parsed {
        // Whether to take little or much makes no difference to whether there is a match.
        self.eat("?");
        if matches!(self.peek(), Some('*' | '+' | '?' | '{')) {
            return self.refuse("a repeat of a repeat (a group can be repeated)");
        }
        if least > MAX_OPS {
            return self.refuse(TOO_LARGE);
        }
        let size = self.since(start);
        let body = self.program.ops.split_off(start);
        for _ in 0..least {
            self.extend(&body)?;
        }
        match most {
            Some(most) => {
                for _ in least..most {
                    self.push(Op::Fork(size + 1))?;
                    self.extend(&body)?;
                }
                Ok(())
            }
            None if least == 0 => {
                self.push(Op::Fork(size + 2))?;
                self.extend(&body)?;
                self.push(Op::Jump(-size - 1))
            }
            None => self.push(Op::Fork(-size)),
        }
    }

    /// Digits, if there are any. More than fits into a program is refused where it is met.
    fn number(&mut self) -> Option<usize> {
        let mut number = None;
        while let Some(digit) = self.peek().and_then(|digit| digit.to_digit(10)) {
            number = Some(number.unwrap_or(0_usize).saturating_mul(10).saturating_add(digit as usize));
            self.at += 1;
        }
        number
    }

    fn taking(&mut self, ranges: &[(char, char)], negated: bool) -> Op {
        let first = self.program.ranges.len();
        self.program.ranges.extend(ranges);
        Op::Take(Set { first, end: self.program.ranges.len(), negated })
    }

    fn push(&mut self, op: Op) -> Parsed {
        self.extend(&[op])
    }

    fn insert(&mut self, at: usize, op: Op) -> Parsed {
        let since = self.program.ops.split_off(at);
        self.push(op)?;
        self.extend(&since)
    }

    fn extend(&mut self, ops: &[Op]) -> Parsed {
        self.program.ops.extend(ops);
        if self.program.ops.len() > MAX_OPS {
            return self.refuse(TOO_LARGE);
        }
        Ok(())
    }

    /// Instructions since a place.
    fn since(&self, start: usize) -> i32 {
        i32::try_from(self.program.ops.len().saturating_sub(start)).unwrap_or(i32::MAX)
    }

    fn peek(&self) -> Option<char> {
        self.ahead(0)
    }

    /// The character after so many others that are not read yet.
    fn ahead(&self, characters: usize) -> Option<char> {
        self.pattern.get(self.at + characters).copied()
    }

    fn eat(&mut self, expected: &str) -> bool {
        let is_next =
            expected.chars().enumerate().all(|(ahead, character)| self.ahead(ahead) == Some(character));
        if is_next {
            self.at += expected.len();
        }
        is_next
    }

    fn refuse<T>(&self, what: &'static str) -> Parsed<T> {
        Err(RegexError { what, at: self.at })
    }
}
