//! How much the log has of strangers.

use core::cell::Cell;

use super::{Conclusion, LogLine, Refusal, Reply, Timings, log::closing, summary::told};
use crate::time::Timestamp;

/// Lines in a second about requests that nobody vouches for.
const MOST_ABOUT_STRANGERS: u32 = 10;

/// What an isolate remembers of its log: strangers, who need no more than the address, must not fill it.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// The second that the last line belongs to.
    second: Cell<u64>,
    /// Lines in that second.
    lines: Cell<u32>,
    /// Requests without a line since the last one.
    omitted: Cell<u64>,
}

impl Journal {
    /// The answer to a callback, and its line. Of requests whose signature is no good only the first ten in a second get
    /// one; the next line about such a request says how many got none.
    pub(crate) fn close(
        &self,
        conclusion: &Conclusion,
        timings: Timings,
        now: Timestamp,
    ) -> (Reply, Option<LogLine>) {
        if !matches!(conclusion.outcome, Err(Refusal::Signature(_))) {
            let (reply, line) = closing(conclusion, timings);
            return (reply, Some(line));
        }
        let line = self.has_room(now).then(|| {
            let omitted = Some(self.omitted.take()).filter(|omitted| *omitted > 0);
            LogLine::with(&told(conclusion), conclusion, timings, omitted)
        });
        (Reply::from(conclusion), line)
    }

    fn has_room(&self, now: Timestamp) -> bool {
        let second = now.as_millis() / 1000;
        if self.second.replace(second) != second {
            self.lines.set(0);
        }
        let has_room = self.lines.get() < MOST_ABOUT_STRANGERS;
        if has_room {
            self.lines.set(self.lines.get() + 1);
        } else {
            self.omitted.set(self.omitted.get() + 1);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{recovery::Outcome, signature::SignatureError};

    const NOW: Timestamp = Timestamp::from_secs(1_792_567_680);

    fn forged() -> Conclusion {
        Conclusion::refused(Refusal::Signature(SignatureError::Missing))
    }

    fn is_logged(journal: &Journal, conclusion: &Conclusion, now: Timestamp) -> Option<String> {
        journal.close(conclusion, Timings::default(), now).1.map(|line| line.json)
    }

    #[test]
    fn of_many_strangers_the_first_have_a_line_and_the_rest_is_counted() {
        let journal = Journal::default();
        let lines: Vec<_> = (0..25).filter_map(|_| is_logged(&journal, &forged(), NOW)).collect();
        assert_eq!(lines.len(), 10);
        assert!(lines.iter().all(|line| !line.contains("omitted")), "{lines:?}");

        let next = NOW.after(core::time::Duration::from_millis(999));
        assert_eq!(is_logged(&journal, &forged(), next), None, "the same second");
        let next = NOW.after(core::time::Duration::from_secs(1));
        let line = is_logged(&journal, &forged(), next).unwrap();
        assert!(line.contains(r#""omitted":16"#), "{line}");
        assert!(!is_logged(&journal, &forged(), next).unwrap().contains("omitted"));
    }

    #[test]
    fn those_who_are_vouched_for_have_a_line_each() {
        let journal = Journal::default();
        for _ in 0..25 {
            is_logged(&journal, &forged(), NOW);
        }
        let gone = Conclusion { outcome: Ok(Outcome::Gone), ..forged() };
        for conclusion in [gone, Conclusion::refused(Refusal::Pending)] {
            for _ in 0..25 {
                let (reply, line) = journal.close(&conclusion, Timings::default(), NOW);
                assert_eq!(line.unwrap(), LogLine::new(&conclusion, Timings::default()));
                assert_eq!(reply, Reply::from(&conclusion));
            }
        }
        assert_eq!(journal.close(&forged(), Timings::default(), NOW).0, Reply::from(&forged()));
    }
}
