//! `/v2/flowControl`: what a key's limits are and do, and the levers on it. Source: QStash OpenAPI and `@upstash/qstash`.

use serde_json::{Value, json};

use super::Engine;
use super::api::{ApiError, Request, Response};
use super::durations;
use super::flow::KeyState;
use super::time::Timestamp;

impl Engine {
    pub(super) fn flow_controls(&self, now: Timestamp) -> Response {
        let keys = self.outbox.flow.keys.iter().map(|(key, state)| self.flow_json(key, state, now));
        Response::json(200, &keys.collect::<Vec<_>>())
    }

    pub(super) fn flow_control(&self, key: &str, now: Timestamp) -> Result<Response, ApiError> {
        let state = self.outbox.flow.keys.get(key);
        let state = state.ok_or_else(|| ApiError::not_found("flow control key not found"))?;
        Ok(Response::json(200, &self.flow_json(key, state, now)))
    }

    pub(super) fn change_flow_control(
        &mut self,
        key: &str,
        action: &str,
        request: &Request,
        now: Timestamp,
    ) -> Result<Response, ApiError> {
        // A key may be paused or pinned before anything is published with it.
        let state = self.outbox.flow.keys.entry(key.to_owned()).or_default();
        match action {
            "pause" => state.paused = true,
            "resume" => state.paused = false,
            "resetRate" => state.reset_rate(),
            "pin" => {
                let parallelism = limit(request, "parallelism")?;
                let rate = limit(request, "rate")?;
                let period = request.parameter("period").map(|text| period_ms(&text)).transpose()?;
                state.pinned_parallelism = parallelism.or(state.pinned_parallelism);
                let present = state.rate();
                if rate.is_some() || period.is_some() {
                    let rate = rate.or(present.0).unwrap_or(u32::MAX);
                    state.pinned_rate = Some((rate, period.unwrap_or(present.1.max(1000))));
                }
            }
            "unpin" => {
                let wanted = |name: &str| request.parameter(name).is_some_and(|value| value == "true");
                if wanted("parallelism") {
                    state.pinned_parallelism = None;
                }
                if wanted("rate") {
                    state.pinned_rate = None;
                }
            }
            _ => return Err(ApiError::not_found("no such flow control action")),
        }
        self.outbox.stir();
        self.timeline.record(now, "flow_control", json!({ "key": key, "action": action }));
        Ok(Response::json(200, &json!({})))
    }

    fn flow_json(&self, key: &str, state: &KeyState, now: Timestamp) -> Value {
        let (rate, period_ms) = state.rate();
        let (count, first) = state.recent(now, self.scaled(period_ms));
        json!({
            "flowControlKey": key,
            "waitListSize": self.outbox.waiting(key),
            "parallelismMax": state.parallelism().unwrap_or(0),
            "parallelismCount": state.in_flight,
            "rateMax": rate.unwrap_or(0),
            "rateCount": count,
            "ratePeriod": period_ms / 1000,
            "ratePeriodStart": first.map_or(0, Timestamp::secs),
            "isPaused": state.paused,
            "isPinnedParallelism": state.pinned_parallelism.is_some(),
            "isPinnedRate": state.pinned_rate.is_some(),
        })
    }
}

fn limit(request: &Request, name: &str) -> Result<Option<u32>, ApiError> {
    let number = |text: String| {
        text.parse()
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(|| ApiError::bad_request(format!("invalid {name}: expected a positive whole number")))
    };
    request.parameter(name).map(number).transpose()
}

/// Seconds as a number, or a duration.
fn period_ms(text: &str) -> Result<u64, ApiError> {
    let secs = text.parse::<u64>().ok().and_then(|secs| secs.checked_mul(1000));
    secs.or_else(|| durations::parse(text).ok())
        .filter(|ms| *ms > 0)
        .ok_or_else(|| ApiError::bad_request("invalid period: expected seconds or a duration such as 1m"))
}
