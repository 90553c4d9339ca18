//! The console over the runtime's requests and the ledger's actors.

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Request, Response};

use super::{
    books::Books,
    ledger::{call, hear},
    operator::{all, respond},
};
use crate::text::said;
use crate::{
    console::{Ask, Console, Heard, Inquiry, Step},
    js_host::now,
    operator::{Asked, OperatorReply},
    settings::{Settings, SettingsError},
};

/// Answers a request of an operator; `None` where there is no console.
pub(super) async fn answer(
    settings: Result<&Settings, &SettingsError>,
    books: &Books,
    request: &Request,
) -> Result<Option<Response>, JsValue> {
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => return respond(&OperatorReply::error(500, &said(error))).map(Some),
    };
    let Some(console) = Console::of(settings) else { return Ok(None) };
    let (method, url, headers) = (request.method(), request.url(), all(request));
    let asked = Asked { method: &method, url: &url, headers: &headers };
    let reply = match console.authorize(&asked) {
        Ok(()) => {
            let body = read(request).await?;
            match console.begin(&asked, &body, now()) {
                Ok(inquiry) => inquire(inquiry, books).await,
                Err(reply) => reply,
            }
        }
        Err(reply) => reply,
    };
    respond(&console.dress(reply, &asked)).map(Some)
}

/// The body of an operator's request, who may be trusted with its size.
async fn read(request: &Request) -> Result<String, JsValue> {
    Ok(JsFuture::from(request.text()?).await?.as_string().unwrap_or_default())
}

async fn inquire(mut inquiry: Box<dyn Inquiry + '_>, books: &Books) -> OperatorReply {
    let mut heard = Vec::new();
    loop {
        let asks = match inquiry.next(heard) {
            Step::Ask(asks) => asks,
            Step::Reply(reply) => return reply,
        };
        let Books::Ledger(ledger) = books else {
            let message =
                "there is no ledger to ask; bind the class Ledger as LEDGER, as wrangler.toml has it";
            return OperatorReply::error(501, message);
        };
        let asked: Vec<_> =
            asks.into_iter().map(|Ask { actor, message }| call(&ledger.ledger, &actor, &[message])).collect();
        heard = Vec::new();
        for answer in asked {
            heard.push(heard_of(answer).await);
        }
    }
}

async fn heard_of(call: Result<Promise, JsValue>) -> Heard {
    hear(call.ok()?).await.ok()?.pop().filter(|answer| !answer.is_empty())
}
