//! What must hold of every input that comes from outside, whatever its bytes.
//!
//! One file for each target, with a function `check` that panics where its property breaks. libFuzzer calls it (one line
//! in `fuzz_targets/`, nightly toolchain), and so does `tests/replay` on the stable one: with the files of `corpus/` and
//! with what it makes of them. What may live here: properties, and the references that they compare with. What may not:
//! anything of the product, whose public API alone is used.
//!
//! A property holds memory to a share of the input by wrapping what is under test in [`meter::bounded`].

pub mod meter;
mod reference;

mod base64;
mod callback;
mod claims;
mod decide;
mod durations;
mod filters;
mod http_dates;
mod lineage;
mod operator;
mod orders;
mod policy;
mod regex;
mod responses;
mod retry_delays;
mod retry_hints;
mod settings;
mod sweeps;
mod token;
mod tokens;
mod urls;

/// A property of one reader.
#[derive(Clone, Copy)]
pub struct Target {
    /// Also of its corpus.
    pub name: &'static str,
    /// Panics where the property does not hold of the input.
    pub check: fn(&[u8]),
    /// Pieces that inputs are likely to be made of.
    pub words: &'static [&'static str],
    /// Inputs of about so many bytes that are as awkward as they can be.
    pub shapes: &'static [fn(usize) -> Vec<u8>],
    /// The longest input that is not refused for its length alone.
    pub longest: usize,
}

/// Calls a macro with the names of all targets.
#[macro_export]
macro_rules! with_targets {
    ($then:ident) => {
        $then![
            base64,
            callback,
            claims,
            decide,
            durations,
            filters,
            http_dates,
            lineage,
            operator,
            orders,
            policy,
            regex,
            responses,
            retry_delays,
            retry_hints,
            settings,
            sweeps,
            token,
            tokens,
            urls
        ];
    };
}

macro_rules! targets {
    ($($name:ident),*) => {
        /// Every target.
        pub const TARGETS: &[Target] = &[$(
            Target {
                name: stringify!($name),
                check: $name::check,
                words: $name::WORDS,
                shapes: $name::SHAPES,
                longest: $name::LONGEST,
            }
        ),*];
    };
}

with_targets!(targets);

/// Checks an input of the target of this name, for libFuzzer.
pub fn check(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    (target.check)(data);
}

/// A piece of text again and again, up to a length.
fn again(piece: &str, len: usize) -> String {
    piece.repeat(len / piece.len().max(1))
}
