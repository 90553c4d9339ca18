//! What headers say about runs that come back.

use super::entrance::Asked;
use super::values::{Kind, refused};

/// The seven settings that may differ from the original run's, by the ends of their names.
static SETTINGS: [(&str, &str, Kind); 7] = [
    ("retries", "Upstash-Retries", Kind::Retries),
    ("delay", "Upstash-Delay", Kind::Delay),
    ("retry-delay", "Upstash-Retry-Delay", Kind::RetryDelay),
    ("flow-control-key", "Upstash-Flow-Control-Key", Kind::FlowControlKey),
    ("flow-control-value", "Upstash-Flow-Control-Value", Kind::Limits),
    ("label", "Upstash-Label", Kind::Labels),
    ("failure-callback", "Upstash-Failure-Callback", Kind::Url),
];

/// Reads the headers of settings; only for calls that bring runs back do they mean anything.
///
/// What else begins with `Upstash-` could change a run and is refused, except for what says who is asking.
pub(super) fn read(asked: &Asked<'_>, revives: bool) -> Result<Vec<(&'static str, String)>, String> {
    let mut read = Vec::new();
    let mut limits = 0_u8;
    for (name, value) in asked.headers {
        let Some(end) = name.strip_prefix("upstash-") else { continue };
        if end == "region" || end.starts_with("telemetry-") {
            continue;
        }
        let setting = SETTINGS.iter().find(|(known, ..)| revives && *known == end);
        let Some((_, name, kind)) = setting else {
            return Err(refused(
                name,
                if revives { UNKNOWN } else { "not for this call; accepted: Upstash-Region" },
            ));
        };
        limits |= match kind {
            Kind::FlowControlKey => 1,
            Kind::Limits => 2,
            _ => 0,
        };
        read.push((*name, kind.read(name, value)?));
    }
    if limits == 2 {
        return Err(refused(
            "Upstash-Flow-Control-Value",
            "accepted: together with Upstash-Flow-Control-Key",
        ));
    }
    Ok(read)
}

const UNKNOWN: &str = "unknown; accepted: Upstash-Retries, -Delay, -Retry-Delay, -Flow-Control-Key, \
    -Flow-Control-Value, -Label, -Failure-Callback, -Region";
