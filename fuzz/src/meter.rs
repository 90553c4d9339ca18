//! How much memory and time the code under test takes, each thread for itself.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use cpu_time::ThreadTime;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The system's allocator, which counts what passes through it.
struct Counting;

thread_local! {
    /// Bytes that were asked for, ever.
    static ASKED: Cell<usize> = const { Cell::new(0) };
    /// Bytes that are held.
    static HELD: Cell<isize> = const { Cell::new(0) };
    /// The most that were held.
    static PEAK: Cell<isize> = const { Cell::new(0) };
    /// Time of a processor in code under test: others on a busy machine do not count.
    static SPENT: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// What [`bounded`] allows.
#[derive(Clone, Copy)]
pub struct Allowed {
    /// Bytes asked of the allocator, for each byte of input.
    pub per_byte: usize,
    /// And these, however short the input is.
    pub flat: usize,
}

impl Allowed {
    /// So many bytes for each byte of input, and 16 KiB.
    #[must_use]
    pub const fn times(per_byte: usize) -> Self {
        Self { per_byte, flat: 16 * 1024 }
    }

    /// With so many bytes however short the input is.
    #[must_use]
    pub const fn and(self, flat: usize) -> Self {
        Self { flat, ..self }
    }
}

/// Runs what is under test on an input of this length; panics where it asks for more memory than is allowed.
pub fn bounded<T>(input: usize, allowed: Allowed, run: impl FnOnce() -> T) -> T {
    let before = ASKED.get();
    let start = ThreadTime::now();
    let result = run();
    SPENT.set(SPENT.get() + start.elapsed());
    let asked = ASKED.get() - before;
    let most = input * allowed.per_byte + allowed.flat;
    assert!(
        asked <= most,
        "{asked} bytes were asked for where {most} are allowed for {input} bytes of input"
    );
    result
}

/// Like [`bounded`], for what must hold no more than so many bytes at a time whatever it reads.
pub fn flat<T>(most: usize, run: impl FnOnce() -> T) -> T {
    let before = HELD.get();
    PEAK.set(before);
    let start = ThreadTime::now();
    let result = run();
    SPENT.set(SPENT.get() + start.elapsed());
    let peak = PEAK.get() - before;
    assert!(
        peak <= isize::try_from(most).unwrap_or(isize::MAX),
        "{peak} bytes were held where {most} are allowed"
    );
    result
}

/// The time that a processor has spent in code under test since this was asked last.
pub fn take_spent() -> Duration {
    SPENT.take()
}

fn count(more: usize, less: usize) {
    // Where a thread ends, nothing is counted any more.
    _ = ASKED.try_with(|asked| asked.set(asked.get().wrapping_add(more)));
    _ = HELD.try_with(|held| {
        held.set(held.get().wrapping_add_unsigned(more).wrapping_sub_unsigned(less));
        _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

// SAFETY: every call is handed on to the system's allocator as it came; counting does not allocate.
#[allow(unsafe_code, reason = "an allocator cannot be written otherwise")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(0, layout.size());
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        unsafe { System.realloc(block, layout, size) }
    }
}
