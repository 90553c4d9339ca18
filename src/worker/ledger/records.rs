//! The records of an actor, in the storage of its Durable Object.

use core::cell::RefCell;

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::js::Kv;
use crate::durable::Records;

/// Records over the storage's synchronous keys and values.
pub(super) struct Stored {
    kv: Kv,
    /// What the storage threw first.
    failure: RefCell<Option<JsValue>>,
}

impl Stored {
    pub(super) const fn new(kv: Kv) -> Self {
        Self { kv, failure: RefCell::new(None) }
    }

    /// Whether the storage did all that was asked of it.
    pub(super) fn end(self) -> Result<(), JsValue> {
        self.failure.into_inner().map_or(Ok(()), Err)
    }

    fn kept<T>(&self, result: Result<T, JsValue>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.failure.borrow_mut().get_or_insert(error);
                None
            }
        }
    }

    /// From the first to the last, or the other way. An empty bound is none.
    fn list(
        &self,
        prefix: &str,
        (bound, key): (&str, &str),
        limit: usize,
    ) -> Result<Vec<(String, String)>, JsValue> {
        let object = Object::new();
        let limit = f64::from(u32::try_from(limit).unwrap_or(u32::MAX));
        set(&object, "prefix", &prefix.into())?;
        set(&object, "limit", &limit.into())?;
        set(&object, "reverse", &(bound == "end").into())?;
        if !key.is_empty() {
            set(&object, bound, &key.into())?;
        }
        let mut records = Vec::new();
        for pair in Array::from(&self.kv.list(&object)?) {
            let pair: Array = pair.unchecked_into();
            if let (Some(key), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string()) {
                records.push((key, value));
            }
        }
        Ok(records)
    }
}

impl Records for Stored {
    fn get(&self, key: &str) -> Option<String> {
        self.kept(self.kv.get(key))?.as_string()
    }

    fn put(&mut self, key: &str, value: &str) {
        self.kept(self.kv.put(key, value));
    }

    fn delete(&mut self, key: &str) {
        self.kept(self.kv.delete(key));
    }

    fn scan(&self, prefix: &str, from: &str, limit: usize) -> Vec<(String, String)> {
        self.kept(self.list(prefix, ("start", from), limit)).unwrap_or_default()
    }

    fn scan_back(&self, prefix: &str, below: &str, limit: usize) -> Vec<(String, String)> {
        self.kept(self.list(prefix, ("end", below), limit)).unwrap_or_default()
    }
}

fn set(object: &Object, name: &str, value: &JsValue) -> Result<bool, JsValue> {
    Reflect::set(object, &JsValue::from_str(name), value)
}
