//! Values that may be several.

use serde::Serialize;

/// One value, or any of several.
#[derive(Serialize, ts_rs::TS)]
#[serde(untagged)]
pub(super) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}
