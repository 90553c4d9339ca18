//! Who may ask the operator API.

use core::fmt;

use subtle::ConstantTimeEq as _;

use super::reader::Reader;
use crate::{http_url::HttpUrl, signature::BodyDigest, text};

const CORS_ORIGIN: &str = "ADMIN_CORS_ORIGIN";
const TOKEN: &str = "ADMIN_TOKEN";

/// The operator API's settings; without `ADMIN_TOKEN` there is none.
#[derive(Clone)]
pub struct Admin {
    /// The token itself is not kept. Two digests have the same length, so that comparing them tells nothing of the
    /// token's.
    digest: [u8; BodyDigest::LEN],
    /// The one origin whose scripts may read answers, as browsers write it. Default: none.
    pub(crate) cors_origin: Option<String>,
}

impl Admin {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let cors_origin = reader.text(CORS_ORIGIN);
        if cors_origin.as_deref().is_some_and(|origin| !is_origin(origin)) {
            reader.refuse(
                CORS_ORIGIN,
                "must be one origin as browsers write it, such as https://ops.example, without a path",
            );
        }
        let token = reader.text(TOKEN)?;
        if !text::all(&token, u8::is_ascii_graphic) {
            reader.refuse(TOKEN, "must be letters, digits and signs of ASCII, without blanks");
        }
        Some(Self { digest: BodyDigest::of(token.as_bytes()).to_bytes(), cors_origin })
    }

    /// Whether this is the token, in a time that does not depend on what is wrong about it.
    pub(crate) fn accepts(&self, token: &str) -> bool {
        BodyDigest::of(token.as_bytes()).to_bytes().ct_eq(&self.digest).into()
    }
}

/// Shows nothing of the token.
impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admin(…)")
    }
}

fn is_origin(text: &str) -> bool {
    HttpUrl::parse(text).is_ok_and(|url| url.origin() == text)
        && text::all(text, |byte| !byte.is_ascii_uppercase())
}
