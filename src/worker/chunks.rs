//! Bodies as chunks that stay in the runtime's memory until they are copied.

use js_sys::{ArrayBuffer, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    ReadableStream, ReadableStreamByobReader, ReadableStreamDefaultReader, ReadableStreamGetReaderOptions,
    ReadableStreamReaderMode,
};

/// The most bytes of a chunk. Larger ones are no faster, and this much stays in the processor's caches.
const CHUNK_BYTES: u32 = 128 * 1024;

/// A body, chunk by chunk.
pub(super) struct Chunks(Reader);

enum Reader {
    /// Reads into one buffer that goes to the stream and back, so that memory stays flat.
    Byob { reader: ReadableStreamByobReader, buffer: ArrayBuffer },
    /// For streams that are not made of bytes, such as those that JavaScript code makes.
    Default(ReadableStreamDefaultReader),
}

impl Chunks {
    pub(super) fn of(body: &ReadableStream) -> Self {
        let options = ReadableStreamGetReaderOptions::new();
        options.set_mode(ReadableStreamReaderMode::Byob);
        // The typed binding of `getReader` does not catch, and a stream without bytes throws here.
        let byob = Reflect::get(body, &JsValue::from_str("getReader"))
            .and_then(|method| method.unchecked_into::<js_sys::Function>().call1(body, &options));
        Self(match byob {
            Ok(reader) => {
                Reader::Byob { reader: reader.unchecked_into(), buffer: ArrayBuffer::new(CHUNK_BYTES) }
            }
            Err(_) => Reader::Default(body.get_reader().unchecked_into()),
        })
    }

    /// The next chunk; `None` at the end. It is only good until the next call.
    pub(super) async fn next(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        let promise = match &self.0 {
            Reader::Byob { reader, buffer } => reader.read_with_array_buffer_view(&Uint8Array::new(buffer)),
            Reader::Default(reader) => reader.read(),
        };
        let read = JsFuture::from(promise).await?;
        let chunk = Reflect::get(&read, &JsValue::from_str("value"))?;
        if let (Reader::Byob { buffer, .. }, Some(chunk)) = (&mut self.0, chunk.dyn_ref::<Uint8Array>()) {
            *buffer = chunk.buffer();
        }
        if Reflect::get(&read, &JsValue::from_str("done"))?.is_truthy() {
            return Ok(None);
        }
        Ok(Some(chunk.unchecked_into()))
    }

    /// Tells the sender that the rest is not wanted. Nothing waits for it, and nobody cares how it ends.
    pub(super) fn cancel(self) {
        let cancelled = match self.0 {
            Reader::Byob { reader, .. } => reader.cancel(),
            Reader::Default(reader) => reader.cancel(),
        };
        wasm_bindgen_futures::spawn_local(async move {
            let _: Result<JsValue, JsValue> = JsFuture::from(cancelled).await;
        });
    }
}

/// A header of a request or response as a number.
pub(super) fn content_length(headers: &web_sys::Headers) -> Option<u64> {
    headers.get("content-length").ok().flatten()?.parse().ok()
}
