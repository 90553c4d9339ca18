//! Building JSON objects without the indexing that panics on anything else.

use serde_json::Value;

/// Sets a field; does nothing to what is no object.
pub(crate) fn set(json: &mut Value, name: &str, value: Value) {
    if let Value::Object(fields) = json {
        fields.insert(name.to_owned(), value);
    }
}
