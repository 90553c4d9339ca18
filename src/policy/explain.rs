//! Why a decision fell as it did, rule by rule.

use super::{Decision, Facts, Policy};
use crate::{
    callback::{Excerpt, Failure},
    json::{Json, Object},
    lineage::Lineage,
    text::parts,
    time::Timestamp,
};

/// Bytes of what a failure has.
const TOLD_LIMIT: usize = 256;

/// A decision with its reasons, for people who write policies. Nothing is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What is decided. Jitter is left out: the delay is the least that can be.
    pub decision: Decision,
    /// The rules that did not match, up to the one that did.
    pub passed: Vec<Passed>,
    /// What is odd about the policy, whatever the failure.
    pub warnings: Vec<String>,
}

/// A rule that did not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Its name.
    pub rule: String,
    /// The first key of its conditions that did not match.
    pub key: &'static str,
    /// What the failure has there, cut where it is long; empty where it has nothing.
    pub value: String,
}

impl Policy {
    /// Decides what to do with a failed run, and says why.
    #[must_use]
    pub fn explain(&self, failure: &Failure, lineage: &Lineage, now: Timestamp) -> Explanation {
        let facts = Facts::new(failure, lineage, now);
        let mut passed = Vec::new();
        let mut matched = None;
        for rule in &self.rules {
            let Some(key) = rule.when.failing(&facts) else {
                matched = Some(rule);
                break;
            };
            let value = Excerpt::new(&facts.told(key), TOLD_LIMIT).into_text();
            passed.push(Passed { rule: rule.name.clone(), key: key.name(), value });
        }
        let decision = self.decided(facts, matched, now, 0);
        Explanation { decision, passed, warnings: self.warnings() }
    }
}

impl Explanation {
    /// The explanation as the npm package and `POST /v1/decide` give it, a JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut object = Object::new();
        explained(&mut object, &self.decision, &self.rules(), &self.warnings);
        object.end()
    }

    /// The rules that were looked at, a JSON array.
    fn rules(&self) -> String {
        let mut rules = String::from("[");
        for Passed { rule, key, value } in &self.passed {
            let mut object = Object::new();
            considered(&mut object, rule, false, Some((key, value)));
            rules.push_str(&object.end());
            rules.push(',');
        }
        let mut object = Object::new();
        considered(&mut object, &self.decision.rule, true, None);
        rules.push_str(&object.end());
        rules.push(']');
        rules
    }
}

plain! {
    /// What a policy decides about a failed run, and why.
    #[ts(rename = "Decision")]
    Explained<'a> by explained(decision: &'a Decision, rules: &'a str, warnings: &'a [String]) {
        #[ts(as = "super::Action")]
        action as "action": &'static str = decision.action.name(),
        #[ts(as = "super::Reason")]
        reason as "reason": &'static str = decision.reason.code(),
        /// The name of the rule that matched.
        rule as "rule": &'a str = &decision.rule,
        #[ts(as = "super::FailureClass")]
        class as "class": &'static str = decision.class.name(),
        /// What failures of the same kind have in common.
        fingerprint as "fingerprint": &'a str = &decision.fingerprint,
        /// What breaker and budgets count by.
        target as "target": &'a str = &decision.target,
        /// The wait before the new run starts, or of a deferral, without its jitter.
        delay_seconds as "delaySeconds": Option<u64> = decision.delay().map(|delay| delay.as_secs()),
        /// Where the callback is handed on to, without the query, which may be a secret.
        relay_to as "relayTo": Option<&'a str> =
            decision.relay_to.as_ref().and_then(|url| parts(url.as_str(), b'?').next()),
        /// Headers of the DLQ call, the delay without its jitter.
        #[ts(type = "Record<string, string>")]
        headers as "headers": &'a [(&'static str, String)] = decision.overrides.headers(),
        /// The rules in their order, up to the one that matched.
        #[ts(type = "ConsideredRule[]")]
        rules as "rules": Json<'a> = Json(rules),
        /// What is odd about the policy, such as rules that can never match.
        warnings as "warnings": &'a [String] = warnings,
    }
}

plain! {
    /// A rule that a failure was held against.
    #[ts(rename = "ConsideredRule")]
    Considered<'a> by considered(rule: &'a str, matched: bool, failed: Option<(&'a str, &'a str)>) {
        /// Its name.
        rule as "rule": &'a str = rule,
        matched as "matched": bool = matched,
        /// The first key of its conditions that did not match.
        #[ts(optional, type = "keyof PolicyCondition")]
        failed as "failed": Option<&'a str> = failed.map(|(key, _)| key),
        /// What the failure has there, cut where it is long; empty where it has nothing.
        value as "value": Option<&'a str> = failed.map(|(_, value)| value),
    }
}
