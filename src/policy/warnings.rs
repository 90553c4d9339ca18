//! What is odd about a policy that can be read.

use super::{Policy, Rule};
use crate::text::said;

/// Pairs of rules that are compared at most, which is all of 2000 rules; of more, the first are.
const MAX_PAIRS: usize = 2_000_000;

impl Policy {
    /// What is odd about the policy, in words: rules that can never match, because an earlier one has all their failures.
    ///
    /// What cannot be told from the conditions key by key is not warned of.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut pairs = 0;
        for (index, rule) in self.own_rules().iter().enumerate() {
            pairs += index;
            if pairs > MAX_PAIRS {
                break;
            }
            let earlier = self.rules.iter().take(index).enumerate();
            if let Some((first, covering)) =
                earlier.into_iter().find(|(_, earlier)| earlier.when.covers(&rule.when))
            {
                warnings.push(
                    [
                        "rules[",
                        &said(&index),
                        "] (",
                        &rule.name,
                        ") can never match: rules[",
                        &said(&first),
                        "] (",
                        &covering.name,
                        ") has all its failures",
                    ]
                    .concat(),
                );
            }
        }
        warnings
    }

    /// The rules without the default ones behind them, which may well be covered.
    fn own_rules(&self) -> &[Rule] {
        let names = Rule::DEFAULT_NAMES;
        let ends_in_defaults =
            self.rules.last().is_some_and(|rule| Some(&rule.name.as_str()) == names.last());
        let own = self.rules.len().saturating_sub(if ends_in_defaults { names.len() } else { 0 });
        self.rules.get(..own).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is warned of two rules with these conditions.
    fn warns(earlier: &str, later: &str) -> bool {
        let json = format!(
            r#"{{"rules": [{{"name": "a", "action": "park", "when": {{{earlier}}}}},
                           {{"name": "b", "action": "park", "when": {{{later}}}}}]}}"#
        );
        let warnings = Policy::from_json(&json).unwrap().warnings();
        if let [warning] = warnings.as_slice() {
            assert_eq!(warning, "rules[1] (b) can never match: rules[0] (a) has all its failures");
        }
        !warnings.is_empty()
    }

    #[test]
    fn a_rule_behind_one_that_has_all_its_failures_is_warned_of() {
        for (earlier, later) in [
            ("", ""),
            ("", r#""status": 503, "label": "a""#),
            (r#""status": "5xx""#, r#""status": [503, "500-502"]"#),
            (r#""status": ["4xx", "5xx"]"#, r#""status": [404, 503], "error": "E""#),
            (r#""class": ["timeout", "other"]"#, r#""class": "timeout""#),
            (r#""region": ["none", "us-east-1"]"#, r#""region": "US_EAST_1""#),
            (r#""attempt": "3-""#, r#""attempt": [5, "7-9"]"#),
            (r#""age": ">1h""#, r#""age": "2h-3h""#),
            (r#""url": "https://a/*""#, r#""url": "https://a/b*/c""#),
            (r#""label": ["a*", "b"]"#, r#""label": ["b", "ab"]"#),
            (r#""fingerprint": "0123456789abcdef""#, r#""fingerprint": "0123456789abcdef""#),
            (r#""message": "bank""#, r#""message": ["the bank is", "bank"]"#),
            (r#""regex": "a+""#, r#""regex": "a+", "step": "s""#),
        ] {
            assert!(warns(earlier, later), "{earlier} before {later}");
        }
    }

    #[test]
    fn a_rule_that_may_match_is_not() {
        for (earlier, later) in [
            (r#""status": 503"#, ""),
            (r#""status": 503"#, r#""label": "a""#),
            (r#""status": "500-503""#, r#""status": "5xx""#),
            (r#""status": 503, "label": "a""#, r#""status": 503"#),
            (r#""class": "timeout""#, r#""class": ["timeout", "other"]"#),
            (r#""region": "none""#, r#""region": "us-east-1""#),
            (r#""attempt": "3-""#, r#""attempt": "2-""#),
            (r#""age": "<1h""#, r#""age": "0s-1h""#),
            (r#""url": "https://a/b""#, r#""url": "https://a/*""#),
            (r#""message": "the bank""#, r#""message": "bank""#),
            (r#""message": "a""#, r#""regex": "a""#),
            (r#""regex": "a+""#, r#""regex": "a""#),
        ] {
            assert!(!warns(earlier, later), "{earlier} before {later}");
        }
    }

    #[test]
    fn the_default_rules_may_be_covered() {
        assert!(Policy::default().warnings().is_empty());
        let all = Policy::from_json(r#"{"rules": [{"name": "all", "action": "park"}]}"#).unwrap();
        assert!(all.warnings().is_empty());
    }
}
