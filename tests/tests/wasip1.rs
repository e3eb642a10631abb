//! Every case as a `wasm32-wasip1` guest on this project's host, on the operating system's sockets.

#![cfg(not(target_family = "wasm"))]

macro_rules! tests {
    (
        everywhere { $($file:ident { $($case:ident)* })* }
        in_guests { $($guest_file:ident { $($guest_case:ident)* })* }
        natively { $($native:tt)* }
        in_processes { $($processes:tt)* }
    ) => {
        $($(
            #[test]
            fn $case() {
                conformance::wasip1::run(stringify!($case), &conformance::cases::$file::$case());
            }
        )*)*
        $($(
            #[test]
            fn $guest_case() {
                conformance::wasip1::run(
                    stringify!($guest_case),
                    &conformance::cases::$guest_file::$guest_case(),
                );
            }
        )*)*
    };
}

conformance::for_each_case!(tests);
