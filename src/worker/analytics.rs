//! One data point for each callback, where a dataset of Analytics Engine is bound as `ANALYTICS`.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::Env;

use super::{redrive::log, runtime::words};
use crate::{json, recovery::DataPoint};

/// The dataset of a deployment that has one.
#[derive(Debug)]
pub(super) struct Analytics(Option<Dataset>);

impl Analytics {
    pub(super) fn of(env: &Env) -> Self {
        let binding = Reflect::get(env, &JsValue::from_str("ANALYTICS")).ok();
        Self(binding.filter(JsValue::is_object).map(JsCast::unchecked_into))
    }

    /// Writes a data point. One that cannot be written is only worth a line in the log.
    pub(super) fn write(&self, point: impl FnOnce() -> DataPoint) {
        let Some(dataset) = &self.0 else { return };
        if let Err(error) = to_object(&point()).and_then(|point| dataset.write_data_point(&point)) {
            let mut line = json::Object::new();
            line.text("event", "analytics").text("outcome", "lost").text("detail", &words(&error));
            log(true, &line.end());
        }
    }
}

fn to_object(point: &DataPoint) -> Result<Object, JsValue> {
    let object = Object::new();
    let indexes = Array::of1(&JsValue::from_str(&point.index));
    let blobs: Array = point.words.iter().map(|word| JsValue::from_str(word)).collect();
    let doubles: Array = point.numbers.iter().map(|number| JsValue::from_f64(float(*number))).collect();
    for (name, values) in [("indexes", indexes), ("blobs", blobs), ("doubles", doubles)] {
        Reflect::set(&object, &JsValue::from_str(name), &values)?;
    }
    Ok(object)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds are exact for the next 280,000 years")]
const fn float(number: u64) -> f64 {
    number as f64
}

#[wasm_bindgen]
extern "C" {
    /// A binding of Analytics Engine.
    #[derive(Debug)]
    type Dataset;

    #[wasm_bindgen(method, catch, js_name = writeDataPoint)]
    fn write_data_point(this: &Dataset, point: &Object) -> Result<(), JsValue>;
}
