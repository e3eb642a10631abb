//! Every case in the native world: mio itself, on the operating system's sockets.

#![cfg(not(target_family = "wasm"))]

macro_rules! tests {
    (
        everywhere { $($file:ident { $($case:ident)* })* }
        in_guests { $($guests:tt)* }
        natively { $($native_file:ident { $($native_case:ident)* })* }
        in_processes { $($processes:tt)* }
    ) => {
        $($(
            #[test]
            fn $case() {
                conformance::native::run(stringify!($case), &conformance::cases::$file::$case());
            }
        )*)*
        $($(
            #[test]
            fn $native_case() {
                conformance::native::run(
                    stringify!($native_case),
                    &conformance::cases::$native_file::$native_case(),
                );
            }
        )*)*
    };
}

conformance::for_each_case!(tests);
