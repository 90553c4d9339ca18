//! Failure callbacks.

use super::{args::Args, error::error};
use crate::js_pairs::Pairs;
use crate::{
    callback::{CallbackHeaders, Failure, FailureReader},
    text::said,
    time::Timestamp,
};

/// Apart, so that it is compiled once.
pub(super) fn headers_of(headers: Pairs<'_>) -> CallbackHeaders {
    CallbackHeaders::read(|name| headers.value(name))
}

pub(super) fn read(body: &[u8], headers: CallbackHeaders, now: Timestamp) -> Result<Failure, String> {
    let mut reader = FailureReader::new(headers);
    reader.push(body);
    reader.finish(now).map_err(|fault| error(fault.code(), &said(&fault)).end())
}

/// The next argument as a point in time, in epoch milliseconds; an error with this code for what no `Date` can be.
pub(super) fn timestamp(code: &str, args: &mut Args<'_>) -> Result<Timestamp, String> {
    const MAX: u64 = 8_640_000_000_000_000;
    match args.number() {
        Some(millis @ 0..=MAX) => Ok(Timestamp::from_millis(millis)),
        _ => Err(error(code, "`now` must be epoch milliseconds, as `Date.now()` gives them").end()),
    }
}
