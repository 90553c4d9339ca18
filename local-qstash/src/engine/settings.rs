//! What the `Upstash-*` headers of a published message, or of a callback, ask for.
//! Source: QStash OpenAPI, publish and trigger operations.

use super::api::ApiError;
use super::durations::{self, RetryDelay};
use super::flow::{FlowControl, Limits, is_resource_name};
use super::headers::Headers;
use super::time::Timestamp;

/// Fields that a message may ask to forward but that belong to the connection or to the server itself:
/// endpoints that trigger themselves pass on everything that they received.
const NOT_FORWARDED: &[&str] = &[
    "Accept-Encoding",
    "Connection",
    "Content-Length",
    "Expect",
    "Host",
    "Keep-Alive",
    "Te",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Upstash-Caller-Ip",
    "Upstash-Flow-Control-Key",
    "Upstash-Flow-Control-Value",
    "Upstash-Label",
    "Upstash-Message-Id",
    "Upstash-Region",
    "Upstash-Retried",
    "Upstash-Retries",
    "Upstash-Retry-Delay",
    "Upstash-Signature",
    "Upstash-Workflow-Calltype",
    "Upstash-Workflow-Createdat",
    "Upstash-Workflow-Init",
    "Upstash-Workflow-Runid",
    "Upstash-Workflow-Unknown-Sdk",
    "Upstash-Workflow-Url",
    "User-Agent",
];

/// A URL to call back with the headers that configure that call, renamed as if it were a message of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Callback {
    pub(crate) url: String,
    pub(crate) headers: Headers,
}

/// The parsed `Upstash-*` headers of one message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directives {
    pub(crate) method: Option<String>,
    pub(crate) retries: Option<u32>,
    pub(crate) retry_delay: Option<RetryDelay>,
    pub(crate) delay_ms: Option<u64>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) flow: Option<FlowControl>,
    pub(crate) labels: Option<Vec<String>>,
    pub(crate) forward: Headers,
    pub(crate) content_type: Option<String>,
    pub(crate) callback: Option<Callback>,
    pub(crate) failure_callback: Option<Callback>,
}

impl Directives {
    pub(crate) fn parse(headers: &Headers) -> Result<Self, ApiError> {
        let mut forward = headers.rebased("Upstash-Forward-", "");
        let forwarded_label = forward.value("Upstash-Label").map(str::to_owned);
        forward.retain(|name| !NOT_FORWARDED.contains(&name));
        let label = headers.value("Upstash-Label").map(str::to_owned).or(forwarded_label);
        Ok(Self {
            method: headers.value("Upstash-Method").map(method).transpose()?,
            retries: headers.value("Upstash-Retries").map(retries).transpose()?,
            retry_delay: headers.value("Upstash-Retry-Delay").map(retry_delay).transpose()?,
            delay_ms: headers
                .value("Upstash-Delay")
                .map(|text| duration("Upstash-Delay", text))
                .transpose()?,
            not_before: headers.value("Upstash-Not-Before").map(not_before).transpose()?,
            timeout_ms: headers
                .value("Upstash-Timeout")
                .map(|text| duration("Upstash-Timeout", text))
                .transpose()?,
            flow: flow_control(headers)?,
            labels: label.as_deref().map(labels).transpose()?,
            content_type: forward
                .value("Content-Type")
                .or_else(|| headers.value("Content-Type"))
                .map(str::to_owned),
            callback: callback(headers, "Upstash-Callback")?,
            failure_callback: callback(headers, "Upstash-Failure-Callback")?,
            forward,
        })
    }

    /// When a message with these directives may first be delivered; delays are mapped by `scale`.
    pub(crate) fn due(&self, now: Timestamp, scale: impl Fn(u64) -> u64) -> Timestamp {
        let wait = self.not_before.map_or_else(|| self.delay_ms.unwrap_or(0), |at| at.since(now));
        now.plus(scale(wait))
    }
}

/// The seven headers that a resume or restart may carry to change the run.
/// Source: QStash OpenAPI, `/v2/workflows/dlq/resume/{dlqId}` and its siblings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) retries: Option<u32>,
    pub(crate) retry_delay: Option<RetryDelay>,
    pub(crate) delay_ms: Option<u64>,
    pub(crate) flow_key: Option<String>,
    pub(crate) flow_limits: Option<Limits>,
    pub(crate) labels: Option<Vec<String>>,
    pub(crate) failure_callback: Option<String>,
    /// The headers themselves, for the timeline.
    pub(crate) given: Headers,
}

impl Overrides {
    const NAMES: [&str; 7] = [
        "Upstash-Retries",
        "Upstash-Retry-Delay",
        "Upstash-Delay",
        "Upstash-Flow-Control-Key",
        "Upstash-Flow-Control-Value",
        "Upstash-Label",
        "Upstash-Failure-Callback",
    ];

