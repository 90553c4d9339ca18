//! Faults by chance: `--fault KIND:RATE`, from the seed, so that the same requests in the same order meet the same ones.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use workflow_redrive::dlq::GoDuration;

use super::faults::Effect;
use crate::engine::{Headers, Ids, Response};

/// What `1` is made of.
const PARTS: u32 = 1_000_000;

/// One kind of fault and how often it hits a request of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultRate {
    kind: Kind,
    /// Of [`PARTS`].
    parts: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    DropAnswer,
    DropRequest,
    Slow { millis: u64 },
    Status(u16),
    Truncate,
}

/// What `--fault` does not take.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidFaultError {
    /// Not one of the kinds.
    #[error(
        "not a fault: expected drop-request:RATE, drop-answer:RATE, truncate:RATE, slow:RATE:TIME, or status-CODE:RATE with \
         a code from 400 to 599"
    )]
    Kind,
    /// Not a share of all requests.
    #[error("not a rate: expected a number from 0 to 1, such as 0.05")]
    Rate,
    /// Not how long an answer takes.
    #[error("not a time: expected one such as 2s or 300ms")]
    Time,
    /// More faults than requests.
    #[error("the rates of all faults add up to more than 1")]
    Sum,
}

/// Every kind with its rate; a request meets one of them at most. Default: none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultRates(Vec<FaultRate>);

impl FaultRates {
    /// Rates that add up to 1 at most.
    pub fn new(rates: Vec<FaultRate>) -> Result<Self, InvalidFaultError> {
        let sum: u64 = rates.iter().map(|rate| u64::from(rate.parts)).sum();
        if sum > u64::from(PARTS) {
            return Err(InvalidFaultError::Sum);
        }
        Ok(Self(rates))
    }

    /// The fault of the next request.
    pub(super) fn roll(&self, dice: &mut Ids) -> Option<FaultRate> {
        let mut roll = dice.below(PARTS.into());
        for rate in &self.0 {
            match roll.checked_sub(rate.parts.into()) {
                None => return Some(*rate),
                Some(rest) => roll = rest,
            }
        }
        None
    }
}

impl FaultRate {
    pub(super) fn effect(self) -> Effect {
        match self.kind {
            Kind::DropAnswer => Effect::DropAfter,
            Kind::DropRequest => Effect::DropBefore,
            Kind::Slow { millis } => Effect::Delay { millis },
            Kind::Status(status) => {
                let body = br#"{"error":"a fault by chance"}"#.to_vec();
                Effect::Answer(Response { status, headers: Headers::new(), body })
            }
            Kind::Truncate => Effect::Truncate,
        }
    }
}

impl FromStr for FaultRate {
    type Err = InvalidFaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, rate) = text.split_once(':').ok_or(InvalidFaultError::Kind)?;
        let (rate, time) = rate.split_once(':').map_or((rate, None), |(rate, time)| (rate, Some(time)));
        let kind = match (kind, time) {
            ("drop-answer", None) => Kind::DropAnswer,
            ("drop-request", None) => Kind::DropRequest,
            ("truncate", None) => Kind::Truncate,
            ("slow", Some(time)) => {
                let time = GoDuration::parse(time).map_err(|_| InvalidFaultError::Time)?;
                Kind::Slow { millis: time.as_millis() }
            }
            ("slow", None) => return Err(InvalidFaultError::Time),
            (kind, None) => {
                let code = kind.strip_prefix("status-").and_then(|code| code.parse().ok());
                let code = code.filter(|code| (400..600).contains(code));
                Kind::Status(code.ok_or(InvalidFaultError::Kind)?)
            }
            _ => return Err(InvalidFaultError::Kind),
        };
        Ok(Self { kind, parts: parts(rate).ok_or(InvalidFaultError::Rate)? })
    }
}

/// The name of the kind.
impl fmt::Display for FaultRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::DropAnswer => f.write_str("drop-answer"),
            Kind::DropRequest => f.write_str("drop-request"),
            Kind::Slow { .. } => f.write_str("slow"),
            Kind::Status(status) => write!(f, "status-{status}"),
            Kind::Truncate => f.write_str("truncate"),
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and a million")]
fn parts(rate: &str) -> Option<u32> {
    let rate: f64 = rate.parse().ok()?;
    (0.0..=1.0).contains(&rate).then(|| (rate * f64::from(PARTS)).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::{FaultRate, FaultRates, InvalidFaultError};
    use crate::engine::Ids;

    fn rates(texts: &[&str]) -> FaultRates {
        FaultRates::new(texts.iter().map(|text| text.parse().unwrap()).collect()).unwrap()
    }

    fn rolled(rates: &FaultRates, seed: u64) -> Vec<Option<String>> {
        let mut dice = Ids::new(seed);
        (0..10_000).map(|_| rates.roll(&mut dice).map(|rate| rate.to_string())).collect()
    }

    #[test]
    fn each_kind_comes_as_often_as_it_is_asked_for_and_the_same_way_from_the_same_seed() {
        let rates = rates(&[
            "drop-request:0.02",
            "drop-answer:0.05",
            "slow:0.1:2s",
            "status-503:0.2",
            "truncate:0.3",
        ]);
        let rolled_once = rolled(&rates, 7);
        assert_eq!(rolled(&rates, 7), rolled_once);
        assert_ne!(rolled(&rates, 8), rolled_once);
        for (name, expected) in [
            (Some("drop-request"), 200),
            (Some("drop-answer"), 500),
            (Some("slow"), 1000),
            (Some("status-503"), 2000),
            (Some("truncate"), 3000),
            (None, 3300),
        ] {
            let count = rolled_once.iter().filter(|rolled| rolled.as_deref() == name).count();
            assert!(count.abs_diff(expected) < expected / 4, "{name:?}: {count}");
        }
    }

    #[test]
    fn nothing_and_everything_are_rates_too() {
        assert!(rolled(&rates(&["truncate:0"]), 1).iter().all(Option::is_none));
        assert!(rolled(&rates(&["truncate:1"]), 1).iter().all(Option::is_some));
        assert!(rolled(&FaultRates::default(), 1).iter().all(Option::is_none));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, error) in [
            ("drop-answer", InvalidFaultError::Kind),
            ("drop-anwser:0.1", InvalidFaultError::Kind),
            ("status-200:0.1", InvalidFaultError::Kind),
            ("status-:0.1", InvalidFaultError::Kind),
            ("status-600:0.1", InvalidFaultError::Kind),
            ("truncate:0.1:2s", InvalidFaultError::Kind),
            ("slow:0.1", InvalidFaultError::Time),
            ("slow:0.1:2", InvalidFaultError::Time),
            ("drop-answer:", InvalidFaultError::Rate),
            ("drop-answer:1.01", InvalidFaultError::Rate),
            ("drop-answer:-0.1", InvalidFaultError::Rate),
            ("drop-answer:NaN", InvalidFaultError::Rate),
        ] {
            assert_eq!(text.parse::<FaultRate>(), Err(error), "{text}");
        }
        let two = ["drop-answer:0.6", "truncate:0.6"].map(|text| text.parse().unwrap()).to_vec();
        assert_eq!(FaultRates::new(two), Err(InvalidFaultError::Sum));
    }
}
