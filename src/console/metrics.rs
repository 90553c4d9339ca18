//! `GET /metrics`: what all shards and the notices have counted, as Prometheus reads it.
//!
//! Source: the text exposition format 0.0.4 of the Prometheus documentation.

use super::inquiry::{Ask, Heard, Inquiry, Step};
use crate::text::said;
use crate::{
    json::{Field, Fields, Over},
    ledger::shard,
    notice::NOTICES,
    operator::OperatorReply,
    text,
    time::decimal,
};

/// The counts of a deployment, summed over its shards.
pub(super) struct Metrics {
    pub(super) shards: u32,
}

impl Inquiry for Metrics {
    fn next(&mut self, heard: Vec<Heard>) -> Step {
        if heard.is_empty() {
            let actors = (0..self.shards).map(shard).chain([NOTICES.to_owned()]);
            let ask = |actor| Ask { actor, message: r#"{"do":"tally"}"#.to_owned() };
            return Step::Ask(actors.map(ask).collect());
        }
        let mut sums = Sums::default();
        for answer in heard {
            // A sum without one of the shards would look like counters that were reset.
            let Some(answer) = answer else { return Step::unavailable() };
            sums.add(&answer);
        }
        Step::Reply(OperatorReply::plain("text/plain; version=0.0.4; charset=utf-8", sums.text()))
    }
}

/// A metric: its samples are the sums whose names begin with `of`, the words behind it being the values of the labels.
struct Family {
    of: &'static str,
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
}

const FAMILIES: [Family; 9] = [
    Family {
        of: "outcome",
        name: "workflow_redrive_outcomes_total",
        kind: COUNTER,
        help: "What came of failed runs each time that one was dealt with.",
        labels: &["outcome", "reason"],
    },
    Family {
        of: "repeated",
        name: "workflow_redrive_repeated_total",
        kind: COUNTER,
        help: "Deliveries that got the answer of an earlier one.",
        labels: &[],
    },
    Family {
        of: "end",
        name: "workflow_redrive_runs_ended_total",
        kind: COUNTER,
        help: "How resumed and restarted runs ended.",
        labels: &["end"],
    },
    Family {
        of: "recovery-millis",
        name: "workflow_redrive_recovery_milliseconds_total",
        kind: COUNTER,
        help: "Time from the first failure to the good end, of all runs that recovered.",
        labels: &[],
    },
    Family {
        of: "entries",
        name: "workflow_redrive_entries",
        kind: GAUGE,
        help: "Entries of the dead letter queue that the ledger remembers.",
        labels: &[],
    },
    Family {
        of: "heard",
        name: "workflow_redrive_notices_heard_total",
        kind: COUNTER,
        help: "Things that were worth a notice, each of them counted.",
        labels: &["kind"],
    },
    Family {
        of: "notice",
        name: "workflow_redrive_notices_total",
        kind: COUNTER,
        help: "Notices that were sent, and tries to send one that failed.",
        labels: &["channel", "result"],
    },
    Family {
        of: "merged",
        name: "workflow_redrive_notices_merged_total",
        kind: COUNTER,
        help: "Notices that were told together with others, because too many were waiting.",
        labels: &["kind"],
    },
    Family {
        of: "waiting",
        name: "workflow_redrive_notices_waiting",
        kind: GAUGE,
        help: "Notices that not every channel has taken yet.",
        labels: &[],
    },
];

const COUNTER: &str = "counter";
const GAUGE: &str = "gauge";

/// Sums by their names, which are a few words each.
#[derive(Default)]
struct Sums(Vec<(String, u64)>);

impl Sums {
    /// Adds what one actor has counted.
    fn add(&mut self, answer: &str) {
        const FIELDS: &[Field] = &[field("tally"), field("entries"), field("waiting")];
        let Ok(mut fields) = Fields::of(answer.as_bytes(), FIELDS) else { return };
        for counted in fields.strings("tally") {
            let at = counted.bytes().rposition(|byte| byte == b' ').unwrap_or_default();
            if let Some((name, count)) = counted.split_at_checked(at)
                && let Some(count) = decimal(count.trim_ascii_start())
            {
                self.add_one(name, count);
            }
        }
        for name in ["entries", "waiting"] {
            if let Some(count) = fields.text(name).and_then(|count| decimal(&count)) {
                self.add_one(name, count);
            }
        }
    }

