//! Types that are handed out.

use js_sys::{Array, Object};
use wasm_bindgen::JsValue;

use crate::{ids::DlqId, npm::object::put};

/// A type whose values are handed out as objects: each field with its name there. Absent values are left out.
macro_rules! plain {
    (
        $(#[doc = $doc:literal])*
        $name:ident $(<$life:lifetime>)? {
            $($(#[doc = $about:literal])* $(#[ts($($ts:tt)+)])? $field:ident as $key:literal: $type:ty,)+
        }
    ) => {
        $(#[doc = $doc])*
        #[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
        pub(in crate::npm) struct $name $(<$life>)? {
            $($(#[doc = $about])* $(#[cfg_attr(test, ts($($ts)+))])? #[cfg_attr(test, ts(rename = $key))] $field: $type,)+
        }

        impl $(<$life>)? $name $(<$life>)? {
            /// Sets the properties of an object.
            fn write(self, object: &js_sys::Object) {
                $($crate::npm::object::put(object, $key, &crate::npm::types::plain::Plain::plain(self.$field));)+
            }
        }

        impl $(<$life>)? crate::npm::types::plain::Plain for $name $(<$life>)? {
            fn plain(self) -> wasm_bindgen::JsValue {
                let object = js_sys::Object::new();
                self.write(&object);
                object.into()
            }
        }
    };
}

/// What becomes a value of JavaScript.
pub(in crate::npm) trait Plain {
    fn plain(self) -> JsValue;
}

macro_rules! plain_by_from {
    ($($type:ty)+) => {
        $(impl Plain for $type {
            fn plain(self) -> JsValue {
                self.into()
            }
        })+
    };
}

plain_by_from!(JsValue bool u16 u32 &str);

impl Plain for u64 {
    /// Times and counts are exact in a float for the next 280,000 years.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    fn plain(self) -> JsValue {
        (self as f64).into()
    }
}

impl<T: Plain> Plain for Option<T> {
    fn plain(self) -> JsValue {
        self.map_or(JsValue::UNDEFINED, T::plain)
    }
}

impl<T: Plain> Plain for Vec<T> {
    fn plain(self) -> JsValue {
        let array = Array::new();
        for value in self {
            array.push(&value.plain());
        }
        array.into()
    }
}

impl Plain for &[String] {
    fn plain(self) -> JsValue {
        let array = Array::new();
        for text in self {
            array.push(&text.as_str().into());
        }
        array.into()
    }
}

impl Plain for &[DlqId] {
    fn plain(self) -> JsValue {
        let array = Array::new();
        for id in self {
            array.push(&id.as_str().into());
        }
        array.into()
    }
}

impl Plain for &[(&'static str, String)] {
    fn plain(self) -> JsValue {
        let object = Object::new();
        for (name, value) in self {
            put(&object, name, &value.as_str().into());
        }
        object.into()
    }
}
