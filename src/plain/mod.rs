//! Types that are handed out as JSON: log lines, replies, and the objects of the npm package.

pub(crate) mod json;

use crate::ids::DlqId;
use json::{List, Object, quote};

/// A type whose values are handed out as objects: each field with its name there. Absent values are left out.
macro_rules! plain {
    (
        $(#[doc = $doc:literal])*
        $(#[ts($($named:tt)+)])?
        $name:ident $(<$life:lifetime>)? {
            $($(#[doc = $about:literal])* $(#[ts($($ts:tt)+)])? $field:ident as $key:literal: $type:ty,)+
        }
    ) => {
        $(#[doc = $doc])*
        #[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields $(, $($named)+)?))]
        pub(crate) struct $name $(<$life>)? {
            $($(#[doc = $about])* $(#[cfg_attr(test, ts($($ts)+))])? #[cfg_attr(test, ts(rename = $key))] $field: $type,)+
        }

        impl $(<$life>)? $name $(<$life>)? {
            pub(crate) fn object(&self) -> $crate::plain::json::Object {
                let mut object = $crate::plain::json::Object::new();
                $(object.value($key, &self.$field);)+
                object
            }
        }

        impl $(<$life>)? $crate::plain::Plain for $name $(<$life>)? {
            fn write(&self, out: &mut String) {
                out.push_str(&self.object().end());
            }
        }
    };
}

/// What becomes a value of JavaScript.
pub(crate) trait Plain {
    /// Writes it as JSON.
    fn write(&self, out: &mut String);

    /// Whether there is nothing to write.
    fn is_absent(&self) -> bool {
        false
    }
}

impl Plain for &str {
    fn write(&self, out: &mut String) {
        quote(out, self);
    }
}

impl Plain for bool {
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

/// Times and counts are exact in JavaScript for the next 280,000 years.
impl Plain for u64 {
    fn write(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }
}

impl Plain for u16 {
    fn write(&self, out: &mut String) {
        u64::from(*self).write(out);
    }
}

impl Plain for u32 {
    fn write(&self, out: &mut String) {
        u64::from(*self).write(out);
    }
}

impl<T: Plain> Plain for Option<T> {
    fn write(&self, out: &mut String) {
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Plain> Plain for Vec<T> {
    fn write(&self, out: &mut String) {
        let mut list = List::new();
        for value in self {
            value.write(list.next());
        }
        out.push_str(&list.end());
    }
}

impl Plain for &[String] {
    fn write(&self, out: &mut String) {
        let mut list = List::new();
        for text in *self {
            quote(list.next(), text);
        }
        out.push_str(&list.end());
    }
}

impl Plain for &[DlqId] {
    fn write(&self, out: &mut String) {
        let mut list = List::new();
        for id in *self {
            quote(list.next(), id.as_str());
        }
        out.push_str(&list.end());
    }
}

impl Plain for &[(&'static str, String)] {
    fn write(&self, out: &mut String) {
        let mut object = Object::new();
        for (name, value) in *self {
            object.text(name, value);
        }
        out.push_str(&object.end());
    }
}
