//! Filters by the names of the official SDK.

use crate::js_pairs::Pairs;
use crate::{
    dlq::{Filter, List, ListPath},
    http_url::HttpUrl,
    text::said,
    time::decimal,
};

/// A list by criteria, several of a name as alternatives, or what is wrong with them; none at all list everything.
pub(super) fn read(criteria: Pairs<'_>) -> Result<Box<List>, String> {
    let mut filter = Filter::builder();
    let mut list = Box::new(List::all().at(ListPath::Sdk));
    for (name, value) in criteria.iter() {
        let fault = match name {
            // These two only lists take.
            "url" => {
                list.set_legacy("url", value);
                HttpUrl::parse(value).err().map(|error| said(&error))
            }
            "responseStatus" => {
                if decimal(value).is_some_and(|status| status <= u16::MAX.into()) {
                    list.set_legacy("responseStatus", value);
                }
                None
            }
            _ => filter.read(name, value),
        };
        if let Some(fault) = fault {
            return Err(["`filter.", name, "`: ", &fault].concat());
        }
    }
    if !filter.is_empty() {
        list.filter(filter.build().map_err(|error| ["`filter`: ", &said(&error)].concat())?);
    }
    Ok(list)
}
