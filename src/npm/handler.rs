//! The handler: settings that were checked once.

use std::rc::Rc;

use super::{args::Args, callback::headers_of, delivery::Delivery, error::error};
use crate::{
    js_host::now,
    js_pairs::Pairs,
    recovery::{self, Arrival},
    settings::Settings,
    text::said,
};

/// Workflow Redrive with its settings, which its deliveries share.
pub(super) struct Redrive {
    pub(super) settings: Settings,
}

impl Redrive {
    /// Reads and checks all settings: official names and values.
    ///
    /// An error has the code `invalid_setting` and the name of the setting as `setting`.
    pub(super) fn new(settings: Pairs<'_>) -> Result<Rc<Self>, String> {
        let settings = Settings::read_without_admin(&|name| settings.value(name)).map_err(|cause| {
            let mut error = error("invalid_setting", &said(&cause));
            error.text("setting", cause.name());
            error.end()
        })?;
        Ok(Rc::new(Self { settings }))
    }

    /// Takes in a callback: the URL that it came to, then names and values of its headers.
    pub(super) fn deliver(self: &Rc<Self>, mut args: Args<'_>) -> Delivery {
        let url = args.text().to_owned();
        let headers = args.pairs();
        let arrival = Arrival {
            url,
            signature: headers.value("Upstash-Signature"),
            region: headers.value("Upstash-Region"),
        };
        let callback = recovery::Delivery::begin(&self.settings, &arrival, &|| headers_of(headers), now());
        Delivery::new(Rc::clone(self), callback, headers.0)
    }
}
