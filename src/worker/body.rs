//! The body of a callback: read once, hashed by the runtime's native SHA-256, its fields picked out on the way.

use core::cell::RefCell;

use js_sys::{ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Request, WritableStreamDefaultWriter};
use worker::crypto::{DigestStream, DigestStreamAlgorithm};

use super::chunks::{Chunks, content_length};
use crate::{
    callback::FailureReader,
    recovery::{MAX_RELAYED_BYTES, Refusal},
    signature::BodyDigest,
};

/// Up to this size a body is taken in one piece; above, chunk by chunk, so that memory stays flat. Taking it in one
/// piece is faster below about 1 MB, for every chunk crosses into WebAssembly on its own.
const ONE_PIECE_BYTES: u64 = 1024 * 1024;

/// Up to this size our own SHA-256 is faster than the way to the native one and back.
const OWN_DIGEST_BYTES: usize = 512;

/// A body that is kept to be handed on, in the runtime's memory: ours would never shrink again.
#[derive(Default)]
pub(super) struct Kept {
    chunks: Vec<Uint8Array>,
    length: u32,
}

impl Kept {
    /// The whole body.
    pub(super) fn joined(&self) -> Uint8Array {
        let whole = Uint8Array::new_with_length(self.length);
        let mut at = 0;
        for chunk in &self.chunks {
            whole.set(chunk, at);
            at += chunk.length();
        }
        whole
    }
}

/// Feeds the body to `reader` and returns its SHA-256. More than `limit` bytes are not read. The body stays in `kept`, where
/// there is one, unless it is larger than what is handed on: then that is `None`.
pub(super) async fn read(
    request: &Request,
    limit: u64,
    reader: &mut FailureReader,
    kept: &RefCell<Option<Kept>>,
) -> Result<BodyDigest, Refusal> {
    let length = content_length(&request.headers());
    if length.is_some_and(|length| length > limit) {
        return Err(Refusal::TooLarge { limit });
    }
    let read = match length {
        Some(length) if length <= ONE_PIECE_BYTES => in_one_piece(request, reader, kept).await.map(Some),
        _ => in_chunks(request, limit, reader, kept).await,
    };
    match read {
        Ok(Some(digest)) => Ok(digest),
        Ok(None) => Err(Refusal::TooLarge { limit }),
        Err(_) => Err(Refusal::body_unreadable()),
    }
}

/// Keeps a chunk, where chunks are kept and this one still fits.
fn keep(kept: &RefCell<Option<Kept>>, chunk: &dyn Fn() -> Uint8Array, length: u32) {
    let mut kept = kept.borrow_mut();
    let Some(body) = kept.as_mut() else { return };
    if u64::from(body.length) + u64::from(length) > MAX_RELAYED_BYTES {
        *kept = None;
        return;
    }
    body.chunks.push(chunk());
    body.length += length;
}

async fn in_one_piece(
    request: &Request,
    reader: &mut FailureReader,
    kept: &RefCell<Option<Kept>>,
) -> Result<BodyDigest, JsValue> {
    let buffer: ArrayBuffer = JsFuture::from(request.array_buffer()?).await?.unchecked_into();
    keep(kept, &|| Uint8Array::new(&buffer), buffer.byte_length());
    if buffer.byte_length() as usize <= OWN_DIGEST_BYTES {
        let body = Uint8Array::new(&buffer).to_vec();
        reader.push(&body);
        return Ok(BodyDigest::of(&body));
    }
    let digest = native_digest("SHA-256", &buffer);
    reader.push(&Uint8Array::new(&buffer).to_vec());
    to_digest(&JsFuture::from(digest).await?.unchecked_into())
}

/// `None` where the body is larger than `limit`.
async fn in_chunks(
    request: &Request,
    limit: u64,
    reader: &mut FailureReader,
    kept: &RefCell<Option<Kept>>,
) -> Result<Option<BodyDigest>, JsValue> {
    let Some(body) = request.body() else { return Ok(Some(BodyDigest::of(b""))) };
    let hash = DigestStream::new(DigestStreamAlgorithm::Sha256);
    let writer = hash.raw().get_writer()?;
    let mut chunks = Chunks::of(&body);
    let mut total = 0_u64;
    let mut copy = Vec::new();
    while let Some(chunk) = chunks.next().await? {
        total += u64::from(chunk.length());
        if total > limit {
            abandon(&writer);
            chunks.cancel();
            return Ok(None);
        }
        let hashed = writer.write_with_chunk(&chunk);
        keep(kept, &|| chunk.slice(0, chunk.length()), chunk.length());
        copy.resize(chunk.length() as usize, 0);
        chunk.copy_to(&mut copy);
        reader.push(&copy);
        // The chunk's buffer is used again for the next one.
        JsFuture::from(hashed).await?;
    }
    JsFuture::from(writer.close()).await?;
    let digest: ArrayBuffer = JsFuture::from(hash.raw().digest()).await?.unchecked_into();
    to_digest(&digest).map(Some)
}

/// Drops a hash that nobody needs any more.
fn abandon(writer: &WritableStreamDefaultWriter) {
    let aborted = writer.abort();
    wasm_bindgen_futures::spawn_local(async move {
        let _: Result<JsValue, JsValue> = JsFuture::from(aborted).await;
    });
}

fn to_digest(buffer: &ArrayBuffer) -> Result<BodyDigest, JsValue> {
    let bytes = Uint8Array::new(buffer).to_vec();
    bytes.try_into().map(BodyDigest::from_bytes).map_err(|_| JsValue::NULL)
}

#[wasm_bindgen]
extern "C" {
    /// The runtime's own digest of a whole buffer.
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = digest)]
    fn native_digest(algorithm: &str, data: &ArrayBuffer) -> Promise;
}
