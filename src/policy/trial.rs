//! A recorded callback, tried on a policy: `POST /v1/decide`.

use super::{Explanation, Policy, config};
use crate::{
    callback::{CallbackHeaders, FailureReader},
    http_url::HttpUrl,
    json::{Table, TableError, decode},
    lineage::Lineage,
    text::said,
    time::{Timestamp, parse_wire_time},
};

const CALLBACK: &str = "the body of a failure callback, as a table or as its text";

impl Policy {
    /// What a policy decides about a recorded callback, and why; nothing is done. `json` has the keys
    ///
    /// - `callback`: the callback's body, as it is or as a text;
    /// - `policy`: the policy to try. Default: this one;
    /// - `headers`: the callback's, from name to value or list of values: labels and region may be there. Default: none;
    /// - `url`: where it was delivered, whose query carries the lineage. Default: nowhere, which is a first failure;
    /// - `now`: epoch milliseconds or an ISO 8601 date. Default: the one that is given.
    ///
    /// The error says what is wrong, in words.
    pub fn try_on(&self, json: &str, now: Timestamp) -> Result<Explanation, String> {
        let mut trial = Trial { now, policy: None, url: None, headers: Vec::new(), callback: Vec::new() };
        Table::read("the request", json, &mut |table| trial.read(table))
            .map_err(|TableError(message)| message)?;
        trial.explain(self)
    }
}

/// What is tried.
struct Trial {
    now: Timestamp,
    policy: Option<Policy>,
    url: Option<HttpUrl>,
    /// A JSON object.
    headers: Vec<u8>,
    callback: Vec<u8>,
}

impl Trial {
    fn read(&mut self, table: &mut Table<'_>) {
        let mut policy = Policy::default();
        if table.table("policy", &mut |table| config::read(table, &mut policy)) {
            self.policy = Some(policy);
        }
        match table.raw("callback") {
            Some(text @ [b'"', string @ ..]) if text.len() > 1 => {
                self.callback = decode(string).text.into_bytes();
            }
            Some(object @ [b'{', ..]) => self.callback = object.to_vec(),
            _ => table.refuse("callback", &[" must be ", CALLBACK]),
        }
        match table.raw("headers") {
            None => {}
            Some(map @ [b'{', ..]) => self.headers = map.to_vec(),
            Some(_) => table.refuse("headers", &[" must be a table of names and values"]),
        }
        self.url = table.text("url", "the URL that the callback was delivered to");
        let accepted = "epoch milliseconds or a date such as \"2026-01-31T12:00:00Z\"";
        for text in table.texts_and_numbers("now", accepted) {
            match parse_wire_time(&text) {
                Some(time) => self.now = time,
                None => table.refuse("now", &[" must be ", accepted]),
            }
        }
    }

    fn explain(self, deployed: &Policy) -> Result<Explanation, String> {
        let mut reader = FailureReader::new(CallbackHeaders::of_map(self.headers));
        reader.push(&self.callback);
        let failure = reader.finish(self.now).map_err(|error| said(&error))?;
        let query = self.url.as_ref().and_then(HttpUrl::query);
        let lineage = Lineage::from_query(query).map_err(|error| said(&error))?;
        let lineage = lineage.unwrap_or_else(|| Lineage::root(failure.run_id.clone(), self.now));
        Ok(self.policy.as_ref().unwrap_or(deployed).explain(&failure, &lineage, self.now))
    }
}
