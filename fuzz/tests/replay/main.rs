//! Every property on the stable toolchain: first with the files of its corpus, then for a bounded time with what chance
//! makes of them.
//!
//! | variable | what | default |
//! |---|---|---|
//! | `FUZZ_SEED` | where chance begins; a failure prints it | a new one each time |
//! | `FUZZ_SECONDS` | how long, for all targets on one processor | 24 |
//! | `FUZZ_INPUT` | a file to check instead of everything else | none |

mod mutate;
mod watch;

use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::fs;
use std::hash::BuildHasher as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mutate::Chance;
use properties::{TARGETS, Target};
use watch::Watch;

/// The longest input that chance makes.
const LONGEST: usize = 8 * 1024;

fn run(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    if let Ok(path) = std::env::var("FUZZ_INPUT") {
        return (target.check)(&fs::read(path).unwrap());
    }
    let watch = Watch::of(target.name);
    let corpus = corpus(target);
    for (path, input) in &corpus {
        watch.begin(None);
        check(target, input, &|| path.display().to_string());
    }
    let inputs: Vec<Vec<u8>> = corpus.into_iter().map(|(_, input)| input).collect();
    let seed = seed();
    let seconds: f64 = std::env::var("FUZZ_SECONDS").map_or(24.0, |text| text.parse().unwrap());
    let time = Duration::from_secs_f64(seconds / TARGETS.len() as f64);
    let start = Instant::now();
    let mut count = 0_u64;
    while !count.is_multiple_of(16) || start.elapsed() < time {
        // Each input has a seed of its own, so that it comes again without those before it.
        let mut chance = Chance::new(seed.wrapping_add(count));
        watch.begin(Some(seed.wrapping_add(count)));
        let input = mutate::input(&mut chance, &inputs, target.words, LONGEST);
        check(target, &input, &|| format!("FUZZ_SEED={} makes it the first", seed.wrapping_add(count)));
        count += 1;
    }
    println!("{name}: {} files, {count} more by chance from seed {seed}", inputs.len());
}

/// Where chance begins, other than the last time.
fn seed() -> u64 {
    std::env::var("FUZZ_SEED")
        .map_or_else(|_| RandomState::new().hash_one(0) >> 16, |seed| seed.parse().unwrap())
}

fn corpus(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let files = fs::read_dir(&folder).unwrap_or_else(|_| panic!("{} has no corpus", target.name));
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 3, "{} has too small a corpus", target.name);
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Checks an input; where the property breaks, says how to see it again.
fn check(target: &Target, input: &[u8], origin: &dyn Fn() -> String) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.check)(input))) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/fuzz-failures");
        let path = folder.join(target.name);
        _ = fs::create_dir_all(&folder);
        _ = fs::write(&path, input);
        let mut shown = String::new();
        _ = write!(shown, "{}", input.escape_ascii());
        shown.truncate(2000);
        eprintln!(
            "\n{} breaks on {} bytes: {shown}\nfrom {}\nFUZZ_INPUT={} checks it alone",
            target.name,
            input.len(),
            origin(),
            path.canonicalize().unwrap_or(path).display()
        );
        resume_unwind(panic);
    }
}

macro_rules! tests {
    ($($name:ident),*) => {
        $(#[test] fn $name() { run(stringify!($name)); })*

        #[test]
        fn every_target_has_a_test_a_line_for_libfuzzer_and_a_corpus() {
            let here = Path::new(env!("CARGO_MANIFEST_DIR"));
            for name in [$(stringify!($name)),*] {
                let line = fs::read_to_string(here.join("fuzz_targets").join(name).with_extension("rs")).unwrap();
                assert!(line.contains(&format!("check(\"{name}\", data)")), "{name}");
            }
            assert_eq!(fs::read_dir(here.join("fuzz_targets")).unwrap().count(), TARGETS.len());
            assert_eq!(fs::read_dir(here.join("corpus")).unwrap().count(), TARGETS.len());
        }
    };
}

properties::with_targets!(tests);
