//! wasmtime, and all that knows of it: compiling, linking, running. What the calls do is `preview1`'s and
//! wasmtime-wasi's.

mod by_holder;
mod cache;
mod calls;
mod component;
mod epoch;
mod files;
mod guest;
mod instance;
mod large;
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

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use wasmtime::{Config, Engine, WasmBacktraceDetails};

/// What the host's own calls may use of a component's stack.
const HOST_STACK_BYTES: usize = 2 << 20;

/// The engine of this process for guests with so large a stack. Its epoch moves when some guest is killed, or may have
/// used up its time; each store then asks its own switch.
fn engine(stack_bytes: usize) -> Engine {
    static ENGINES: Mutex<Option<HashMap<usize, Engine>>> = Mutex::new(None);
    let mut engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
    let new = || {
        let mut config = Config::new();
        with(config.max_wasm_stack(stack_bytes).async_stack_size(stack_bytes + HOST_STACK_BYTES))
    };
    engines.get_or_insert_default().entry(stack_bytes).or_insert_with(new).clone()
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
