//! What one notice tells: of one thing, or of many alike.

use super::Kind;
use crate::text::said;
use crate::{
    json::{Field, Fields, Object, Over},
    recovery::Case,
    settings::Region,
    signature::BodyDigest,
    time::{Timestamp, decimal},
};

/// The most runs that a notice names; it always counts all.
const MAX_RUNS: usize = 10;

/// What a notice tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Story {
    pub(super) kind: Kind,
    /// How many things it tells of.
    pub(super) count: u64,
    /// Whether others of the same kind were told before, of which these are the rest.
    pub(super) follows: bool,
    pub(super) first_at: Timestamp,
    pub(super) last_at: Timestamp,
    /// Empty where the things differ in it, as are the other texts.
    pub(super) target: String,
    pub(super) reason: String,
    pub(super) rule: String,
    pub(super) fingerprint: String,
    pub(super) region: String,
    /// Status of the failing delivery.
    pub(super) status: Option<u64>,
    /// Of a single run: its attempts, and when its lineage failed first.
    pub(super) attempt: Option<u64>,
    pub(super) first_failed_at: Option<u64>,
    /// Of a single run: the first of its lineage.
    pub(super) root_run_id: String,
    pub(super) run_ids: Vec<String>,
    pub(super) dlq_ids: Vec<String>,
}

impl Story {
    /// Of nothing yet, about the same as another.
    pub(super) fn rest_of(other: &Self) -> Self {
        let (run_ids, dlq_ids, root_run_id) = (Vec::new(), Vec::new(), String::new());
        Self {
            count: 0,
            follows: true,
            run_ids,
            dlq_ids,
            root_run_id,
            attempt: None,
            first_failed_at: None,
            ..other.clone()
        }
    }

    /// Of one thing.
    pub(super) fn new(
        kind: Kind,
        at: Timestamp,
        case: Option<&Case>,
        target: String,
        reason: String,
    ) -> Self {
        let mut story = Self {
            kind,
            count: 1,
            follows: false,
            first_at: at,
            last_at: at,
            target,
            reason,
            rule: String::new(),
            fingerprint: String::new(),
            region: String::new(),
            status: None,
            attempt: None,
            first_failed_at: None,
            root_run_id: String::new(),
            run_ids: Vec::new(),
            dlq_ids: Vec::new(),
        };
        if let Some(case) = case {
            story.target.clone_from(&case.target);
            story.rule.clone_from(&case.rule);
            story.fingerprint.clone_from(&case.fingerprint);
            case.region.map_or("", Region::name).clone_into(&mut story.region);
            story.status = Some(case.status.into());
            story.attempt = Some(case.lineage.attempt().into());
            story.first_failed_at = Some(case.lineage.first_failed_at().as_millis());
            case.lineage.root_run().as_str().clone_into(&mut story.root_run_id);
            story.run_ids.push(case.run_id.as_str().to_owned());
            story.dlq_ids.push(case.dlq_id.as_str().to_owned());
        }
        story
    }

    /// What those have in common that are told together. Short, whatever it is made of.
    pub(super) fn key(&self) -> String {
        let status = self.status.map_or_else(String::new, |status| said(&status));
        let alike = if self.fingerprint.is_empty() {
            [&self.target, &status, &self.rule].map(String::as_str).join("\n")
        } else {
            self.fingerprint.clone()
        };
        let mut key = [self.kind.name(), "-"].concat();
        for byte in BodyDigest::of(alike.as_bytes()).to_bytes().iter().take(12) {
            for half in [byte >> 4, byte & 15] {
                key.extend(char::from_digit(half.into(), 16));
            }
        }
        key
    }

    /// Tells of another's things too.
    pub(super) fn add(&mut self, other: &Self) {
        if self.count == 0 {
            let follows = self.follows;
            *self = Self { follows, ..other.clone() };
            return;
        }
        self.count += other.count;
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
        for (own, others) in [
            (&mut self.target, &other.target),
            (&mut self.reason, &other.reason),
            (&mut self.rule, &other.rule),
            (&mut self.fingerprint, &other.fingerprint),
            (&mut self.region, &other.region),
        ] {
            if own != others {
                own.clear();
            }
        }
        self.status = self.status.filter(|status| other.status == Some(*status));
        (self.attempt, self.first_failed_at) = (None, None);
        self.root_run_id.clear();
        for (own, others) in [(&mut self.run_ids, &other.run_ids), (&mut self.dlq_ids, &other.dlq_ids)] {
            let free = MAX_RUNS.saturating_sub(own.len());
            own.extend(others.iter().take(free).cloned());
        }
    }

    /// As it is kept, and as the webhook gets it.
    pub(super) fn write(&self, story: &mut Object) {
        story
            .text("kind", self.kind.name())
            .number("count", self.count)
            .flag("follows", self.follows)
            .number("firstAt", self.first_at.as_millis())
            .number("lastAt", self.last_at.as_millis());
        for (name, text) in [
            ("target", &self.target),
            ("reason", &self.reason),
            ("rule", &self.rule),
            ("fingerprint", &self.fingerprint),
            ("region", &self.region),
            ("rootRunId", &self.root_run_id),
        ] {
            if !text.is_empty() {
                story.text(name, text);
            }
        }
        let numbers =
            [("status", self.status), ("attempt", self.attempt), ("firstFailedAt", self.first_failed_at)];
        for (name, number) in numbers {
            if let Some(number) = number {
                story.number(name, number);
            }
        }
        for (name, ids) in [("runIds", &self.run_ids), ("dlqIds", &self.dlq_ids)] {
            story.open(name, '[');
            for id in ids {
                story.element(id);
            }
            story.close(']');
        }
    }

    pub(super) fn to_json(&self) -> String {
        let mut story = Object::new();
        self.write(&mut story);
        story.end()
    }

    /// Reads what was kept; `None` for anything else.
    pub(super) fn from_json(json: &[u8]) -> Option<Self> {
        let mut fields = Fields::of(json, FIELDS).ok()?;
        let mut number = |name| decimal(&fields.text(name)?);
        let (count, first_at, last_at) = (number("count")?, number("firstAt")?, number("lastAt")?);
        let (status, attempt, first_failed_at) =
            (number("status"), number("attempt"), number("firstFailedAt"));
        let follows = fields.raw("follows").as_deref() == Some(b"true");
        let (run_ids, dlq_ids) = (fields.strings("runIds"), fields.strings("dlqIds"));
        let kind = fields.word("kind")?.parse().ok()?;
        let mut text = |name| fields.string(name).unwrap_or_default();
        Some(Self {
            kind,
            count,
            follows,
            first_at: Timestamp::from_millis(first_at),
            last_at: Timestamp::from_millis(last_at),
            target: text("target"),
            reason: text("reason"),
            rule: text("rule"),
            fingerprint: text("fingerprint"),
            region: text("region"),
            status,
            attempt,
            first_failed_at,
            root_run_id: text("rootRunId"),
            run_ids,
            dlq_ids,
        })
    }
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 64 * 1024, over: Over::Drop }
}

const FIELDS: &[Field] = &[
    field("kind"),
    field("count"),
    field("follows"),
    field("firstAt"),
    field("lastAt"),
    field("target"),
    field("reason"),
    field("rule"),
    field("fingerprint"),
    field("region"),
    field("rootRunId"),
    field("status"),
    field("attempt"),
    field("firstFailedAt"),
    field("runIds"),
    field("dlqIds"),
];
