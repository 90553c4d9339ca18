//! What is known of one DLQ entry, as it is stored.

use crate::{
    ids::RunId,
    json::{Field, Fields, Object, Over},
    recovery::{Case, Conclusion},
    time::{Timestamp, decimal},
};

/// What is known of one DLQ entry. Fields that a record lacks, because an older version wrote it, have their defaults.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    /// The failed run.
    pub(super) case: Case,
    /// When it was claimed or settled last.
    pub(super) at: Timestamp,
    /// Whether somebody is at it.
    pub(super) is_claimed: bool,
    /// What came of it last, as a [conclusion](Conclusion) tells it; empty before the first.
    pub(super) conclusion: String,
    /// How the new run ended, where that is known.
    pub(super) end: Option<String>,
    pub(super) ended_at: Option<Timestamp>,
}

impl Record {
    pub(super) const fn claimed(case: Case, at: Timestamp) -> Self {
        Self { case, at, is_claimed: true, conclusion: String::new(), end: None, ended_at: None }
    }

    /// The run that failed first.
    pub(super) const fn root(&self) -> &RunId {
        self.case.lineage.root_run()
    }

    /// What came of it, where that is known.
    pub(super) fn concluded(&self) -> Option<Conclusion> {
        Conclusion::recall(&self.conclusion)
    }

    /// The run that was created, where there is one and its id is known.
    pub(super) fn new_run_id(&self) -> Option<RunId> {
        self.concluded()?.new_run_id().cloned()
    }

    pub(super) fn to_json(&self) -> String {
        let mut record = Object::new();
        record.raw("case", &self.case.to_json()).flag("claimed", self.is_claimed);
        self.write_fate(&mut record);
        record.end()
    }

    /// Writes the record as operators see it: without the settings of the new run.
    pub(super) fn tell(&self, record: &mut Object) {
        let case = &self.case;
        record
            .text("dlqId", case.dlq_id.as_str())
            .text("runId", case.run_id.as_str())
            .text("rootRunId", self.root().as_str())
            .number("attempt", case.lineage.attempt().into())
            .number("firstFailedAt", case.lineage.first_failed_at().as_millis())
            .text("target", &case.target)
            .number("failureStatus", case.status.into())
            .text("fingerprint", &case.fingerprint)
            .text("rule", &case.rule);
        self.write_fate(record);
    }

    fn write_fate(&self, record: &mut Object) {
        record.number("at", self.at.as_millis());
        if !self.conclusion.is_empty() {
            record.raw("conclusion", &self.conclusion);
        }
        if let Some(end) = &self.end {
            record.text("end", end);
        }
        if let Some(ended_at) = self.ended_at {
            record.number("endedAt", ended_at.as_millis());
        }
    }

    /// `None` for what is no record: it counts as absent.
    pub(super) fn from_json(json: &str) -> Option<Self> {
        let mut fields = Fields::of(json.as_bytes(), FIELDS).ok()?;
        let mut time = |name| Some(Timestamp::from_millis(decimal(&fields.text(name)?)?));
        let (at, ended_at) = (time("at")?, time("endedAt"));
        Some(Self {
            case: Case::from_json(&fields.raw("case")?)?,
            at,
            is_claimed: fields.raw("claimed").as_deref() == Some(b"true"),
            conclusion: String::from_utf8(fields.raw("conclusion").unwrap_or_default()).ok()?,
            end: fields.word("end"),
            ended_at,
        })
    }
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 64 * 1024, over: Over::Drop }
}

const FIELDS: &[Field] =
    &[field("case"), field("at"), field("claimed"), field("conclusion"), field("end"), field("endedAt")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_what_makes_no_sense_is_none() {
        let now = Timestamp::from_millis(1_748_527_971_000);
        let mut record = Record::claimed(Case::sample("1-1", "wfr_a"), now);
        assert_eq!(Record::from_json(&record.to_json()), Some(record.clone()));
        record.is_claimed = false;
        record.conclusion = r#"{"outcome":"resumed"}"#.to_owned();
        record.end = Some("recovered".to_owned());
        record.ended_at = Some(now);
        assert_eq!(Record::from_json(&record.to_json()), Some(record));
        for bad in ["", "null", "{}", r#"{"case":{},"at":1}"#] {
            assert_eq!(Record::from_json(bad), None, "{bad}");
        }
    }
}
