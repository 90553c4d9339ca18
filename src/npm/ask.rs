//! Questions that are answered at once.

use core::time::Duration;

use wasm_bindgen::prelude::wasm_bindgen;

use super::{
    args::Args,
    callback::{headers_of, read, timestamp},
    error::{error, invalid, thrown},
    types,
};
use crate::{
    http_url::HttpUrl,
    json::Object,
    lineage::Lineage,
    policy::Policy,
    signature::{BodyDigest, KeySet, SigningKey},
    text::said,
};

/// Answers a question about the body of a request with JSON, or `{thrown}`. What is asked is a name, and what belongs to
/// it, with NUL between them. Times are in epoch milliseconds, headers are names and values.
///
/// - `verify`, current key, next key, the URL that was called, now, tolerance in milliseconds, `Upstash-Signature`: is the
///   request really QStash's? Without URL, a token that was made for another endpoint of the same account passes.
/// - `parse`, now, headers: the failure callback as an object. `now` dates those that ask for a pause.
/// - `decide`, now, policy, the URL that was called, headers: what the policy, a JSON text as in `[vars.POLICY]`, does
///   with the failure callback, explained. Jitter is left out: the delay is the least that can be.
///
/// The last two do not look at the signature.
#[must_use]
#[wasm_bindgen]
pub fn ask(what: &str, body: &[u8]) -> String {
    let mut args = Args(what);
    let answer = match args.text() {
        "parse" => parse(args, body),
        "decide" => decide(args, body),
        what => verify(what, args, body),
    };
    answer.unwrap_or_else(|error| thrown(&error))
}

fn verify(what: &str, mut args: Args<'_>, body: &[u8]) -> Result<String, String> {
    let keys = KeySet::new(key("currentSigningKey", args.text())?, key("nextSigningKey", args.text())?);
    let url = args.text();
    let now = timestamp("invalid_argument", &mut args)?;
    let tolerance = Duration::from_millis(args.count());
    let claims = if url.is_empty() {
        keys.verify_for_any_url(args.0, now, tolerance)
    } else {
        let url = HttpUrl::parse(url).map_err(|error| invalid("`url`: ", &error))?;
        keys.verify(args.0, &url, now, tolerance)
    };
    claims
        .and_then(|claims| match what {
            "token" => Ok(()),
            "digest" => claims.verify_body(BodyDigest::from_bytes(body.try_into().unwrap_or_default())),
            _ => claims.verify_body(BodyDigest::of(body)),
        })
        .map_err(|fault| error(fault.code(), fault.message()).end())?;
    Ok("{}".to_owned())
}

fn key(name: &str, key: &str) -> Result<SigningKey, String> {
    SigningKey::new(key).map_err(|error| invalid(&["`", name, "`: "].concat(), &error))
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
