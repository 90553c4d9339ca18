//! A decision.

use crate::policy;

plain! {
    /// What a policy decides.
    Decision<'a> {
        #[ts(as = "policy::Action")]
        action as "action": &'static str,
        #[ts(as = "policy::Reason")]
        reason as "reason": &'static str,
        /// The name of the rule that matched.
        rule as "rule": &'a str,
        /// Headers of the DLQ call, the delay without its jitter.
        #[ts(type = "Record<string, string>")]
        headers as "headers": &'a [(&'static str, String)],
    }
}

pub(in crate::npm) fn decision(decision: &policy::Decision) -> String {
    let decision = Decision {
        action: decision.action.name(),
        reason: decision.reason.code(),
        rule: &decision.rule,
        headers: decision.overrides.headers(),
    };
    decision.object().end()
}