    pub(crate) fn parse(headers: &Headers) -> Result<Self, ApiError> {
        let mut given = Headers::new();
        for name in Self::NAMES {
            if let Some(value) = headers.value(name) {
                given.insert(name, value);
            }
        }
        Ok(Self {
            retries: given.value("Upstash-Retries").map(retries).transpose()?,
            retry_delay: given.value("Upstash-Retry-Delay").map(retry_delay).transpose()?,
            delay_ms: given.value("Upstash-Delay").map(|text| duration("Upstash-Delay", text)).transpose()?,
            flow_key: given.value("Upstash-Flow-Control-Key").map(flow_key).transpose()?,
            flow_limits: given.value("Upstash-Flow-Control-Value").map(Limits::parse).transpose()?,
            labels: given.value("Upstash-Label").map(labels).transpose()?,
            failure_callback: given
                .value("Upstash-Failure-Callback")
                .map(|url| absolute_url("Upstash-Failure-Callback", url))
                .transpose()?,
            given,
        })
    }

    /// The flow control that holds after the override of `original`; either part may be overridden alone.
    pub(crate) fn flow(&self, original: Option<&FlowControl>) -> Option<FlowControl> {
        let key = self.flow_key.as_ref().or_else(|| original.map(|flow| &flow.key))?;
        let limits = self.flow_limits.or_else(|| original.map(|flow| flow.limits))?;
        Some(FlowControl { key: key.clone(), limits })
    }
}

/// Whether `text` can be the destination of a message.
pub(crate) fn is_absolute_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !authority.is_empty() && !text.contains(char::is_whitespace)
    })
}

fn absolute_url(header: &str, text: &str) -> Result<String, ApiError> {
    if is_absolute_url(text) {
        Ok(text.to_owned())
    } else {
        Err(ApiError::header(header, "expected an absolute http:// or https:// URL"))
    }
}

fn callback(headers: &Headers, name: &str) -> Result<Option<Callback>, ApiError> {
    let Some(url) = headers.value(name) else { return Ok(None) };
    let url = absolute_url(name, url)?;
    let headers = headers.rebased(&format!("{name}-"), "Upstash-");
    // Parsed once here so that the publisher, not the failing run, hears of a mistake.
    Directives::parse(&headers).map_err(|error| ApiError { status: error.status, message: error.message })?;
    Ok(Some(Callback { url, headers }))
}

fn method(text: &str) -> Result<String, ApiError> {
    let method = text.to_ascii_uppercase();
    match method.as_str() {
        "DELETE" | "GET" | "PATCH" | "POST" | "PUT" => Ok(method),
        _ => Err(ApiError::header("Upstash-Method", "expected GET, POST, PUT, PATCH or DELETE")),
    }
}

fn retries(text: &str) -> Result<u32, ApiError> {
    text.trim()
        .parse()
        .map_err(|_| ApiError::header("Upstash-Retries", "expected a whole number that is not negative"))
}

fn retry_delay(text: &str) -> Result<RetryDelay, ApiError> {
    RetryDelay::parse(text).map_err(|problem| ApiError::header("Upstash-Retry-Delay", problem))
}

fn duration(header: &str, text: &str) -> Result<u64, ApiError> {
    durations::parse(text).map_err(|problem| ApiError::header(header, problem))
}

fn not_before(text: &str) -> Result<Timestamp, ApiError> {
    text.trim()
        .parse::<u64>()
        .ok()
        .and_then(|secs| secs.checked_mul(1000))
        .map(Timestamp::from_millis)
        .ok_or_else(|| ApiError::header("Upstash-Not-Before", "expected Unix seconds"))
}

fn flow_key(text: &str) -> Result<String, ApiError> {
    if is_resource_name(text) {
        Ok(text.to_owned())
    } else {
        Err(ApiError::header("Upstash-Flow-Control-Key", "expected letters, digits, '-', '_' and '.'"))
    }
}

fn flow_control(headers: &Headers) -> Result<Option<FlowControl>, ApiError> {
    match (headers.value("Upstash-Flow-Control-Key"), headers.value("Upstash-Flow-Control-Value")) {
        (Some(key), Some(value)) => {
            Ok(Some(FlowControl { key: flow_key(key)?, limits: Limits::parse(value)? }))
        }
        (Some(_), None) => {
            Err(ApiError::header("Upstash-Flow-Control-Value", "required where a key is given"))
        }
        (None, Some(_)) => {
            Err(ApiError::header("Upstash-Flow-Control-Key", "required where a value is given"))
        }
        (None, None) => Ok(None),
    }
}

fn labels(text: &str) -> Result<Vec<String>, ApiError> {
    let labels: Vec<String> = text.split(',').map(|label| label.trim().to_owned()).collect();
    if labels.iter().all(|label| is_resource_name(label)) {
        Ok(labels)
    } else {
        let accepted = "expected labels of letters, digits, '-', '_' and '.', joined by commas";
        Err(ApiError::header("Upstash-Label", accepted))
    }
}
