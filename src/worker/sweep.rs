//! Sweeps over the runtime: those by the clock, and those that somebody asks for.

use wasm_bindgen::JsValue;
use web_sys::{Request, Response};

use super::{
    books::Books,
    host::Runtime,
    operator::{all, respond},
    redrive::log,
};
use crate::text::said;
use crate::{
    js_host::now,
    operator::{Asked, Operator, OperatorReply},
    recovery::LogLine,
    settings::{Settings, SettingsError},
    sweep::{KEEPER, Orders, Report, Wish, reply, sweep},
};

/// What the cron trigger is for.
pub(super) async fn by_the_clock(settings: Result<&Settings, &SettingsError>, books: &Books) {
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => return log(true, &LogLine::misconfigured(error).json),
    };
    let runtime = Runtime::new(books, settings);
    told(&sweep(settings, settings.public_url.as_ref(), &Orders::of_the_clock(), &runtime).await, &runtime);
}

/// Answers a request for a sweep; `None` where nobody may ask.
pub(super) async fn answer(
    settings: Result<&Settings, &SettingsError>,
    books: &Books,
    request: &Request,
) -> Result<Option<Response>, JsValue> {
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => return respond(&OperatorReply::error(500, &said(error))).map(Some),
    };
    let (method, url, headers) = (request.method(), request.url(), all(request));
    let asked = Asked { method: &method, url: &url, headers: &headers };
    let (Some(operator), Some(wish)) = (Operator::of(settings), Wish::read(settings, &asked)) else {
        return Ok(None);
    };
    let answer = match wish {
        Ok(Wish::State) => match books.tell(KEEPER, "{\"do\":\"state\"}").await {
            Some(state) => OperatorReply::json(200, state.into_bytes()),
            None => OperatorReply::error(503, "the ledger does not answer, or none is bound"),
        },
        Ok(Wish::Sweep { orders, own }) => {
            let runtime = Runtime::new(books, settings);
            let reports = sweep(settings, Some(&own), &orders, &runtime).await;
            told(&reports, &runtime);
            reply(&reports)
        }
        Err(refused) => refused,
    };
    respond(&operator.dress(answer, &asked)).map(Some)
}

fn told(reports: &[Report], runtime: &Runtime<'_>) {
    for report in reports {
        log(report.is_error(), &report.log_line(runtime.started(), now()));
    }
}
