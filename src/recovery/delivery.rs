//! One callback in the hands of a shell that takes the steps itself.

use core::mem;

use super::{Admission, Arrival, Conclusion, Moment, Recovery, Refusal};
use crate::{
    callback::{CallbackHeaders, FailureReader},
    policy::Policy,
    settings::Settings,
    signature::BodyDigest,
    time::Timestamp,
};

/// A delivery of a callback, from its token to its conclusion.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// When it arrived.
    pub(crate) started: Timestamp,
    pub(crate) stage: Stage,
}

/// How far a delivery has got.
#[derive(Debug)]
pub(crate) enum Stage {
    /// The token is good, and the body is coming in.
    Body(Box<Body>),
    /// The failure is dealt with, step by step.
    Recovery(Box<Recovery>),
    /// There is nothing left to do.
    Over(Box<Conclusion>),
}

/// A body on its way in. Whoever brings it hashes it, too.
#[derive(Debug)]
pub(crate) struct Body {
    admission: Admission,
    reader: FailureReader,
}

/// How a body has ended.
#[derive(Debug)]
pub(crate) enum BodyEnd {
    /// It was read to its end; this is its SHA-256.
    Whole(BodyDigest),
    /// It has more bytes than may be read.
    TooLarge,
    /// The rest does not come.
    Lost,
}

impl Delivery {
    /// Checks the token: nobody may read a byte of the body before.
    pub(crate) fn begin(
        settings: &Settings,
        arrival: &Arrival,
        headers: &dyn Fn() -> CallbackHeaders,
        started: Timestamp,
    ) -> Self {
        let stage = match Admission::check(settings, arrival, started) {
            Ok(admission) => Stage::Body(Box::new(Body { admission, reader: FailureReader::new(headers()) })),
            Err(refusal) => Stage::refused(refusal),
        };
        Self { started, stage }
    }

    /// The most bytes of the body that may be read.
    pub(crate) const fn max_body_bytes(&self) -> u64 {
        match &self.stage {
            Stage::Body(body) => body.admission.max_body_bytes(),
            Stage::Recovery(_) | Stage::Over(_) => 0,
        }
    }

    /// Brings a piece of the body.
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        if let Stage::Body(body) = &mut self.stage {
            body.reader.push(chunk);
        }
    }

    /// The body is over, or will not come.
    pub(crate) fn end_body(&mut self, end: &BodyEnd, policy: &Policy, moment: Moment) {
        let unreadable = Stage::refused(Refusal::body_unreadable());
        let Body { admission, reader } = match mem::replace(&mut self.stage, unreadable) {
            Stage::Body(body) => *body,
            later => return self.stage = later,
        };
        self.stage = match end {
            BodyEnd::Whole(digest) => {
                match admission.begin(policy, *digest, &reader.finish(self.started), moment) {
                    Ok(recovery) => Stage::Recovery(recovery),
                    Err(refusal) => Stage::refused(refusal),
                }
            }
            BodyEnd::TooLarge => Stage::refused(Refusal::TooLarge { limit: admission.max_body_bytes() }),
            BodyEnd::Lost => return,
        }
    }
}

impl Stage {
    pub(crate) fn refused(refusal: Refusal) -> Self {
        Self::Over(Box::new(Conclusion::refused(refusal)))
    }
}
