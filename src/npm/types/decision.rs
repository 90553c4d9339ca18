//! A decision.

use crate::policy;

plain! {
    /// What a policy decides.
    Decision<'a> by decision(decision: &'a policy::Decision) {
        #[ts(as = "policy::Action")]
        action as "action": &'static str = decision.action.name(),
        #[ts(as = "policy::Reason")]
        reason as "reason": &'static str = decision.reason.code(),
        /// The name of the rule that matched.
        rule as "rule": &'a str = &decision.rule,
        /// Headers of the DLQ call, the delay without its jitter.
        #[ts(type = "Record<string, string>")]
        headers as "headers": &'a [(&'static str, String)] = decision.overrides.headers(),
    }
}
