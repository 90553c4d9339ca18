//! Filters, as the package's JavaScript takes them and [`read`](crate::npm::filter::read) reads them.

use serde::Serialize;
use ts_rs::TS;

use super::one_or_many::OneOrMany;
use crate::dlq::CallbackState;

/// The states that can be asked for.
pub(super) const NAMED_STATES: [CallbackState; 4] =
    [CallbackState::InProgress, CallbackState::Success, CallbackState::Failed, CallbackState::Canceled];

/// At least one criterion. Values of one criterion are alternatives; an entry must meet every criterion.
#[derive(Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub(super) struct DlqFilter {
    workflow_url: Option<OneOrMany<String>>,
    workflow_run_id: Option<String>,
    /// When the run was triggered.
    #[ts(as = "Option<Moment>", inline)]
    workflow_created_at: Option<Moment>,
    label: Option<OneOrMany<String>>,
    #[ts(as = "Option<OneOrMany<CallbackState>>")]
    failure_function_state: Option<OneOrMany<&'static str>>,
    caller_ip: Option<OneOrMany<String>>,
    flow_control_key: Option<OneOrMany<String>>,
    /// From then on, it included.
    #[ts(as = "Option<Moment>", inline)]
    from_date: Option<Moment>,
    /// Up to then, it included.
    #[ts(as = "Option<Moment>", inline)]
    to_date: Option<Moment>,
}

/// A `Date` or its milliseconds, which the package's JavaScript makes a text of.
#[derive(Serialize, TS)]
#[ts(type = "Date | number")]
pub(super) struct Moment(String);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{js_pairs::Pairs, npm::filter};

    fn both(text: &str) -> [Option<OneOrMany<String>>; 2] {
        [OneOrMany::One(text.to_owned()), OneOrMany::Many(vec![text.to_owned()])].map(Some)
    }

    fn moment(millis: &str) -> Moment {
        Moment(millis.to_owned())
    }

    fn whole() -> [serde_json::Value; 2] {
        let states = || NAMED_STATES.map(|state| state.as_wire().unwrap());
        let [one, many] = [OneOrMany::One(states()[0]), OneOrMany::Many(states().to_vec())];
        let mut states = [Some(one), Some(many)];
        core::array::from_fn(|form| {
            let text = |text: &str| both(text).into_iter().nth(form).unwrap();
            let filter = DlqFilter {
                workflow_url: text("https://a.example/"),
                workflow_run_id: Some("wfr_a".to_owned()),
                workflow_created_at: Some(moment("1")),
                label: text("a"),
                failure_function_state: states[form].take(),
                caller_ip: text("127.0.0.1"),
                flow_control_key: text("a"),
                from_date: Some(moment("1")),
                to_date: Some(moment("2")),
            };
            serde_json::to_value(filter).unwrap()
        })
    }

    /// The names that the package's JavaScript accepts.
    fn accepted() -> Vec<&'static str> {
        let (names, _) = include_str!("../../../pkg/src/filter.mjs").split_once("const LEGACY").unwrap();
        let (_, names) = names.split_once("const LISTS").unwrap();
        names.split('"').skip(1).step_by(2).collect()
    }

    #[test]
    fn the_reader_takes_everything_that_the_type_allows() {
        for filter in whole() {
            let mut pairs = Vec::new();
            for (name, value) in filter.as_object().unwrap() {
                let values = value.as_array().map_or(core::slice::from_ref(value), Vec::as_slice);
                pairs.extend(values.iter().flat_map(|value| [name.as_str(), value.as_str().unwrap()]));
            }
            assert!(filter::read(Pairs(&pairs.join("\0"))).is_ok(), "{filter}");
        }
        assert!(filter::read(Pairs("zzz\0z")).is_err());
    }

    #[test]
    fn the_type_has_everything_that_the_package_takes() {
        let [filter, _] = whole();
        let mut declared: Vec<&String> = filter.as_object().unwrap().keys().collect();
        let mut accepted = accepted();
        declared.sort_unstable();
        accepted.sort_unstable();
        assert_eq!(declared, accepted);
    }
}
