//! The ready-made Worker: routes in front of the handler, and what the clock is for.
//!
//! | request | answer |
//! |---|---|
//! | `POST /` | the failure callback |
//! | `GET /healthz` | 200 if the settings are good, 500 with the name of the one that is not |
//! | `/v1/sweep` | a sweep, and how those by the clock have gone, where `ADMIN_TOKEN` is set |
//! | `/v1/…` | the console, where `ADMIN_TOKEN` is set |
//! | `/v2/…` | the operator API, where `ADMIN_TOKEN` is set |
//! | another method on these | 405 |
//! | another path | 404 |

use std::{cell::OnceCell, rc::Rc};

use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use web_sys::{Request, Response};
use worker::Env;

use super::{Redrive, arrived::Arrived, promise, respond::respond, runtime::arrival};
use crate::{operator::resource, recovery::Reply};

thread_local! {
    /// One for each isolate. Bindings cannot change while it lives.
    static REDRIVE: OnceCell<Rc<Redrive>> = const { OnceCell::new() };
}

/// The `fetch` handler: comes to a response, at once or as a promise.
///
/// Written out, not with the `event` macro of the `worker` crate: that one formats errors of every kind that the crate
/// has, which is a tenth of the whole Worker, and here an error means that the runtime cannot even make a response.
#[expect(unreachable_pub, clippy::needless_pass_by_value, reason = "it is exported to JavaScript")]
#[wasm_bindgen]
pub fn fetch(request: Request, env: Env) -> Result<JsValue, JsValue> {
    let redrive = redrive(&env);
    let texts = arrival(&request);
    let (method, arrived) = Arrived::read(&texts);
    let path = path(arrived.url);
    match (path, method) {
        ("/", "POST") => redrive.deliver(&request, &arrived),
        ("/", _) => at_once(&Reply::method_not_allowed("POST")),
        ("/healthz", "GET" | "HEAD") => at_once(&health(&redrive)),
        ("/healthz", _) => at_once(&Reply::method_not_allowed("GET, HEAD")),
        _ if path == "/metrics" || path.starts_with("/v1/") => {
            Ok(promise(async move { or_not_found(redrive.inquire(&request).await?) }).into())
        }
        _ if path.starts_with("/v2/") => {
            Ok(promise(async move { or_not_found(redrive.operator(&request).await?) }).into())
        }
        _ => at_once(&not_found()),
    }
}

/// The `scheduled` handler: each time that a cron trigger fires.
#[expect(unreachable_pub, reason = "it is exported to JavaScript, which must see it")]
#[wasm_bindgen]
pub fn scheduled(env: &Env) -> Promise {
    let redrive = redrive(env);
    promise(async move {
        redrive.sweep().await;
        Ok(JsValue::UNDEFINED)
    })
}

fn redrive(env: &Env) -> Rc<Redrive> {
    REDRIVE.with(|cell| Rc::clone(cell.get_or_init(|| Rc::new(Redrive::new(env)))))
}

fn at_once(reply: &Reply) -> Result<JsValue, JsValue> {
    respond(reply).map(JsValue::from)
}

fn or_not_found(response: Option<Response>) -> Result<JsValue, JsValue> {
    response.map_or_else(|| respond(&not_found()), Ok).map(JsValue::from)
}

fn not_found() -> Reply {
    Reply::error(404, "not_found", "accepted are POST / and GET /healthz")
}

fn health(redrive: &Redrive) -> Reply {
    match redrive.settings() {
        Ok(_) => Reply::healthy(),
        Err(error) => Reply::misconfigured(&error),
    }
}

/// The path of an absolute URL as the runtime writes it.
fn path(url: &str) -> &str {
    match resource(url) {
        ("", _) => "/",
        (path, _) => path,
    }
}
