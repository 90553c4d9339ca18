//! Questions that are answered at once.

use wasm_bindgen::prelude::wasm_bindgen;

use super::{
    args::Args,
    callback::{headers_of, read, timestamp},
    error::{error, thrown},
    types,
};
use crate::{http_url::HttpUrl, json::Object, lineage::Lineage, policy::Policy, text::said};

/// Answers a question about the body of a request with JSON, or `{thrown}`. What is asked is a name, and what belongs to
/// it, with NUL between them. Times are in epoch milliseconds, headers are names and values.
///
/// - `parse`, now, headers: the failure callback as an object. `now` dates those that ask for a pause.
/// - `decide`, now, policy, the URL that was called, headers: what the policy, a JSON text as in `[vars.POLICY]`, does
///   with the failure callback, explained. Jitter is left out: the delay is the least that can be.
///
/// Neither looks at the signature.
#[must_use]
#[wasm_bindgen]
pub fn ask(what: &str, body: &[u8]) -> String {
    let mut args = Args(what);
    let answer = match args.text() {
        "parse" => parse(args, body),
        _ => decide(args, body),
    };
    answer.unwrap_or_else(|error| thrown(&error))
}

fn parse(mut args: Args<'_>, body: &[u8]) -> Result<String, String> {
    let now = timestamp("invalid_argument", &mut args)?;
    let failure = read(body, headers_of(args.pairs()), now)?;
    let mut object = Object::new();
    types::failure(&mut object, &failure);
    Ok(object.end())
}

fn decide(mut args: Args<'_>, body: &[u8]) -> Result<String, String> {
    let now = timestamp("invalid_time", &mut args)?;
    let policy =
        Policy::from_json(args.text()).map_err(|fault| error("invalid_policy", &said(&fault)).end())?;
    let url = HttpUrl::parse(args.text()).map_err(|fault| error("invalid_url", &said(&fault)).end())?;
    let failure = read(body, headers_of(args.pairs()), now)?;
    let lineage = Lineage::from_query(url.query())
        .map_err(|fault| error("malformed_lineage", &said(&fault)).end())?
        .unwrap_or_else(|| Lineage::root(failure.run_id.clone(), now));
    Ok(policy.explain(&failure, &lineage, now).to_json())
}
