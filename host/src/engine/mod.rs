//! wasmtime, and all that knows of it: compiling, linking, running. What the calls do is `preview1`'s and
//! wasmtime-wasi's.

mod by_holder;
mod cache;
mod calls;
mod component;
mod files;
mod guest;
mod instance;
mod limiter;
mod linker;
mod module;
mod net_dir;
mod open_files;
mod recorded;
mod regions;
mod replayed;
mod seam;
mod sharing;
mod suspended;

pub use component::{ComponentSetup, run_component};
pub use instance::{Setup, run};
pub use module::Module;
pub use replayed::replay;
pub use sharing::{Linked, Running};
pub use suspended::Sharing;

use std::sync::LazyLock;
use wasmtime::{Config, Engine, WasmBacktraceDetails};

/// The engine of this process. Its epoch moves when some guest is killed; each store then asks its own
/// switch.
fn engine() -> &'static Engine {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| with(&mut Config::new()));
    &ENGINE
}

/// The engine of guests that are played: what a float's bits are is the same on every machine.
fn deterministic_engine() -> &'static Engine {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
        with(Config::new().cranelift_nan_canonicalization(true).relaxed_simd_deterministic(true))
    });
    &ENGINE
}

fn with(config: &mut Config) -> Engine {
    config
        .epoch_interruption(true)
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .cache(cache::on_disk());
    Engine::new(config).expect("the options are constants that this machine's compiler knows")
}
