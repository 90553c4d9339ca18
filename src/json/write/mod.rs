//! Types that are handed out as JSON: log lines, replies, and the objects of the npm package.

mod object;

use crate::ids::DlqId;
pub(crate) use object::Object;

/// A type whose values are handed out as objects: each field with its name there, and what it is made of. Absent values
/// are left out.
macro_rules! plain {
    (
        $(#[doc = $doc:literal])*
        $(#[ts($($named:tt)+)])?
        $name:ident $(<$life:lifetime>)? by $function:ident($($given:ident: $of:ty),+) {
            $(
                $(#[doc = $about:literal])* $(#[ts($($ts:tt)+)])?
                $field:ident as $key:literal: $type:ty = $value:expr,
            )+
        }
    ) => {
        $(#[doc = $doc])*
        #[cfg(test)]
        #[derive(ts_rs::TS)]
        #[ts(optional_fields $(, $($named)+)?)]
        #[expect(dead_code, reason = "it is only declared")]
        pub(crate) struct $name $(<$life>)? {
            $($(#[doc = $about])* $(#[ts($($ts)+)])? #[ts(rename = $key)] $field: $type,)+
        }

        $(#[doc = $doc])*
        pub(crate) fn $function $(<$life>)? (object: &mut $crate::json::Object, $($given: $of),+) {
            $(<$type as $crate::json::Plain>::put($value, $key, object);)+
        }
    };
}

/// What becomes a value of JavaScript.
pub(crate) trait Plain {
    /// Makes it a property of an object; of what is absent there is none.
    fn put(self, name: &str, object: &mut Object);
}

impl Plain for &str {
    fn put(self, name: &str, object: &mut Object) {
        object.text(name, self);
    }
}

/// A value that is JSON already.
pub(crate) struct Json<'a>(pub(crate) &'a str);

impl Plain for Json<'_> {
    fn put(self, name: &str, object: &mut Object) {
        object.raw(name, self.0);
    }
}

impl Plain for bool {
    fn put(self, name: &str, object: &mut Object) {
        object.flag(name, self);
    }
}

/// Times and counts are exact in JavaScript for the next 280,000 years.
impl Plain for u64 {
    fn put(self, name: &str, object: &mut Object) {
        object.number(name, self);
    }
}

impl Plain for u16 {
    fn put(self, name: &str, object: &mut Object) {
        object.number(name, self.into());
    }
}

impl Plain for u32 {
    fn put(self, name: &str, object: &mut Object) {
        object.number(name, self.into());
    }
}

impl<T: Plain> Plain for Option<T> {
    fn put(self, name: &str, object: &mut Object) {
        if let Some(value) = self {
            value.put(name, object);
        }
    }
}

impl Plain for &[String] {
    fn put(self, name: &str, object: &mut Object) {
        object.open(name, '[');
        for text in self {
            object.element(text);
        }
        object.close(']');
    }
}

impl Plain for &[DlqId] {
    fn put(self, name: &str, object: &mut Object) {
        object.open(name, '[');
        for id in self {
            object.element(id.as_str());
        }
        object.close(']');
    }
}

impl Plain for &[(&'static str, String)] {
    fn put(self, name: &str, object: &mut Object) {
        object.open(name, '{');
        for (name, value) in self {
            object.text(name, value);
        }
        object.close('}');
    }
}
