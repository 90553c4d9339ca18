//! Behaviours of the real service that are not public, or that its documents contradict themselves about.
//! Every one is a switch, so that code can be tested against each answer.

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

macro_rules! switches {
    ($($(#[doc = $doc:literal])+ $field:ident: $kind:ident = $name:literal { $($(#[doc = $vdoc:literal])+ $variant:ident = $value:literal),+ $(,)? } default $default:ident;)+) => {
        /// The state of every switch; see the README for what each one stands for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Switches {
            $($(#[doc = $doc])+ pub $field: $kind,)+
        }

        $(
            $(#[doc = $doc])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            #[non_exhaustive]
            pub enum $kind { $($(#[doc = $vdoc])+ $variant,)+ }
        )+

        impl Default for Switches {
            fn default() -> Self {
                Self { $($field: $kind::$default,)+ }
            }
        }

        impl Switches {
            /// Sets one switch by its names.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), SwitchError> {
                match name {
                    $($name => {
                        self.$field = match value {
                            $($value => $kind::$variant,)+
                            _ => return Err(SwitchError::Value {
                                name: $name,
                                accepted: [$($value),+].join(", "),
                            }),
                        };
                    })+
                    _ => return Err(SwitchError::Name { accepted: [$($name),+].join(", ") }),
                }
                Ok(())
            }

            /// Every switch by name with its present value.
            #[must_use]
            pub fn to_map(&self) -> BTreeMap<&'static str, &'static str> {
                BTreeMap::from([$(($name, match self.$field { $($kind::$variant => $value,)+ }),)+])
            }
        }
    };
}

switches! {
    /// Whether a resumed or restarted entry leaves the dead letter queue.
    entry_on_resume: EntryOnResume = "entry-on-resume" {
        /// It is removed.
        Removed = "removed",
        /// It stays.
        Kept = "kept",
    } default Removed;
    /// What a second resume of a kept entry does.
    second_resume: SecondResume = "second-resume" {
        /// 404, as if it were gone.
        NotFound = "404",
        /// Another run.
        NewRun = "new-run",
    } default NotFound;
    /// Whether failure callbacks of workflow runs carry `dlqId`.
    callback_dlq_id: CallbackDlqId = "callback-dlq-id" {
        /// They do.
        Present = "present",
        /// They do not.
        Absent = "absent",
    } default Present;
    /// Whether `Upstash-Failure-Callback` of a resume applies to the resumed run's own failure.
    failure_callback_override: FailureCallbackOverride = "failure-callback-override" {
        /// The resumed run calls the overriding URL.
        Kept = "kept",
        /// The resumed run calls the URL of the original trigger.
        Dropped = "dropped",
    } default Kept;
    /// What `Upstash-Label` of a resume does to the run's labels.
    label_override: LabelOverride = "label-override" {
        /// It replaces them.
        Replace = "replace",
        /// It adds to them.
        Append = "append",
    } default Replace;
    /// What a bulk call does when some of its ids do not exist.
    bulk_missing_id: BulkMissingId = "bulk-missing-id" {
        /// 404, and nothing is done.
        RefuseAll = "404-all",
        /// The other ids are acted on.
        ActOnRest = "act-on-rest",
    } default RefuseAll;
    /// Which run id the header of a resumed run's failure callback names.
    callback_run_id_header: CallbackRunIdHeader = "callback-run-id-header" {
        /// The failed run.
        New = "new",
        /// The run that was triggered in the beginning.
        Original = "original",
    } default New;
    /// Whether deliveries carry no body, so that the endpoint must fetch the steps.
    lazy_fetch: LazyFetch = "lazy-fetch" {
        /// Deliveries carry the steps.
        Off = "off",
        /// Deliveries are empty.
        On = "on",
    } default Off;
    /// How a last page is marked.
    cursor_end: CursorEnd = "cursor-end" {
        /// No `cursor` field.
        Absent = "absent",
        /// `"cursor": ""`.
        Empty = "empty",
    } default Absent;
    /// How creation times are written.
    created_at: CreatedAt = "created-at" {
        /// As JSON numbers.
        Number = "number",
        /// As JSON strings of digits.
        String = "string",
    } default Number;
    /// How header values are written in failure callbacks.
    source_header: SourceHeader = "source-header" {
        /// `{"N": ["v"]}`.
        List = "list",
        /// `{"N": "v"}`.
        String = "string",
    } default List;
    /// Under which names DLQ entries carry labels.
    label_field: LabelField = "label-field" {
        /// Only `label`.
        Label = "label",
        /// Only `labels`.
        Labels = "labels",
        /// Both.
        Both = "both",
    } default Both;
    /// Under which names DLQ entries carry the failure callback's state.
    state_field: StateField = "state-field" {
        /// Only `failureFunctionState`.
        FailureFunctionState = "failureFunctionState",
        /// Only `failureCallbackInfo`.
        FailureCallbackInfo = "failureCallbackInfo",
        /// Both.
        Both = "both",
    } default Both;
    /// The order of DLQ pages.
    list_order: ListOrder = "list-order" {
        /// Oldest entry first.
        Earliest = "earliest",
        /// Newest entry first.
        Latest = "latest",
    } default Earliest;
}

/// A switch that does not exist, or a value that it does not have.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SwitchError {
    /// No such switch.
    #[error("unknown switch: expected one of {accepted}")]
    Name {
        /// The names that exist.
        accepted: String,
    },
    /// No such value.
    #[error("unknown value of switch {name}: expected one of {accepted}")]
    Value {
        /// The switch.
        name: &'static str,
        /// The values it has.
        accepted: String,
    },
}

impl Serialize for Switches {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_map().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::Switches;

    #[test]
    fn every_switch_can_be_set_to_the_value_that_it_reports() {
        let defaults = Switches::default();
        let mut switches = Switches::default();
        for (name, value) in defaults.to_map() {
            switches.set(name, value).unwrap();
        }
        assert_eq!(switches, defaults);
    }

    #[test]
    fn errors_name_what_is_accepted() {
        let error = Switches::default().set("lazy-fetch", "maybe").unwrap_err();
        assert_eq!(error.to_string(), "unknown value of switch lazy-fetch: expected one of off, on");
    }
}
