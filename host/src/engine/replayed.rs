//! Replaying: a guest whose every call is answered from a recording, and held against it. There is no host behind it: no
//! socket, no file, no clock.

use super::Module;
use super::calls::Exit;
use super::instance::outcome;
use super::limiter::Limiter;
use super::linker::MODULE;
use super::module::Code;
use super::recorded::{given, numbers};
use crate::memory::{HasMemory, MemoryHandle, split};
use crate::recording::{HostCall, Recording, Replayed};
use crate::refusals::Refusals;
use crate::stdio::{STDERR, STDOUT};
use crate::{Limits, RunError};
use std::fmt;
use std::io::{self, Write};
use std::vec::IntoIter;
use wasi_poll_preview1::Memory;
use wasmtime::{Caller, Error, ExternType, Linker, Result, Store, Val};

/// What a replayed guest's store holds.
struct Replay {
    memory: MemoryHandle,
    calls: IntoIter<HostCall>,
    made: usize,
    limiter: Limiter,
}

impl HasMemory for Replay {
    fn memory(&self) -> MemoryHandle {
        self.memory
    }
}

/// Why a replay ends before the guest does.
#[derive(Debug)]
enum Early {
    Cut,
    Diverged { number: usize, text: String },
}

impl fmt::Display for Early {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Early::Cut => f.write_str("the recording ends"),
            Early::Diverged { number, text } => write!(f, "call {number}: {text}"),
        }
    }
}

impl std::error::Error for Early {}

/// Replays a recording on a module. What the guest prints goes to this process's stdout and stderr.
///
/// # Errors
/// When the module can't be run at all.
pub fn replay(module: &Module, recording: Recording, limits: Limits) -> Result<Replayed, RunError> {
    let cannot = |error: &Error| RunError::new(format!("cannot replay {}: {error:#}", module.name()));
    let Code::Module(compiled) = &module.code else {
        return Err(cannot(&Error::msg("it is a component")));
    };
    let replay = Replay {
        memory: MemoryHandle::default(),
        calls: recording.calls.into_iter(),
        made: 0,
        limiter: Limiter::new(limits, Refusals::default()),
    };
    let mut store = Store::new(compiled.engine(), replay);
    store.limiter(|replay| &mut replay.limiter);
    // Nobody kills a replay but whoever ends this process.
    store.set_epoch_deadline(u64::MAX / 2);
    let mut linker = Linker::new(compiled.engine());
    linker.allow_shadowing(true);
    for import in compiled.imports() {
        let ExternType::Func(kind) = import.ty() else { continue };
        let name = import.name().to_owned();
        let answered = linker.func_new(MODULE, import.name(), kind, move |mut caller, params, results| {
            answer(&mut caller, &name, params, results)
        });
        answered.map_err(|error| cannot(&error))?;
    }
    let instance = linker.instantiate(&mut store, compiled).map_err(|error| cannot(&error))?;
    let memory = MemoryHandle::of(instance, &mut store);
    store.data_mut().memory = memory;
    let ended =
        instance.get_typed_func::<(), ()>(&mut store, "_start").and_then(|start| start.call(&mut store, ()));
    let early = ended.as_ref().err().and_then(|error| error.downcast_ref());
    match early {
        Some(Early::Cut) => return Ok(Replayed::Cut),
        Some(Early::Diverged { number, text }) => {
            return Ok(Replayed::Diverged { number: *number, text: text.clone() });
        }
        None => {}
    }
    let Replay { calls, made, .. } = store.into_data();
    Ok(match calls.as_slice().first() {
        Some(next) => {
            let text = format!("the guest has ended, where the recording has {next}");
            Replayed::Diverged { number: made + 1, text }
        }
        None => Replayed::Ended(outcome(ended)),
    })
}

fn answer(caller: &mut Caller<'_, Replay>, name: &str, params: &[Val], results: &mut [Val]) -> Result<()> {
    let args = numbers(params);
    let given = given(caller, name, &args)?;
    let (bytes, replay) = split(caller)?;
    let Some(call) = replay.calls.next() else { return Err(Error::new(Early::Cut)) };
    replay.made += 1;
    let diverged = |text| Err(Error::new(Early::Diverged { number: replay.made, text }));
    let made = HostCall { name: name.to_owned(), args, result: None, given, wrote: Vec::new() };
    if (&made.name, &made.args) != (&call.name, &call.args) {
        return diverged(format!("the guest calls {made}, where the recording has {call}"));
    }
    if made.given != call.given {
        return diverged(format!("the guest calls {made} with other bytes than the recording has"));
    }
    let mut memory = Memory::new(bytes);
    for (pointer, data) in &call.wrote {
        memory.slice_mut(*pointer, data.0.len() as u32)?.copy_from_slice(&data.0);
    }
    match (name, call.result) {
        ("proc_exit", _) => return Err(Error::new(Exit(made.args[0] as u32))),
        // It was ended in this call.
        (_, None) => return Err(Error::new(Early::Cut)),
        ("fd_write", Some(0)) => print(&made.args, &memory),
        _ => {}
    }
    if let (Some(result), Some(errno)) = (results.first_mut(), call.result) {
        *result = Val::I32(errno.cast_signed());
    }
    Ok(())
}

/// What the guest printed when it was recorded, it prints again; if nobody reads it, so be it.
fn print(args: &[u64], memory: &Memory<'_>) {
    let mut sink: Box<dyn Write> = match args[0] as u32 {
        STDOUT => Box::new(io::stdout()),
        STDERR => Box::new(io::stderr()),
        _ => return,
    };
    for (pointer, length) in super::regions::written_to_stdio(args, memory) {
        if let Ok(bytes) = memory.slice(pointer, length) {
            drop(sink.write_all(bytes));
        }
    }
    drop(sink.flush());
}
