//! Calls of a job that overlap.

use core::mem;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::super::machine::{Ask, Machine};
use super::super::{BulkError, BulkJob, Client, Step, World};
use crate::dlq::{TransportError, Transported};

/// How many calls a job may make at once unless something else is said: enough to go through ten thousand entries in
/// about a second where an answer takes 50 ms.
pub const LANES: usize = 24;

/// A job under way, with several calls at once.
///
/// Calls that are under way when it is dropped are given up; a job that is gone on with settles them by looking. Who
/// wants to end in an orderly way says [`stop`](Self::stop) and asks for the rest.
pub struct Lanes<'a, W> {
    job: &'a mut BulkJob,
    client: &'a Client<W>,
    /// What each lane waits for.
    waits: Vec<Option<Wait<'a>>>,
}

type Wait<'a> = Pin<Box<dyn Future<Output = Option<Transported>> + 'a>>;

impl BulkJob {
    /// Goes on with up to this many calls at once; see [`LANES`]. Each takes a page and acts on its entries; 0 is taken
    /// for 1.
    pub fn lanes<'a, W: World>(&'a mut self, client: &'a Client<W>, count: usize) -> Lanes<'a, W> {
        // Those that an earlier end has left in the middle of a page are brought to its end too.
        let count = count.max(self.lanes.len()).max(1);
        Lanes { job: self, client, waits: (0..count).map(|_| None).collect() }
    }
}

impl BulkJob {
    /// Notes whether a lane has a request under way, and says whether it had.
    fn is_out(&mut self, lane: usize, is_now: bool) -> bool {
        self.lanes.get_mut(lane).is_some_and(|lane| mem::replace(&mut lane.is_out, is_now))
    }
}

impl<W: World> Lanes<'_, W> {
    /// Deals with a page that has something to do; `None` when the job has ended.
    ///
    /// An error of the list comes when all other pages are dealt with. After it the same page may be asked for again.
    pub async fn next(&mut self) -> Option<Result<Step, BulkError>> {
        poll_fn(|context| self.poll(context)).await
    }

    /// As [`BulkJob::stop`].
    pub const fn stop(&mut self) {
        self.job.stop();
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Step, BulkError>>> {
        let client = self.client;
        loop {
            let (mut is_waiting, mut has_moved) = (false, false);
            for (lane, wait) in self.waits.iter_mut().enumerate() {
                let came = match wait {
                    // A call that was given up midway may have been done: as after a lost answer, looking tells.
                    None => {
                        self.job.is_out(lane, false).then(|| Err(TransportError::interrupted("given up")))
                    }
                    Some(future) => match future.as_mut().poll(context) {
                        Poll::Pending => {
                            is_waiting = true;
                            continue;
                        }
                        Poll::Ready(came) => came,
                    },
                };
                let job = self.job.on(lane);
                let ask = job.step(came, &client.moment());
                job.is_out(lane, matches!(ask, Ask::Send(_)));
                *wait = match ask {
                    Ask::Send(timeout) => {
                        let request = job.request().clone();
                        Some(Box::pin(async move { Some(client.world.send(request, timeout).await) }))
                    }
                    Ask::Wait(span) => Some(Box::pin(async move {
                        client.world.wait(span).await;
                        None
                    })),
                    Ask::Nothing => None,
                };
                if let Some(outcome) = job.take_outcome() {
                    return Poll::Ready(Some(outcome));
                }
                has_moved |= wait.is_some();
            }
            // What has moved may be ready already, and may have brought something to do for those that have nothing.
            if !has_moved {
                return if is_waiting { Poll::Pending } else { Poll::Ready(None) };
            }
        }
    }
}
