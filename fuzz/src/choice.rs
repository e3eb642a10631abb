//! How a type of ours is made of arbitrary bytes: as `derive(Arbitrary)` has it. That would switch on a feature of a crate
//! that the engine uses, too, and the engine would have to be built for the fuzzers alone.

/// Defines a struct or an enum that is made of arbitrary bytes, field by field.
#[macro_export]
macro_rules! arbitrary {
    (
        $(#[$of_type:meta])*
        pub enum $name:ident {
            $($(#[$of_variant:meta])* $variant:ident $({ $($field:ident: $named:ty),* })? $(($($placed:ty),*))?,)*
        }
    ) => {
        $(#[$of_type])*
        pub enum $name {
            $($(#[$of_variant])* $variant $({ $($field: $named),* })? $(($($placed),*))?,)*
        }

        impl<'a> arbitrary::Arbitrary<'a> for $name {
            fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<$name> {
                let variants = [$(stringify!($variant)),*];
                let place = (u64::from(u.arbitrary::<u32>()?) * variants.len() as u64) >> 32;
                $(
                    if variants[place as usize] == stringify!($variant) {
                        return Ok($name::$variant $({ $($field: u.arbitrary()?),* })? $(($(u.arbitrary::<$placed>()?),*))?);
                    }
                )*
                Err(arbitrary::Error::IncorrectFormat)
            }
        }
    };
    (
        $(#[$of_type:meta])*
        pub struct $name:ident { $($(#[$of_field:meta])* $visible:vis $field:ident: $type:ty,)* }
    ) => {
        $(#[$of_type])*
        pub struct $name { $($(#[$of_field])* $visible $field: $type,)* }

        impl<'a> arbitrary::Arbitrary<'a> for $name {
            fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<$name> {
                Ok($name { $($field: u.arbitrary()?),* })
            }
        }
    };
}
