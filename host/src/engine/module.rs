//! A compiled guest, and what keeps a file from being one.

use super::component::{self, Command};
use super::linker::{MODULE, NAMES};
use crate::RunError;
use crate::error::plain;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use wasmtime::{Engine, ExternType};

/// A guest, compiled. Clones share the code, and any number of guests can run from it, on any threads.
#[derive(Clone)]
pub struct Module {
    pub(super) code: Code,
    name: String,
    /// Kept for whoever asks for its sum: most runs never do.
    bytes: Arc<[u8]>,
}

/// Code of either kind.
#[derive(Clone)]
pub enum Code {
    /// For wasm32-wasip1.
    Module(wasmtime::Module),
    /// For wasm32-wasip2.
    Component(Command),
}

impl Module {
    /// The stack a guest's calls have, in bytes, where nothing else is said: 512 KiB.
    pub const STACK_BYTES: usize = 512 << 10;

    /// Reads and compiles a guest, or takes it from the cache of compiled ones.
    ///
    /// # Errors
    /// When the file can't be read or isn't a guest: neither module nor component, imports that nobody
    /// has, no `_start` or no `wasi:cli/run`. The text names the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Module, RunError> {
        Module::load_with_stack(path, Module::STACK_BYTES)
    }

    /// As [`load`](Self::load), for a guest whose calls may use so large a stack (`--max-stack`); deeper ones trap. The
    /// thread it runs on needs that and what the host's own calls use: 2 MiB are plenty.
    ///
    /// # Errors
    /// The same.
    ///
    /// # Panics
    /// When the stack has no byte.
    pub fn load_with_stack(path: impl AsRef<Path>, stack_bytes: usize) -> Result<Module, RunError> {
        assert!(stack_bytes > 0, "a guest needs a stack");
        let path = path.as_ref();
        let bytes = if path.is_dir() {
            Err("it is a directory".to_owned())
        } else {
            std::fs::read(path).map_err(|error| plain(&error))
        };
        let bytes = bytes.map_err(|why| RunError::new(format!("cannot run {}: {why}", path.display())))?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        compile(&super::engine(stack_bytes), &bytes)
            .map(|code| Module { code, name: name.into_owned(), bytes: bytes.into() })
            .map_err(|why| RunError::new(format!("cannot run {}: {why}", path.display())))
    }

    /// Compiles a guest from its bytes, in wasm's binary or text format. `name` is what it finds as its
    /// first argument.
    ///
    /// ```
    /// let text = b"(module (memory (export \"memory\") 1) (func (export \"_start\")))";
    /// let module = wasi_poll_host::Module::from_bytes("nothing.wasm", text)?;
    /// assert_eq!(module.name(), "nothing.wasm");
    /// # Ok::<(), wasi_poll_host::RunError>(())
    /// ```
    ///
    /// # Errors
    /// When the bytes aren't a guest, as [`load`](Self::load) has it.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Module, RunError> {
        compile(&super::engine(Module::STACK_BYTES), bytes)
            .map(|code| Module { code, name: name.to_owned(), bytes: bytes.into() })
            .map_err(|why| RunError::new(format!("cannot run {name}: {why}")))
    }

    /// The same guest, compiled so that what it computes is the same on every machine.
    ///
    /// # Errors
    /// When it is a component, or can't be read again.
    pub(crate) fn load_to_play(path: &Path) -> Result<Module, RunError> {
        let cannot = |why: String| RunError::new(format!("cannot play {}: {why}", path.display()));
        let bytes = std::fs::read(path).map_err(|error| cannot(plain(&error)))?;
        if component::is_component(&bytes) {
            return Err(cannot("it is a component; build the guest for wasm32-wasip1".to_owned()));
        }
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let code = compile(super::deterministic_engine(), &bytes).map_err(cannot)?;
        Ok(Module { code, name, bytes: bytes.into() })
    }

    /// Whether it is a component, for wasm32-wasip2: its sockets are its own to open, within what it is granted.
    pub fn is_component(&self) -> bool {
        matches!(self.code, Code::Component(_))
    }

    /// The SHA-256 of its bytes, in hexadecimal: by it a trace names the guest.
    ///
    /// ```
    /// let text = b"(module (memory (export \"memory\") 1) (func (export \"_start\")))";
    /// let module = wasi_poll_host::Module::from_bytes("nothing.wasm", text)?;
    /// assert_eq!(module.sha256().len(), 64);
    /// # Ok::<(), wasi_poll_host::RunError>(())
    /// ```
    pub fn sha256(&self) -> String {
        Sha256::digest(&self.bytes).iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes everything");
            text
        })
    }

    /// Makes every guest that runs in its engine look at its switch and its meter soon.
    pub(crate) fn interrupt(&self) {
        match &self.code {
            Code::Module(module) => module.engine().increment_epoch(),
            Code::Component(command) => command.engine().increment_epoch(),
        }
    }

    /// The file's name, without its folders.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").field("name", &self.name).finish_non_exhaustive()
    }
}

fn compile(engine: &Engine, bytes: &[u8]) -> Result<Code, String> {
    match bytes.get(..8) {
        Some(b"\0asm\x01\0\0\0") => {}
        _ if component::is_component(bytes) => {
            return component::compile(engine, bytes).map(Code::Component);
        }
        _ if is_text(bytes) => {}
        _ => return Err("it is not a WebAssembly module".to_owned()),
    }
    let module =
        wasmtime::Module::new(engine, bytes).map_err(|error| format!("it doesn't compile: {error:#}"))?;
    check_imports(&module)?;
    check_exports(&module)?;
    Ok(Code::Module(module))
}

/// Whether it may be wasm's text format.
fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| {
        let text = text.trim_start();
        text.starts_with('(') || text.starts_with(";;")
    })
}

fn check_imports(module: &wasmtime::Module) -> Result<(), String> {
    let mut unknown: Vec<String> = Vec::new();
    for import in module.imports() {
        match (import.module(), import.ty()) {
            (_, ExternType::Memory(memory)) if memory.is_shared() => {
                return Err("it wants a shared memory, and threads are not supported; build the guest for \
                            wasm32-wasip1"
                    .to_owned());
            }
            ("wasi_unstable", _) => {
                return Err("it imports wasi_unstable, the WASI before preview1; build the guest for \
                            wasm32-wasip1"
                    .to_owned());
            }
            (MODULE, ExternType::Func(_)) if NAMES.contains(&import.name()) => {}
            (from, _) => unknown.push(format!("{from}::{}", import.name()).escape_debug().to_string()),
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    Err(format!("it imports what this host doesn't have: {}", unknown.join(", ")))
}

fn check_exports(module: &wasmtime::Module) -> Result<(), String> {
    match module.get_export("memory") {
        Some(ExternType::Memory(memory)) if memory.is_shared() => {
            return Err(
                "its memory is shared, and threads are not supported; build the guest for wasm32-wasip1"
                    .to_owned(),
            );
        }
        Some(ExternType::Memory(memory)) if memory.is_64() => {
            return Err("its memory has 64-bit addresses, and preview1's are of 32".to_owned());
        }
        Some(ExternType::Memory(_)) => {}
        _ => return Err("it doesn't export its memory as \"memory\"".to_owned()),
    }
    match module.get_export("_start") {
        Some(ExternType::Func(start)) if start.params().len() == 0 && start.results().len() == 0 => Ok(()),
        Some(_) => Err("its _start isn't a function without arguments and results".to_owned()),
        None => Err("it has no _start function: a library, rather than a program?".to_owned()),
    }
}
