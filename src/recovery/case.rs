//! A failed run that is to go on, as it is handed from one actor to the next.

use crate::{
    dlq::Overrides,
    ids::{DlqId, RunId},
    json::{Field, Fields, Object, Over},
    lineage::Lineage,
    policy::Action,
    settings::Region,
    time::{Timestamp, decimal},
};

/// A failed run that the policy resumes or restarts, with all that is needed to do so later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its entry in the DLQ.
    pub dlq_id: DlqId,
    /// The run that failed.
    pub run_id: RunId,
    /// Where it stands in its family.
    pub lineage: Lineage,
    /// The region that its callback came from.
    pub region: Option<Region>,
    /// What breaker and budgets count by: the workflow URL, or the key that the rule names.
    pub target: String,
    /// Status of its last delivery; 0 is unreachable.
    pub status: u16,
    /// What failures of the same kind have in common.
    pub fingerprint: String,
    /// The rule that decided.
    pub rule: String,
    /// What to do: resume or restart.
    pub action: Action,
    /// Settings of the new run, its failure callback with the next lineage among them.
    pub overrides: Overrides,
}

impl Case {
    /// The case as a JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut case = Object::new();
        case.text("dlqId", self.dlq_id.as_str())
            .text("runId", self.run_id.as_str())
            .text("rootRunId", self.lineage.root_run().as_str())
            .number("attempt", self.lineage.attempt().into())
            .number("firstFailedAt", self.lineage.first_failed_at().as_millis())
            .text("region", self.region.map_or("", Region::name))
            .text("target", &self.target)
            .number("status", self.status.into())
            .text("fingerprint", &self.fingerprint)
            .text("rule", &self.rule)
            .text("action", self.action.name())
            .raw("overrides", &self.overrides.to_json());
        case.end()
    }

    /// Reads what [`Case::to_json`] wrote; `None` for anything else.
    #[must_use]
    pub fn from_json(json: &[u8]) -> Option<Self> {
        let mut fields = Fields::of(json, FIELDS).ok()?;
        let mut number = |name| decimal(&fields.text(name)?);
        let (attempt, first, status) = (number("attempt")?, number("firstFailedAt")?, number("status")?);
        let root = RunId::new(fields.word("rootRunId")?).ok()?;
        Some(Self {
            dlq_id: DlqId::new(fields.word("dlqId")?).ok()?,
            run_id: RunId::new(fields.word("runId")?).ok()?,
            lineage: Lineage::new(root, u32::try_from(attempt).ok()?, Timestamp::from_millis(first)),
            region: Region::from_header(&fields.string("region")?),
            target: fields.string("target")?,
            status: u16::try_from(status).ok()?,
            fingerprint: fields.string("fingerprint")?,
            rule: fields.string("rule")?,
            action: fields.word("action")?.parse().ok()?,
            overrides: Overrides::from_own_json(&fields.raw("overrides")?)?,
        })
    }
}

#[cfg(test)]
impl Case {
    /// A case for tests that care for its ids only.
    pub(crate) fn sample(entry: &str, root: &str) -> Self {
        let root = RunId::new(root).unwrap();
        Self {
            dlq_id: DlqId::new(entry).unwrap(),
            run_id: root.clone(),
            lineage: Lineage::root(root, Timestamp::from_millis(1_748_527_971_000)),
            region: None,
            target: "https://shop.example/order".to_owned(),
            status: 503,
            fingerprint: String::new(),
            rule: "transient".to_owned(),
            action: Action::Resume,
            overrides: Overrides::default(),
        }
    }
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 64 * 1024, over: Over::Drop }
}

const FIELDS: &[Field] = &[
    field("dlqId"),
    field("runId"),
    field("rootRunId"),
    field("attempt"),
    field("firstFailedAt"),
    field("region"),
    field("target"),
    field("status"),
    field("fingerprint"),
    field("rule"),
    field("action"),
    field("overrides"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http_url::HttpUrl;

    #[test]
    fn what_is_written_is_read_back() {
        let root = RunId::new("wfr_\"ä").unwrap();
        let case = Case {
            dlq_id: DlqId::new("1-2").unwrap(),
            run_id: RunId::new("wfr_b").unwrap(),
            lineage: Lineage::new(root, 3, Timestamp::from_millis(1_748_527_971_000)),
            region: Some(Region::UsEast1),
            target: "https://shop.example/order".to_owned(),
            status: 503,
            fingerprint: "f".to_owned(),
            rule: "a \"rule\"".to_owned(),
            action: Action::Restart,
            overrides: Overrides::default()
                .with_retries(3)
                .with_failure_callback(HttpUrl::parse("https://redrive.example/?redrive=1.2.wfr_a").unwrap()),
        };
        assert_eq!(Case::from_json(case.to_json().as_bytes()), Some(case.clone()));
        let nowhere = Case { region: None, overrides: Overrides::default(), ..case };
        assert_eq!(Case::from_json(nowhere.to_json().as_bytes()), Some(nowhere));
        for bad in ["", "{}", "[]", r#"{"dlqId": "1-2"}"#] {
            assert_eq!(Case::from_json(bad.as_bytes()), None, "{bad}");
        }
    }
}
