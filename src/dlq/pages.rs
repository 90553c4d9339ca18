//! All pages of a call, one after the other.

use super::call::Call;
use super::error::bounded;
use crate::seen::Seen;
use crate::text::Say;

/// The longest part of a cursor that an error repeats, in bytes.
const MAX_CURSOR_BYTES: usize = 64;

/// A call that is about a page, of which there may be more.
pub trait Paged: Call + Clone {
    /// The call for what follows this page; `None` at the end.
    fn after(self, page: &Self::Output) -> Option<Self>;

    /// Where this call begins, as the service named it; `None` at the start, or where it is not a cursor that leads on.
    fn cursor(&self) -> Option<&str>;

    /// How many entries a page holds or was about.
    fn items(page: &Self::Output) -> u64;

    /// The same call for at most `count` entries, where that is less; at least one.
    #[must_use]
    fn limited(self, count: usize) -> Self;
}

/// Follows the pages of a call to their end. It sends nothing itself:
///
/// ```
/// use workflow_redrive::dlq::{ApiError, Call, List, Page, Pages};
///
/// fn list(mut send: impl FnMut(&List) -> Result<Page, ApiError>) -> Result<usize, Box<dyn std::error::Error>> {
///     let mut pages = Pages::new(List::all()).with_ceiling(1000);
///     let mut entries = 0;
///     while let Some(call) = pages.next_call()? {
///         let page = send(&call)?;
///         pages.feed(&page);
///         entries += page.entries.len();
///     }
///     Ok(entries)
/// }
/// ```
///
/// A call that failed may be sent again: only [`feed`](Self::feed) goes on.
#[derive(Clone, Debug)]
pub struct Pages<C> {
    next: Option<C>,
    seen: Seen,
    repeated: Option<RepeatedCursorError>,
    items: u64,
    ceiling: u64,
}

impl<C: Paged> Pages<C> {
    /// The pages from this call on.
    #[must_use]
    pub fn new(first: C) -> Self {
        let mut seen = Seen::default();
        if let Some(cursor) = first.cursor() {
            seen.insert(cursor);
        }
        Self { next: Some(first), seen, repeated: None, items: 0, ceiling: u64::MAX }
    }

    /// The same for at most `ceiling` entries. A service that ignores the count asked for may go beyond, once.
    #[must_use]
    pub const fn with_ceiling(mut self, ceiling: u64) -> Self {
        self.ceiling = ceiling;
        self
    }

    /// The call to send next; `None` when there is nothing more to do.
    pub fn next_call(&self) -> Result<Option<C>, RepeatedCursorError> {
        if let Some(error) = &self.repeated {
            return Err(error.clone());
        }
        let left = self.left();
        Ok(match &self.next {
            Some(call) if left > 0 => Some(call.clone().limited(left)),
            _ => None,
        })
    }

    /// Takes the answer to [`next_call`](Self::next_call) in, and goes on behind it.
    ///
    /// A cursor that came before is an error, but of the next call: what this page did is done.
    pub fn feed(&mut self, page: &C::Output) {
        let left = self.left();
        self.items = self.items.saturating_add(C::items(page));
        let Some(call) = self.next.take() else { return };
        if left == 0 || self.left() == 0 || self.repeated.is_some() {
            return;
        }
        // The call that was sent may have been a shorter one than `next`.
        self.next = call.limited(left).after(page);
        if let Some(cursor) = self.next.as_ref().and_then(C::cursor)
            && !self.seen.insert(cursor)
        {
            self.repeated = Some(RepeatedCursorError::new(cursor));
        }
    }

    /// Asks for at most `count` entries a page from now on.
    pub fn shorten(&mut self, count: usize) {
        self.next = self.next.take().map(|call| call.limited(count));
    }

    /// Asks for nothing more.
    pub fn stop(&mut self) {
        self.next = None;
        self.repeated = None;
    }

    /// Entries of the pages so far.
    #[must_use]
    pub const fn items(&self) -> u64 {
        self.items
    }

    /// How many entries may follow.
    fn left(&self) -> usize {
        usize::try_from(self.ceiling.saturating_sub(self.items)).unwrap_or(usize::MAX)
    }
}

/// The service named a cursor that it had named before: following it would never end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedCursorError {
    cursor: String,
}

impl RepeatedCursorError {
    pub(crate) fn new(cursor: &str) -> Self {
        Self { cursor: bounded(cursor, MAX_CURSOR_BYTES) }
    }

    /// The beginning of the cursor.
    #[must_use]
    pub fn cursor(&self) -> &str {
        &self.cursor
    }
}

impl Say for RepeatedCursorError {
    fn say(&self, text: &mut String) {
        text.push_str("QStash named the cursor `");
        text.push_str(&self.cursor);
        text.push_str("` twice; accepted are cursors that lead on");
    }
}

display!(RepeatedCursorError);

impl core::error::Error for RepeatedCursorError {}
