//! Why a signature was refused.

use crate::text::Say;

/// Why an `Upstash-Signature` was refused.
///
/// A message says which check failed and never what would have passed it: not the expected URL, hash or key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
// As wide as what stands in its place where all is well, so that WebAssembly moves either in one piece.
#[repr(u32)]
#[non_exhaustive]
pub enum SignatureError {
    /// The header names another algorithm than HS256, the only one that QStash signs with.
    Algorithm,
    /// No `body` claim, or one that is no SHA-256: nothing would vouch for the body.
    BodyClaim,
    /// The body's SHA-256 differs from the one that was signed.
    BodyHash,
    /// The token was signed more than its lifetime (five minutes) and the clock tolerance ago.
    Expired,
    /// No `exp` claim, or one that is no whole number of seconds: the token would never expire.
    ExpiryClaim,
    /// The token was not issued by `Upstash`.
    Issuer,
    /// Neither the current nor the next signing key made this token.
    Key,
    /// Not a compact JWS: three parts in base64url, the first two JSON objects.
    Malformed,
    /// The request carries no `Upstash-Signature` header.
    Missing,
    /// An `nbf` claim that is no whole number of seconds. It may be absent.
    NotBeforeClaim,
    /// The token is valid only later, by more than the clock tolerance.
    NotYetValid,
    /// No `sub` claim, or one that is no text: the token would be good for any URL.
    SubjectClaim,
    /// The token was signed for another URL than the one that was called.
    Url,
}

impl SignatureError {
    named! {
        /// A stable, machine-readable name of the reason.
        #[must_use]
        pub const fn code(self) -> &'static str {
            match self {
                /// Another algorithm than HS256.
                Self::Algorithm => "signature_algorithm",
                /// No `body` claim, or no SHA-256 in it.
                Self::BodyClaim => "signature_body_claim",
                /// The body is not the signed one.
                Self::BodyHash => "body_hash_mismatch",
                Self::Expired => "signature_expired",
                /// No `exp` claim, or not in whole seconds: the token would never expire.
                Self::ExpiryClaim => "signature_exp_claim",
                /// Not issued by Upstash.
                Self::Issuer => "signature_issuer",
                /// Neither key made it.
                Self::Key => "signature_mismatch",
                /// No compact JWS.
                Self::Malformed => "signature_malformed",
                Self::Missing => "signature_missing",
                /// An `nbf` claim that is not in whole seconds.
                Self::NotBeforeClaim => "signature_nbf_claim",
                Self::NotYetValid => "signature_not_yet_valid",
                /// No `sub` claim.
                Self::SubjectClaim => "signature_sub_claim",
                /// Made for another URL.
                Self::Url => "signature_url_mismatch",
            }
        }
    }

    /// The reason in words.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Algorithm => "the signature must use HS256",
            Self::BodyClaim => "the signature needs a `body` claim, a SHA-256 in base64url",
            Self::BodyHash => "the body is not the one that was signed",
            Self::Expired => {
                "the signature has expired; a token is accepted for five minutes after it was issued"
            }
            Self::ExpiryClaim => "the signature needs an `exp` claim, in whole seconds",
            Self::Issuer => "the signature must be issued by Upstash",
            Self::Key => "the signature matches neither the current nor the next signing key",
            Self::Malformed => "Upstash-Signature must be a compact JWS",
            Self::Missing => "the request needs an Upstash-Signature header",
            Self::NotBeforeClaim => "the `nbf` claim of the signature must be in whole seconds",
            Self::NotYetValid => "the signature is not valid yet",
            Self::SubjectClaim => "the signature needs a `sub` claim, the URL that is called",
            Self::Url => "the signature was made for another URL",
        }
    }
}

impl Say for SignatureError {
    fn say(&self, text: &mut String) {
        text.push_str(self.message());
    }
}

display!(SignatureError);

impl core::error::Error for SignatureError {}
