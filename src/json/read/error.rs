//! Why a scan failed.

/// Why bytes are not the JSON object that was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    /// A wanted field appears twice.
    Duplicate(&'static str),
    /// The bytes end before the object does.
    Incomplete,
    /// JSON perhaps, but not an object.
    NotAnObject,
    /// Not JSON, from this byte on.
    Syntax(u64),
    /// More than [`MAX_DEPTH`](super::MAX_DEPTH) containers inside each other.
    TooDeep,
}
