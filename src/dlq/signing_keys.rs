//! The signing keys of the account.

use super::call::Call;
use super::error::{ApiError, success};
use super::request::{ApiRequest, Method};
use super::response::ApiResponse;
use crate::json::{Field, Fields, Over};
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
        ApiRequest::new(Method::Get, "/v2/keys".to_owned())
    }

    fn parse(&self, response: ApiResponse) -> Result<KeySet, ApiError> {
        const FIELDS: &[Field] = &[
            Field { name: "current", limit: 4 * 1024, over: Over::Drop },
            Field { name: "next", limit: 4 * 1024, over: Over::Drop },
        ];
        let malformed =
            ApiError::Malformed { what: "no JSON object with the signing keys `current` and `next`" };
        let mut fields = Fields::of(success(&response)?, FIELDS).map_err(|_| malformed.clone())?;
        let mut key = |name| {
            let key = fields.word(name).ok_or_else(|| malformed.clone())?;
            SigningKey::new(&key).map_err(|_| malformed.clone())
        };
        Ok(KeySet::new(key("current")?, key("next")?))
    }
}
