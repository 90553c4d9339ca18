//! Settings from the Worker's bindings.

use worker::{Env, js_sys, wasm_bindgen::JsValue};

use crate::settings::{Settings, SettingsError};

/// Reads every setting. Text bindings and secrets are taken as they are; a table such as `[vars.POLICY]` arrives as an
/// object and is handed on as JSON.
pub(super) fn read_settings(env: &Env) -> Result<Settings, SettingsError> {
    Settings::read(|name| {
        let value = js_sys::Reflect::get(env, &JsValue::from_str(name)).ok()?;
        match value.as_string() {
            Some(text) => Some(text),
            None if value.is_undefined() || value.is_null() => None,
            None => js_sys::JSON::stringify(&value).ok()?.as_string(),
        }
    })
}
