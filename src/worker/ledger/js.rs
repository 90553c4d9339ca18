//! What is used of Durable Objects, by the names that the runtime gives it.

use js_sys::{Array, Object, Promise};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    /// A binding of Durable Objects.
    #[derive(Clone, Debug)]
    pub(crate) type Namespace;

    #[wasm_bindgen(method, catch, js_name = getByName)]
    pub(super) fn get_by_name(this: &Namespace, name: &str) -> Result<Stub, JsValue>;

    /// One of the objects, from outside.
    pub(super) type Stub;

    /// Calls the object's own method: half of what a request costs.
    #[wasm_bindgen(method, catch)]
    pub(super) fn tell(this: &Stub, actor: &str, messages: &Array) -> Result<Promise, JsValue>;

    /// One of the objects, from inside.
    pub(crate) type State;

    #[wasm_bindgen(method, getter)]
    pub(super) fn storage(this: &State) -> Storage;

    #[derive(Clone)]
    pub(super) type Storage;

    #[wasm_bindgen(method, getter)]
    pub(super) fn kv(this: &Storage) -> Kv;

    /// Runs `steps`; what they wrote is undone where they throw.
    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    pub(super) fn transaction_sync(
        this: &Storage,
        steps: &mut dyn FnMut() -> Result<JsValue, JsValue>,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch, js_name = setAlarm)]
    pub(super) fn set_alarm(this: &Storage, epoch_millis: f64) -> Result<Promise, JsValue>;

    /// The storage's synchronous keys and values.
    pub(super) type Kv;

    #[wasm_bindgen(method, catch)]
    pub(super) fn get(this: &Kv, key: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(super) fn put(this: &Kv, key: &str, value: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(super) fn delete(this: &Kv, key: &str) -> Result<bool, JsValue>;

    /// An iterable of pairs.
    #[wasm_bindgen(method, catch)]
    pub(super) fn list(this: &Kv, options: &Object) -> Result<JsValue, JsValue>;
}