    fn add_one(&mut self, name: &str, count: u64) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum = sum.saturating_add(count),
            None => self.0.push((name.to_owned(), count)),
        }
    }

    fn text(&self) -> String {
        let mut out = String::new();
        for Family { of, name, kind, help, labels } in FAMILIES {
            for part in ["# HELP ", name, " ", help, "\n# TYPE ", name, " ", kind, "\n"] {
                out.push_str(part);
            }
            for (counted, sum) in &self.0 {
                let mut words = text::parts(counted, b' ');
                if words.next() == Some(of) && text::parts(counted, b' ').count() <= labels.len() + 1 {
                    out.push_str(name);
                    push_labels(&mut out, labels, words);
                    for part in [" ", &said(sum), "\n"] {
                        out.push_str(part);
                    }
                }
            }
            // Metrics without labels are there from the beginning.
            if labels.is_empty() && !self.0.iter().any(|(counted, _)| counted == of) {
                for part in [name, " 0\n"] {
                    out.push_str(part);
                }
            }
        }
        out
    }
}

/// `{name="value",…}`. Labels without a value are empty, so that all samples of a metric have the same ones.
fn push_labels(out: &mut String, labels: &[&str], mut values: text::Parts<'_>) {
    for (at, label) in labels.iter().enumerate() {
        out.push(if at == 0 { '{' } else { ',' });
        for part in [label, "=\""] {
            out.push_str(part);
        }
        for c in values.next().unwrap_or_default().chars() {
            if matches!(c, '"' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        out.push('"');
    }
    if !labels.is_empty() {
        out.push('}');
    }
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 256 * 1024, over: Over::Drop }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(answers: &[Option<&str>]) -> Step {
        let mut metrics = Metrics { shards: 2 };
        let Step::Ask(asks) = metrics.next(Vec::new()) else { panic!() };
        let actors: Vec<_> = asks.iter().map(|ask| ask.actor.as_str()).collect();
        assert_eq!(actors, ["shard-0", "shard-1", "notices"]);
        metrics.next(answers.iter().map(|answer| answer.map(str::to_owned)).collect())
    }

    #[test]
    fn counts_are_summed_over_the_shards_and_told_with_help_and_type() {
        let reply = heard(&[
            Some(r#"{"tally":["end recovered 2","outcome parked rule 3","outcome resumed 4"],"entries":7}"#),
            Some(r#"{"tally":["end failed_again 1","outcome parked rule 5"],"entries":1}"#),
            Some(r#"{"tally":["heard gave_up 9","notice webhook sent 2"],"waiting":1}"#),
        ]);
        let Step::Reply(reply) = reply else { panic!() };
        assert_eq!(reply.headers, [("content-type", "text/plain; version=0.0.4; charset=utf-8".to_owned())]);
        let text = String::from_utf8(reply.body).unwrap();
        let (comments, samples): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with("# "));
        assert_eq!(comments.len(), 2 * FAMILIES.len());
        assert_eq!(
            comments[0],
            "# HELP workflow_redrive_outcomes_total What came of failed runs each time that one was dealt with."
        );
        assert_eq!(comments[1], "# TYPE workflow_redrive_outcomes_total counter");
        let expected = [
            r#"outcomes_total{outcome="parked",reason="rule"} 8"#,
            r#"outcomes_total{outcome="resumed",reason=""} 4"#,
            "repeated_total 0",
            r#"runs_ended_total{end="recovered"} 2"#,
            r#"runs_ended_total{end="failed_again"} 1"#,
            "recovery_milliseconds_total 0",
            "entries 8",
            r#"notices_heard_total{kind="gave_up"} 9"#,
            r#"notices_total{channel="webhook",result="sent"} 2"#,
            "notices_waiting 1",
        ];
        assert_eq!(samples, expected.map(|sample| format!("workflow_redrive_{sample}")));
    }

    #[test]
    fn a_sum_without_one_of_the_shards_is_not_told() {
        let reply = heard(&[Some(r#"{"tally":[],"entries":7}"#), None, Some(r#"{"tally":[],"waiting":0}"#)]);
        let Step::Reply(reply) = reply else { panic!() };
        assert_eq!(reply.status, 503);
    }

    #[test]
    fn values_are_escaped() {
        let mut sums = Sums::default();
        sums.add(r#"{"tally":["end \"\\ 1","end x","","end many words here 2"]}"#);
        let text = sums.text();
        assert!(text.contains(r#"workflow_redrive_runs_ended_total{end="\"\\"} 1"#), "{text}");
        assert_eq!(text.lines().filter(|line| line.contains("end=")).count(), 1, "{text}");
    }
}
