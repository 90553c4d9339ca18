//! Functions that name the variants of an enum, and the list of these names.

/// A function whose body is one `match` from variants to names. The package's declarations are made from the list of
/// the names; a comment before a pattern says there what the name means.
macro_rules! named {
    (
        $(#[$meta:meta])*
        $visibility:vis const fn $function:ident($($receiver:tt)+) -> &'static str {
            match $this:tt { $($(#[doc = $doc:literal])* $pattern:pat => $name:literal,)+ }
        }
    ) => {
        $(#[$meta])*
        $visibility const fn $function($($receiver)+) -> &'static str {
            match $this { $($pattern => $name,)+ }
        }

        #[cfg(all(test, feature = "npm"))]
        pub(crate) const NAMES: &'static [(&'static str, &'static [&'static str])] =
            &[$(($name, &[$($doc),*])),+];
    };
}
