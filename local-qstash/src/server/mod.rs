//! The shell around the engine: HTTP in, deliveries out, a clock, and the control API for tests.
//!
//! What may live here: sockets, time, and faults that tests inject. What may not: anything that QStash decides.

mod chance;
mod control;
mod deliver;
mod faults;
mod record;
mod rewrite;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response as HttpResponse;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use crate::engine::{Config, Engine, Headers, Request, Response, Timestamp};
pub use chance::{FaultRate, FaultRates, InvalidFaultError};
use faults::{Effect, Faults};
use record::Requests;
pub use rewrite::{InvalidRewriteError, Rewrite};

/// Above the largest message of any QStash plan (50 MB), with room for a batch.
const MAX_REQUEST_BYTES: usize = 128 * 1024 * 1024;

/// What a server needs to start.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes a free one. Default: 0.
    pub port: u16,
    /// The engine's behaviour.
    pub engine: Config,
    /// Where to connect instead of a destination. Default: nowhere else.
    pub rewrites: Vec<Rewrite>,
    /// Faults by chance, decided by the engine's seed. Default: none.
    pub faults: FaultRates,
}

impl Options {
    /// What is given, and defaults for everything that later versions may add.
    #[must_use]
    pub fn new(port: u16, engine: Config, rewrites: Vec<Rewrite>) -> Self {
        Self { port, engine, rewrites, ..Self::default() }
    }
}

/// A server that listens but does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    shell: Arc<Shell>,
}

/// What requests, deliveries and the clock share.
#[derive(Debug)]
struct Shell {
    engine: Mutex<Engine>,
    requests: Mutex<Requests>,
    faults: Mutex<Faults>,
    rewrites: Vec<Rewrite>,
    seed: u64,
    /// Told whenever there may be something to deliver.
    wake: Notify,
}

impl Server {
    /// Binds to 127.0.0.1.
    pub async fn bind(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let seed = options.engine.seed;
        let shell = Shell {
            engine: Mutex::new(Engine::new(options.engine)),
            requests: Mutex::default(),
            faults: Mutex::new(Faults::new(options.faults, seed)),
            rewrites: options.rewrites,
            seed,
            wake: Notify::new(),
        };
        Ok(Self { listener, shell: Arc::new(shell) })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers requests and delivers messages until the task is dropped.
    pub async fn run(self) -> io::Result<()> {
        let client = deliver::client().map_err(io::Error::other)?;
        let dispatcher = tokio::spawn(deliver::dispatch(Arc::clone(&self.shell), client));
        let app = Router::new()
            .fallback(answer)
            .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
            .with_state(self.shell)
            .into_make_service_with_connect_info::<SocketAddr>();
        let served = axum::serve(self.listener, app).await;
        dispatcher.abort();
        served
    }
}

impl Shell {
    fn engine(&self) -> MutexGuard<'_, Engine> {
        lock(&self.engine)
    }

    /// Lets the engine answer, and wakes the dispatcher.
    fn handle(&self, request: &Request) -> Response {
        let response = self.engine().handle(request, now());
        self.wake.notify_one();
        response
    }
}

async fn answer(
    State(shell): State<Arc<Shell>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> HttpResponse {
    let request = Request {
        method: method.as_str().to_owned(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: from_http(&headers),
        body: body.to_vec(),
        caller_ip: peer.ip().to_string(),
    };
    if request.path.starts_with("/local/") {
        return to_http(control::handle(&shell, &request));
    }
    let effect = lock(&shell.faults).next(&request);
    let seen = record::Seen::of(&shell.engine(), &request, now());
    let (response, http) = match effect {
        None => {
            let response = shell.handle(&request);
            (Some(response.status), to_http(response))
        }
        Some(Effect::Delay { millis }) => {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            let response = shell.handle(&request);
            (Some(response.status), to_http(response))
        }
        Some(Effect::Answer(response)) => (Some(response.status), to_http(response)),
        Some(Effect::DropBefore) => (None, dropped()),
        Some(Effect::DropAfter) => {
            shell.handle(&request);
            (None, dropped())
        }
        Some(Effect::Truncate) => {
            let response = shell.handle(&request);
            (Some(response.status), truncated(response))
        }
    };
    lock(&shell.requests).push(seen, response);
    http
}

/// A body that breaks before its first byte: the connection closes with nothing sent.
fn dropped() -> HttpResponse {
    let broken: Result<Bytes, io::Error> = Err(io::Error::other("fault"));
    HttpResponse::new(Body::from_stream(tokio_stream::once(broken)))
}

/// An answer that breaks off in the middle of its body; one without a body is dropped.
fn truncated(response: Response) -> HttpResponse {
    let Some(whole) = NonZeroUsize::new(response.body.len()) else { return dropped() };
    let (half, rest) = mpsc::channel(2);
    let mut http = to_http(response);
    http.headers_mut().insert("content-length", whole.get().into());
    let body = std::mem::replace(http.body_mut(), Body::from_stream(ReceiverStream::new(rest)));
    tokio::spawn(async move {
        let bytes = to_bytes(body, whole.get()).await.unwrap_or_default();
        let _ = half.send(Ok(bytes.slice(..bytes.len() / 2))).await;
        // What was sent is to be on its way before the connection breaks.
        tokio::time::sleep(Duration::from_millis(10)).await;
        let _ = half.send(Err(io::Error::other("fault"))).await;
    });
    http
}

fn to_http(response: Response) -> HttpResponse {
    let mut builder = HttpResponse::builder().status(response.status);
    if !response.body.is_empty() && response.headers.value("Content-Type").is_none() {
        builder = builder.header("content-type", "application/json");
    }
    for (name, value) in response.headers.iter() {
        builder = builder.header(name, value);
    }
    builder.body(Body::from(response.body)).unwrap_or_else(|_| {
        let mut broken = HttpResponse::new(Body::from("a fault with an impossible status or header"));
        *broken.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}

/// Values that are no text are read byte by byte.
fn from_http(headers: &HeaderMap) -> Headers {
    headers
        .iter()
        .map(|(name, value)| {
            (name.as_str(), value.as_bytes().iter().map(|byte| char::from(*byte)).collect::<String>())
        })
        .collect()
}

/// A thread that panicked while it held the lock has left a state that tests may still want to see.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "a native server: the one place that reads the clock")]
fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}
