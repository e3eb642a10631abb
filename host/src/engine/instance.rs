//! One run of a guest: its store, its instance, and how it ended.

use super::calls::Exit;
use super::guest::Guest;
use super::limiter::Limiter;
use super::module::Code;
use super::regions::Sizes;
use super::{Module, epoch, linker, recorded};
use crate::memory::MemoryHandle;
use crate::preopens::Directory;
use crate::random::SeededRandom;
use crate::refusals::Refusals;
use crate::stdio::{STDERR, STDIN, STDOUT, Stdio};
use crate::trace::{Trace, end_entry};
use crate::watchdog::CpuMeter;
use crate::{Killer, Limits, Outcome, RunError};
use wasi_poll_preview1::{Network, Process, Stop};
use wasmtime::{Engine, Error, Result, Store, Trap, WasmBacktrace};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

/// All that a guest is given.
#[derive(Debug)]
pub struct Setup<N: Network> {
    pub process: Process<N>,
    pub arguments: Vec<String>,
    pub variables: Vec<(String, String)>,
    pub directories: Vec<Directory>,
    pub stdio: Stdio,
    pub trace: Option<Trace>,
    pub refusals: Refusals,
    pub limits: Limits,
    pub killer: Killer,
    /// What random numbers follow from; `None` is the system's.
    pub seed: Option<u64>,
    pub cpu_meter: Option<CpuMeter>,
}

/// Runs a guest to its end.
pub fn run<N: Network + 'static>(module: &Module, setup: Setup<N>) -> Result<Outcome, RunError> {
    let cannot = |error: &Error| cannot_run(module, error);
    let Code::Module(compiled) = &module.code else {
        return Err(cannot(&Error::msg("it is a component")));
    };
    let engine = compiled.engine();
    let records = setup.trace.as_ref().is_some_and(Trace::is_recording);
    let sizes = records.then(|| Sizes::of(&setup.arguments, &setup.variables));
    let linked = linker::preview1::<N>(engine)
        .and_then(|linker| linker.instantiate_pre(compiled))
        .map_err(|error| cannot(&error))?;

    let killer = setup.killer.clone();
    let mut store = store(engine, guest(setup)?);
    if killer.is_killed() {
        return Ok(Outcome::Killed);
    }

    let instantiated = match sizes {
        Some(sizes) => recorded::instantiate(&mut store, compiled, sizes),
        None => linked.instantiate(&mut store),
    };
    let instance = match instantiated {
        Ok(instance) => instance,
        // Its start function ran, and ended it; else it never began.
        Err(error) if error.is::<WasmBacktrace>() => return Ok(ended(&mut store, Err(error))),
        Err(error) => return Err(cannot(&error)),
    };
    let memory = MemoryHandle::of(instance, &mut store);
    store.data_mut().memory = memory;
    let result =
        instance.get_typed_func::<(), ()>(&mut store, "_start").and_then(|start| start.call(&mut store, ()));
    Ok(ended(&mut store, result))
}

/// How the guest ended, which its observers are told, too.
pub(super) fn ended<N: Network + 'static>(store: &mut Store<Guest<N>>, result: Result<()>) -> Outcome {
    let Guest { process, trace, killer, .. } = store.data_mut();
    let outcome = match outcome(result) {
        Outcome::Killed => killer.outcome().unwrap_or(Outcome::Killed),
        outcome => outcome,
    };
    if let Some(trace) = trace {
        trace.tell(end_entry(&outcome, process.network().now_ns()));
    }
    outcome
}

/// A store that the guest's kill switch and limits hold for.
pub(super) fn store<N: Network + 'static>(engine: &Engine, guest: Guest<N>) -> Store<Guest<N>> {
    let (killer, meter) = (guest.killer.clone(), guest.cpu_meter.clone());
    let mut store = Store::new(engine, guest);
    store.limiter(|guest| &mut guest.limiter);
    epoch::interrupt_with(&mut store, &killer, meter);
    store
}

/// Why it couldn't begin. The engine's own counts have no flag in their text.
pub(super) fn cannot_run(module: &Module, error: &Error) -> RunError {
    let flag = [("instance count too high", "--max-instances"), ("table count too high", "--max-tables")];
    let why = format!("{error:#}");
    let flag = flag.iter().find(|(text, _)| why.contains(text));
    let set_by = flag.map_or(String::new(), |(_, flag)| format!("; {flag} sets the limit"));
    RunError::new(format!("cannot run {}: {why}{set_by}", module.name()))
}

pub(super) fn guest<N: Network>(setup: Setup<N>) -> Result<Guest<N>, RunError> {
    let files = files(&setup)?;
    let Setup { process, stdio, trace, refusals, limits, killer, cpu_meter, .. } = setup;
    let limiter = Limiter::new(limits, refusals.clone());
    let (memory, sharing, call_bytes) = (MemoryHandle::default(), None, limits.call_bytes);
    Ok(Guest {
        process,
        files,
        stdio,
        memory,
        trace,
        refusals,
        killer,
        cpu_meter,
        call_bytes,
        limiter,
        sharing,
    })
}

/// wasmtime-wasi's part: arguments, variables and directories. Of stdio it knows only what is a terminal.
fn files<N: Network>(setup: &Setup<N>) -> Result<WasiP1Ctx, RunError> {
    let mut builder = WasiCtxBuilder::new();
    // A guest has this thread to itself.
    builder.allow_blocking_current_thread(true).args(&setup.arguments).envs(&setup.variables);
    if setup.stdio.is_terminal(STDIN) {
        builder.inherit_stdin();
    }
    if setup.stdio.is_terminal(STDOUT) {
        builder.inherit_stdout();
    }
    if setup.stdio.is_terminal(STDERR) {
        builder.inherit_stderr();
    }
    if let Some(seed) = setup.seed {
        builder.secure_random(SeededRandom::new(seed));
    }
    for Directory { host, guest } in &setup.directories {
        builder.preopened_dir(host, guest, FsPerms::ReadWrite).map_err(|error| {
            RunError::new(format!("cannot give the guest the directory {}: {error:#}", host.display()))
        })?;
    }
    Ok(builder.build_p1())
}

/// What a run's end means.
pub(super) fn outcome(ended: Result<()>) -> Outcome {
    let Err(error) = ended else { return Outcome::Exited(0) };
    if let Some(Exit(code)) = error.downcast_ref() {
        return Outcome::Exited(*code);
    }
    if let Some(Stop::Killed) = error.downcast_ref() {
        return Outcome::Killed;
    }
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(ToString::to_string).unwrap_or_default();
    // The first line only says that a backtrace follows.
    let frames = backtrace.split_once('\n').map_or("", |(_, frames)| frames);
    let mut message = error.root_cause().to_string();
    if let Some(Trap::StackOverflow) = error.downcast_ref() {
        "its call stack is larger than its limit; --max-stack sets it".clone_into(&mut message);
    }
    let message = message.strip_prefix("wasm trap: ").unwrap_or(&message);
    Outcome::Trapped { message: printable(message), backtrace: printable(frames) }
}

/// The names in a backtrace are the guest's, and a terminal must not obey them.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => printable.push(letter),
            _ if letter.is_control() => printable.extend(letter.escape_default()),
            _ => printable.push(letter),
        }
    }
    printable
}
