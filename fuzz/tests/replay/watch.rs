//! Notices an input that never ends.

use std::process::abort;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// No input takes a hundredth of this, on the slowest machine.
const MOST: Duration = Duration::from_secs(60);

/// What a target is at: since when, and the seed of an input that chance has made.
type At = Mutex<(Instant, Option<u64>)>;

/// Watches one target for as long as it is kept.
pub(crate) struct Watch(Arc<At>);

impl Watch {
    pub(crate) fn of(target: &'static str) -> Self {
        let at = Arc::new(Mutex::new((Instant::now(), None)));
        let watched = Arc::downgrade(&at);
        thread::spawn(move || {
            while let Some(at) = watched.upgrade() {
                let (since, seed) = *at.lock().unwrap();
                if since.elapsed() > MOST {
                    let seed =
                        seed.map_or("a file of its corpus".to_owned(), |seed| format!("FUZZ_SEED={seed}"));
                    eprintln!("{target} does not come to an end with {seed}");
                    abort();
                }
                drop(at);
                thread::sleep(Duration::from_secs(1));
            }
        });
        Self(at)
    }

    /// The next input begins.
    pub(crate) fn begin(&self, seed: Option<u64>) {
        *self.0.lock().unwrap() = (Instant::now(), seed);
    }
}
