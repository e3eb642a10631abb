//! Recording: every import of a guest behind a function that makes the call and tells what went in and came out.

use super::guest::Guest;
use super::linker::{self, MODULE};
use super::regions::{Sizes, read_by, written_by};
use crate::memory::{HasMemory, split};
use crate::recording::{HostCall, sum};
use wasi_poll_preview1::{Memory, Network};
use wasi_poll_trace::Data;
use wasmtime::{Caller, Func, Instance, Linker, Module, Result, Store, Val};

/// Instantiates a guest whose every call is told to its trace.
pub fn instantiate<N: Network + 'static>(
    store: &mut Store<Guest<N>>,
    module: &Module,
    sizes: Sizes,
) -> Result<Instance> {
    let made = linker::preview1::<N>(module.engine())?;
    let mut told = Linker::new(module.engine());
    told.allow_shadowing(true);
    for import in module.imports() {
        let name = import.name().to_owned();
        let Some(inner) = made.get(&mut *store, MODULE, &name)?.into_func() else { continue };
        let kind = inner.ty(&*store);
        let outer = Func::new(&mut *store, kind, move |mut caller, params, results| {
            call(&mut caller, &inner, (&name, sizes), params, results)
        });
        told.define(&*store, MODULE, import.name(), outer)?;
    }
    told.instantiate(&mut *store, module)
}

/// Arguments as numbers.
pub fn numbers(params: &[Val]) -> Vec<u64> {
    let number = |value: &Val| match value {
        Val::I32(number) => u64::from(number.cast_unsigned()),
        Val::I64(number) => number.cast_unsigned(),
        _ => 0,
    };
    params.iter().map(number).collect()
}

/// What a call with these arguments was given, as one sum.
pub fn given<T: HasMemory + 'static>(caller: &mut Caller<'_, T>, name: &str, args: &[u64]) -> Result<String> {
    let (bytes, _) = split(caller)?;
    let memory = Memory::new(bytes);
    let regions = read_by(name, args, &memory);
    Ok(sum(regions.iter().filter_map(|&(pointer, length)| memory.slice(pointer, length).ok())))
}

fn call<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    inner: &Func,
    (name, sizes): (&str, Sizes),
    params: &[Val],
    results: &mut [Val],
) -> Result<()> {
    let args = numbers(params);
    let given = given(caller, name, &args)?;
    let at_ns = caller.data_mut().process.network().now_ns();
    let answered = inner.call(&mut *caller, params, results);
    let (bytes, guest) = split(caller)?;
    let result = match (&answered, results.first()) {
        (Ok(()), Some(Val::I32(errno))) => Some(errno.cast_unsigned()),
        _ => None,
    };
    let memory = Memory::new(bytes);
    let mut wrote = Vec::new();
    if result == Some(0) {
        for (pointer, length) in written_by(name, &args, &memory, sizes) {
            if let Ok(bytes) = memory.slice(pointer, length) {
                wrote.push((pointer, Data(bytes.to_vec())));
            }
        }
    }
    if let Some(trace) = &guest.trace {
        trace.tell(HostCall { name: name.to_owned(), args, result, given, wrote }.entry(at_ns));
    }
    answered
}
