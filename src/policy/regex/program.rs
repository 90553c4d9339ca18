//! Patterns as small programs, and their execution along all ways at once.

/// One instruction. Places are relative to the instruction, so that a part of a program can be copied.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    /// Takes one character, of those in some of the program's ranges.
    Take(Set),
    /// Goes on only where the assertion holds.
    Assert(Assertion),
    /// Goes on at the next instruction and at another.
    Fork(i32),
    /// Goes on elsewhere.
    Jump(i32),
}

/// Characters: those in the ranges from `first` on and before `end`, or all others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Set {
    pub(super) first: usize,
    pub(super) end: usize,
    pub(super) negated: bool,
}

/// What may be asserted of a place between two characters.
#[derive(Clone, Copy, Debug)]
pub(super) enum Assertion {
    Start,
    End,
    /// Whether a word begins or ends there.
    Boundary(bool),
}

/// A compiled pattern. Whoever comes behind the last instruction has found it.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    pub(super) ops: Vec<Op>,
    /// Both ends belong to a range.
    pub(super) ranges: Vec<(char, char)>,
    /// Whether the case of ASCII letters does not matter.
    pub(super) any_case: bool,
}

impl Program {
    pub(super) fn is_match(&self, text: &str) -> bool {
        // At which character, counted from one, an instruction was come by: once is enough.
        let mut met = vec![0_usize; self.ops.len() + 1];
        let mut ways = Vec::new();
        let mut next_ways = Vec::new();
        let mut before = None;
        let mut characters = text.chars();
        for at in 1.. {
            let here = characters.next();
            // The pattern may begin anywhere.
            ways.push(0);
            while let Some(place) = ways.pop() {
                match met.get_mut(place) {
                    Some(last) if *last != at => *last = at,
                    _ => continue,
                }
                match self.ops.get(place) {
                    None => return true,
                    Some(Op::Take(set)) => {
                        if here.is_some_and(|character| self.takes(*set, character)) {
                            next_ways.push(place + 1);
                        }
                    }
                    Some(Op::Assert(assertion)) => {
                        if assertion.holds(before, here) {
                            ways.push(place + 1);
                        }
                    }
                    Some(Op::Fork(other)) => {
                        ways.push(place + 1);
                        ways.push(place.saturating_add_signed(*other as isize));
                    }
                    Some(Op::Jump(other)) => ways.push(place.saturating_add_signed(*other as isize)),
                }
            }
            if here.is_none() {
                break;
            }
            before = here;
            core::mem::swap(&mut ways, &mut next_ways);
        }
        false
    }

    fn takes(&self, set: Set, character: char) -> bool {
        let ranges = self.ranges.get(set.first..set.end).unwrap_or_default();
        let holds = |character| ranges.iter().any(|(first, last)| (*first..=*last).contains(&character));
        let held = holds(character)
            || self.any_case
                && (holds(character.to_ascii_lowercase()) || holds(character.to_ascii_uppercase()));
        held != set.negated
    }
}

impl Assertion {
    /// Whether it holds between these two characters; none is the beginning or the end of the text.
    fn holds(self, before: Option<char>, after: Option<char>) -> bool {
        match self {
            Self::Start => before.is_none(),
            Self::End => after.is_none(),
            Self::Boundary(wanted) => (is_word(before) != is_word(after)) == wanted,
        }
    }
}

fn is_word(character: Option<char>) -> bool {
    character.is_some_and(|character| character.is_ascii_alphanumeric() || character == '_')
}
