//! What the properties compare with: other people's readers, and the signer of tokens.

pub(crate) mod json;
pub(crate) mod jwt;
