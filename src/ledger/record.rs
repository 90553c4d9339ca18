//! What is known of one DLQ entry, as it is stored.

use crate::{
    ids::RunId,
    json::{Field, Fields, Object, Over},
    time::{Timestamp, decimal},
};

/// What is known of one DLQ entry. Fields that a record lacks, because an older version wrote it, have their defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) root: RunId,
    /// When it was claimed or settled last.
    pub(super) at: Timestamp,
    /// What came of it, as a [conclusion](crate::recovery::Conclusion) tells it; empty while somebody is at it.
    pub(super) conclusion: String,
    /// How the new run ended, where that is known.
    pub(super) end: Option<String>,
    pub(super) ended_at: Option<Timestamp>,
}

impl Record {
    pub(super) const fn new(root: RunId, at: Timestamp) -> Self {
        Self { root, at, conclusion: String::new(), end: None, ended_at: None }
    }

    pub(super) fn to_json(&self) -> String {
        let mut record = Object::new();
        self.write(&mut record);
        record.end()
    }

    /// Writes the record as operators see it, too.
    pub(super) fn write(&self, record: &mut Object) {
        record.text("rootRunId", self.root.as_str()).number("at", self.at.as_millis());
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
            root: RunId::new(fields.word("rootRunId")?).ok()?,
            at,
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
    &[field("rootRunId"), field("at"), field("conclusion"), field("end"), field("endedAt")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_older_records_too() {
        let now = Timestamp::from_millis(1_748_527_971_000);
        let mut record = Record::new(RunId::new("wfr_a").unwrap(), now);
        assert_eq!(Record::from_json(&record.to_json()), Some(record.clone()));
        record.conclusion = r#"{"outcome":"resumed"}"#.to_owned();
        record.end = Some("recovered".to_owned());
        record.ended_at = Some(now);
        assert_eq!(Record::from_json(&record.to_json()), Some(record));
        assert_eq!(Record::from_json(r#"{"rootRunId":"wfr_a","at":1}"#).unwrap().conclusion, "");
        for bad in ["", "null", "{}", r#"{"rootRunId":"","at":1}"#, r#"{"rootRunId":"wfr_a","at":"x"}"#] {
            assert_eq!(Record::from_json(bad), None, "{bad}");
        }
    }
}
