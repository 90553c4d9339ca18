//! Connections that each send one callback after the other.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::{Body, Frame, SizeHint};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Order;
use crate::callback::{Callback, Callbacks};
use crate::patient::Patient;
use crate::report::{Report, Tally};

/// Callbacks that there were, over all orders.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// Connections that break in a row before the Worker is taken for dead.
const MAX_BROKEN: u32 = 20;

/// Carries out an order.
pub(crate) async fn run(order: &Order) -> io::Result<Report> {
    let callbacks = Arc::new(Callbacks::new(order.kind, &order.url, &order.key, order.bytes));
    let left = Arc::new(AtomicU64::new(order.requests));
    let begun = Instant::now();
    let until = begun + Duration::from_secs_f64(order.seconds);
    let mut connections = JoinSet::new();
    for _ in 0..order.connections {
        connections.spawn(connection(order.port, Arc::clone(&callbacks), Arc::clone(&left), until));
    }
    let mut tally = Tally::default();
    while let Some(ended) = connections.join_next().await {
        tally.add(ended??);
    }
    Ok(tally.report(begun.elapsed()))
}

/// One request after the other, over a new connection where the Worker ends one.
async fn connection(
    port: u16,
    callbacks: Arc<Callbacks>,
    left: Arc<AtomicU64>,
    until: Instant,
) -> io::Result<Tally> {
    let mut tally = Tally::default();
    let mut broken = 0;
    while Instant::now() < until {
        let mut sender = connect(port).await?;
        while Instant::now() < until && sender.ready().await.is_ok() {
            if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err() {
                return Ok(tally);
            }
            let request = request(port, callbacks.number(NUMBERS.fetch_add(1, Ordering::Relaxed)));
            let sent = Instant::now();
            match exchange(&mut sender, request).await {
                Ok(status) => {
                    tally.answered(status, sent.elapsed());
                    broken = 0;
                }
                Err(_) if broken < MAX_BROKEN => {
                    tally.broken();
                    broken += 1;
                    break;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }
    Ok(tally)
}

async fn connect(port: u16) -> io::Result<SendRequest<Parts>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) =
        http1::handshake(TokioIo::new(Patient(stream))).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    Ok(sender)
}

/// The status, once the whole answer is there.
async fn exchange(sender: &mut SendRequest<Parts>, request: Request<Parts>) -> hyper::Result<u16> {
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    response.into_body().collect().await?;
    Ok(status)
}

fn request(port: u16, callback: Callback) -> Request<Parts> {
    let mut request = Request::post("/")
        .header("Host", format!("127.0.0.1:{port}"))
        .header("Content-Type", "application/json")
        .header("User-Agent", "Upstash-QStash")
        .header("Upstash-Message-Id", "msg_callback")
        .header("Upstash-Retried", "0")
        .header("Upstash-Workflow-Is-Failure", "true")
        .header("Upstash-Workflow-Failure-Callback", "true")
        .header("Upstash-Workflow-Init", "false")
        .header("Upstash-Workflow-Calltype", "failureCall")
        .header("Upstash-Workflow-RunId", callback.run_id)
        .header("Upstash-Workflow-Url", callback.workflow);
    if let Some(token) = callback.token {
        request = request.header("Upstash-Signature", token);
    }
    let [head, tail] = callback.body;
    // Every part is a valid header, so that this never falls back to nothing.
    request.body(Parts(Some(head), Some(tail))).unwrap_or_default()
}

/// A body in two pieces, neither of which is copied.
#[derive(Default)]
struct Parts(Option<Bytes>, Option<Bytes>);

impl Body for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.take().or_else(|| self.1.take());
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none() && self.1.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = |part: &Option<Bytes>| part.as_ref().map_or(0, Bytes::len) as u64;
        SizeHint::with_exact(length(&self.0) + length(&self.1))
    }
}
