//! Carries out the engine's deliveries and keeps its time.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, redirect};
use tokio::time::timeout;

use super::rewrite::rewritten;
use super::{Shell, from_http, now};
use crate::engine::{Delivery, Outcome};

/// A client that follows no redirect (they count as failures) and asks no proxy.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    Client::builder().redirect(redirect::Policy::none()).no_proxy().build()
}

/// Begins what is due, then sleeps until something may be due again.
pub(super) async fn dispatch(shell: Arc<Shell>, client: Client) {
    loop {
        let (deliveries, wakeup) = {
            let mut engine = shell.engine();
            let deliveries = engine.due(now());
            (deliveries, engine.next_wakeup())
        };
        for delivery in deliveries {
            tokio::spawn(deliver(Arc::clone(&shell), client.clone(), delivery));
        }
        let woken = shell.wake.notified();
        match wakeup {
            None => woken.await,
            Some(at) => {
                let wait = Duration::from_millis(at.since(now()).max(1));
                // Either way the next round looks at the queue.
                let _ = timeout(wait, woken).await;
            }
        }
    }
}

async fn deliver(shell: Arc<Shell>, client: Client, delivery: Delivery) {
    let id = delivery.id;
    let limit = Duration::from_millis(delivery.timeout_ms);
    let outcome = match timeout(limit, send(&shell, &client, delivery)).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(_)) => Outcome::Unreachable,
        Err(_) => Outcome::TimedOut,
    };
    shell.engine().delivered(id, outcome, now());
    shell.wake.notify_one();
}

async fn send(shell: &Shell, client: &Client, delivery: Delivery) -> Result<Outcome, reqwest::Error> {
    let method = Method::from_bytes(delivery.method.as_bytes()).unwrap_or(Method::POST);
    let mut headers = HeaderMap::new();
    for (name, value) in delivery.headers.iter() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    let url = rewritten(&shell.rewrites, &delivery.url);
    let response = client.request(method, url).headers(headers).body(delivery.body).send().await?;
    let status = response.status().as_u16();
    let headers = from_http(response.headers());
    let body = response.bytes().await?.to_vec();
    Ok(Outcome::Answered { status, headers, body })
}
