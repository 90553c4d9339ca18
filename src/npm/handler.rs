//! The handler: settings that were checked once.

use std::rc::Rc;

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{callback::headers_of, delivery::Delivery, error::error, pairs::Pairs, work::Work};
use crate::{
    callback::FailureReader,
    js_host::now,
    recovery::{Admission, Arrival},
    settings::Settings,
    text::said,
};

/// Workflow Redrive with its settings.
#[wasm_bindgen]
#[derive(Clone, Debug)]
pub struct Handler(Rc<Redrive>);

/// What its deliveries share.
#[derive(Debug)]
pub(super) struct Redrive {
    pub(super) settings: Settings,
}

#[wasm_bindgen]
impl Handler {
    /// Reads and checks all settings: official names and values with NUL between them.
    ///
    /// An error has the code `invalid_setting` and the name of the setting as `setting`.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: &str) -> Result<Self, JsValue> {
        let settings =
            Settings::read_without_admin(&|name| Pairs(settings).value(name)).map_err(|cause| {
                let mut thrown = error("invalid_setting", &said(&cause));
                thrown.text("setting", cause.name());
                JsValue::from_str(&thrown.end())
            })?;
        Ok(Self(Rc::new(Redrive { settings })))
    }

    /// Takes in a callback that came to `url`; `headers` are names and values with NUL between them.
    #[must_use]
    pub fn deliver(&self, url: String, headers: &str) -> Work {
        let headers = Pairs(headers);
        let arrival = Arrival {
            url,
            signature: headers.value("Upstash-Signature"),
            region: headers.value("Upstash-Region"),
        };
        let started = now();
        let admitted = Admission::check(&self.0.settings, &arrival, started);
        let reader = FailureReader::new(headers_of(headers));
        Work::delivery(Delivery::new(Rc::clone(&self.0), admitted, reader, headers.0, started))
    }
}
