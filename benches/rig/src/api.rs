//! QStash's DLQ API, as far as a Worker under load needs it: every entry is there, and can be resumed at once.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

const RESUME: &str = "/v2/workflows/dlq/resume";
/// The answer to one id in the path.
const RESUMED: &str = r#"{"workflowRunId":"wfr_new","workflowCreatedAt":1764000000000}"#;
/// The answer to ids in the query, as the official SDK names them.
const ALL_RESUMED: &str =
    r#"{"workflowRuns":[{"workflowRunId":"wfr_new","workflowCreatedAt":1764000000000}]}"#;

/// The API, on a port of its own.
pub(crate) struct Api {
    pub(crate) port: u16,
    resumed: Arc<AtomicU64>,
}

impl Api {
    pub(crate) async fn serve() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let api = Self { port: listener.local_addr()?.port(), resumed: Arc::default() };
        let resumed = Arc::clone(&api.resumed);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&resumed)));
            }
        });
        Ok(api)
    }

    /// Entries that were resumed so far.
    pub(crate) fn resumed(&self) -> u64 {
        self.resumed.load(Ordering::Relaxed)
    }
}

async fn converse(stream: TcpStream, resumed: Arc<AtomicU64>) {
    // Without this an answer may wait for the other side's acknowledgement.
    let _: io::Result<()> = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(request, Arc::clone(&resumed)));
    // A Worker that hangs up is no event.
    let _: hyper::Result<()> = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    resumed: Arc<AtomicU64>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let of_one = request.uri().path().strip_prefix(RESUME).map(|id| !id.is_empty());
    let answer = of_one.filter(|_| request.method() == Method::POST);
    let _: Result<_, hyper::Error> = request.into_body().collect().await;
    let mut response = Response::new(Full::from(match answer {
        Some(true) => RESUMED,
        Some(false) => ALL_RESUMED,
        None => r#"{"error":"this API resumes entries, and nothing else"}"#,
    }));
    if answer.is_some() {
        resumed.fetch_add(1, Ordering::Relaxed);
    } else {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}
