//! Every case as a guest of this project's host on a deterministic network, in lock step with its peer.

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
                conformance::memory::run(stringify!($case), &conformance::cases::$file::$case());
            }
        )*)*
        $($(
            #[test]
            fn $guest_case() {
                conformance::memory::run(
                    stringify!($guest_case),
                    &conformance::cases::$guest_file::$guest_case(),
                );
            }
        )*)*
    };
}

conformance::for_each_case!(tests);
