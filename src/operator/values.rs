//! Values of query keys and headers: each is read as the type that it stands for, and written anew.

use crate::dlq::{CallbackState, FlowControlKey, FlowControlValue, GoDuration, Label, Labels, RetryDelay};
use crate::http_url::{HttpUrl, is_ip_address};
use crate::ids::{DlqId, RunId};
use crate::text::{Say, cut, said};
use crate::time::{decimal, parse_wire_time};

/// What a value stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Anything: what the service makes of it changes nothing.
    Any,
    Address,
    CallbackState,
    Count,
    Cursor,
    Delay,
    Entry,
    FlowControlKey,
    From,
    Label,
    Labels,
    Limits,
    Moment,
    Retries,
    RetryDelay,
    Run,
    To,
    True,
    Url,
    /// The one queue that is served here.
    Workflow,
}

impl Kind {
    /// The value as it is sent on; `name` is what the error calls it.
    pub(super) fn read(self, name: &str, text: &str) -> Result<String, String> {
        let read = match self {
            Self::Any | Self::Count | Self::Cursor => Ok(None),
            Self::Address => accept(is_ip_address(text), "an IPv4 or IPv6 address"),
            Self::CallbackState => accept(
                CallbackState::from_wire(text) != CallbackState::Unknown,
                "CALLBACK_INPROGRESS, CALLBACK_SUCCESS, CALLBACK_FAIL and CALLBACK_CANCELED",
            ),
            // The documented units of a delay end at seconds.
            Self::Delay => checked(GoDuration::parse(text), |delay| Some(said(&delay.rounded_up_to_secs()))),
            Self::Entry => checked(DlqId::new(text), |_| None),
            Self::FlowControlKey => checked(FlowControlKey::new(text), |_| None),
            Self::Label => checked(Label::new(text), |_| None),
            Self::Labels => checked(Labels::parse(text), |labels| Some(said(&labels))),
            Self::Limits => checked(FlowControlValue::parse(text), |limits| Some(said(&limits))),
            Self::From | Self::Moment | Self::To => {
                match decimal(text).or_else(|| Some(parse_wire_time(text)?.as_millis())) {
                    Some(millis) => Ok(Some(said(&millis))),
                    None => accept(false, "epoch milliseconds, and times such as 2026-05-29T14:12:51Z"),
                }
            }
            Self::Retries => accept(
                decimal(text).is_some_and(|number| u32::try_from(number).is_ok()),
                "whole numbers from 0 to 4294967295",
            ),
            Self::RetryDelay => checked(RetryDelay::parse(text), |_| None),
            // The service reads a comma as "or".
            Self::Run if cut(text, b',').is_some() => accept(false, "a run id without a comma"),
            Self::Run => checked(RunId::new(text), |_| None),
            Self::True => accept(text == "true", "true"),
            Self::Url => checked(HttpUrl::parse(text), |_| None),
            Self::Workflow => accept(text == "workflow", "workflow"),
        };
        match read {
            Ok(written) => Ok(written.unwrap_or_else(|| text.to_owned())),
            Err(why) => Err(refused(name, &why)),
        }
    }
}

/// The words for a value that is refused.
pub(super) fn refused(name: &str, why: &str) -> String {
    ["`", name, "`: ", why].concat()
}

fn accept(is_sound: bool, accepted: &str) -> Result<Option<String>, String> {
    if is_sound { Ok(None) } else { Err(["accepted: ", accepted].concat()) }
}

/// `written` writes what is not sent on as it came.
fn checked<T, E: Say>(
    read: Result<T, E>,
    written: fn(T) -> Option<String>,
) -> Result<Option<String>, String> {
    read.map(written).map_err(|error| said(&error))
}
