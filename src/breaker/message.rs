//! What is said to a target's actor about a run that is to be resumed, and what it answers.

use crate::{
    json::{Field, Fields, Object, Over},
    recovery::{Admitted, Case, known_reason},
    time::{Timestamp, decimal},
};

/// Asks whether the target of a case may be called.
#[must_use]
pub fn admit(case: &Case) -> String {
    let mut message = Object::new();
    message.text("do", "admit").raw("case", &case.to_json());
    message.end()
}

/// Reads the answer.
#[must_use]
pub fn read_admission(answer: &str) -> Admitted {
    const FIELDS: &[Field] = &[
        Field { name: "admit", limit: 64, over: Over::Drop },
        Field { name: "reason", limit: 64, over: Over::Drop },
        Field { name: "until", limit: 20, over: Over::Drop },
    ];
    let Ok(mut fields) = Fields::of(answer.as_bytes(), FIELDS) else { return Admitted::Unavailable };
    match fields.word("admit").as_deref() {
        Some("go") => Admitted::Go,
        Some("deferred") => Admitted::Deferred {
            reason: known_reason(&fields.word("reason").unwrap_or_default()),
            until: fields.text("until").and_then(|at| decimal(&at)).map(Timestamp::from_millis),
        },
        Some("never") => Admitted::Never { reason: known_reason(&fields.word("reason").unwrap_or_default()) },
        _ => Admitted::Unavailable,
    }
}

/// The answer.
pub(super) fn write_admission(admitted: &Admitted, answer: &mut Object) {
    match admitted {
        Admitted::Deferred { reason, until } => {
            answer.text("admit", "deferred").text("reason", reason);
            if let Some(until) = until {
                answer.number("until", until.as_millis());
            }
        }
        Admitted::Never { reason } => {
            answer.text("admit", "never").text("reason", reason);
        }
        Admitted::Go => {
            answer.text("admit", "go");
        }
        // An answer that says nothing is read as this.
        Admitted::Unavailable => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_they_were_written() {
        let until = Some(Timestamp::from_millis(1_748_527_971_000));
        for admitted in [
            Admitted::Go,
            Admitted::Unavailable,
            Admitted::Deferred { reason: "breaker_open", until: None },
            Admitted::Deferred { reason: "draining", until: None },
            Admitted::Deferred { reason: "backlog_full", until },
            Admitted::Never { reason: "lineage_lost" },
        ] {
            let mut answer = Object::new();
            write_admission(&admitted, &mut answer);
            assert_eq!(read_admission(&answer.end()), admitted);
        }
        for other in ["", "{}", "[]", r#"{"admit":"perhaps"}"#] {
            assert_eq!(read_admission(other), Admitted::Unavailable, "{other}");
        }
    }
}
