//! The signing keys of the account.

use super::answer::{object, short};
use super::call::Call;
use super::error::{ApiError, success};
use super::request::{ApiRequest, Method};
use super::response::ApiResponse;
use crate::json::Field;
use crate::signature::{KeySet, SigningKey};

/// Reads the keys that deliveries are signed with: `GET /v2/keys`, so that a rotation can be followed at run time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SigningKeys;

impl SigningKeys {
    /// Reads the keys.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Call for SigningKeys {
    type Output = KeySet;

    fn request(&self) -> ApiRequest {
        ApiRequest::new(Method::Get, "/v2/keys")
    }

    fn parse(&self, response: ApiResponse) -> Result<KeySet, ApiError> {
        const FIELDS: &[Field] = &[short("current"), short("next")];
        const WHAT: &str = "no JSON object with the signing keys `current` and `next`";
        success(&response)?;
        let mut fields = object(response.body(), FIELDS, WHAT)?;
        let mut key = |name| {
            let key = fields.word(name).and_then(|key| SigningKey::new(&key).ok());
            key.ok_or_else(|| ApiError::malformed(WHAT))
        };
        Ok(KeySet::new(key("current")?, key("next")?))
    }
}
