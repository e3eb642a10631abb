//! A compiled component that can be run as a program, and what keeps one from being that.

use super::{names, run::State};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi::p2::bindings::CommandPre;

/// A component with all its imports found. Clones share the code.
pub type Command = CommandPre<State>;

/// The packages of WASI 0.2 that wasmtime-wasi has.
const PACKAGES: [&str; 6] =
    ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// Whether the bytes begin like a component, in wasm's binary or text format.
pub fn is_component(bytes: &[u8]) -> bool {
    if let Some([0, b'a', b's', b'm', _, _, layer, 0]) = bytes.get(..8) {
        return *layer == 1;
    }
    std::str::from_utf8(bytes).is_ok_and(|text| {
        let is_comment = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with(";;");
        text.lines()
            .find(|line| !is_comment(line))
            .is_some_and(|line| line.trim_start().starts_with("(component"))
    })
}

/// Compiles a component, or takes it from the cache of compiled ones.
///
/// # Errors
/// Tells why it is no guest.
pub fn compile(engine: &Engine, bytes: &[u8]) -> Result<Command, String> {
    let component =
        Component::new(engine, bytes).map_err(|error| format!("it doesn't compile: {error:#}"))?;
    check_exports(&component)?;
    check_imports(&component)?;
    linker(engine)
        .instantiate_pre(&component)
        .and_then(CommandPre::new)
        .map_err(|error| format!("{error:#}").escape_debug().to_string())
}

/// What a component can import: all of WASI 0.2 but HTTP and the like.
fn linker(engine: &Engine) -> Linker<State> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)
        .and_then(|()| names::check_look_ups(&mut linker))
        .expect("each name is there once, but for those that are ours on purpose");
    linker
}

fn check_exports(component: &Component) -> Result<(), String> {
    let engine = component.engine();
    let types = component.component_type();
    let run = types.exports(engine).find_map(|(name, _)| name.strip_prefix("wasi:cli/run"));
    match run {
        Some(version) if version.starts_with("@0.2.") => Ok(()),
        Some(version) => Err(format!(
            "it exports wasi:cli/run{}, and this host runs wasi:cli/run@0.2; build the guest for wasm32-wasip2",
            version.escape_debug()
        )),
        None => {
            Err("it is a component that exports no wasi:cli/run: a library, rather than a program?"
                .to_owned())
        }
    }
}

fn check_imports(component: &Component) -> Result<(), String> {
    let types = component.component_type();
    let is_known = |name: &str| {
        PACKAGES.iter().any(|package| name.starts_with(package))
            && name.split_once('@').is_some_and(|(_, version)| version.starts_with("0.2."))
    };
    let unknown: Vec<String> = types
        .imports(component.engine())
        .filter(|(name, _)| !is_known(name))
        .map(|(name, _)| name.escape_debug().to_string())
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(format!("it imports what this host doesn't have: {}", unknown.join(", ")))
}
