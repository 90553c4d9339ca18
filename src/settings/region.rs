//! QStash's regions.

/// A QStash region. Each has its own tokens, signing keys and dead letter queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// `EU-CENTRAL-1`, where accounts without a region live.
    EuCentral1,
    /// `US-EAST-1`.
    UsEast1,
}

impl Region {
    pub(crate) const ALL: [Self; 2] = [Self::EuCentral1, Self::UsEast1];

    /// Reads an `Upstash-Region` header, without regard to case and dashes, as the official SDK does.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|region| region.is_named(value))
    }

    fn is_named(self, value: &str) -> bool {
        let separated = |byte: &u8| *byte != b'-' && *byte != b'_';
        let name = self.prefix().bytes().filter(separated);
        name.eq(value.bytes().filter(separated).map(|byte| byte.to_ascii_uppercase()))
    }

    /// The region's name, as it stands in the names of settings: `US_EAST_1`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EuCentral1 => "EU_CENTRAL_1",
            Self::UsEast1 => "US_EAST_1",
        }
    }

    /// What stands before the names of this region's settings, as in `US_EAST_1_QSTASH_TOKEN`.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::EuCentral1 => "EU_CENTRAL_1_",
            Self::UsEast1 => "US_EAST_1_",
        }
    }

    pub(super) const fn default_url(self) -> &'static str {
        match self {
            Self::EuCentral1 => "https://qstash-eu-central-1.upstash.io",
            Self::UsEast1 => "https://qstash-us-east-1.upstash.io",
        }
    }
}
