//! The seam between wasm and the host: how a host call borrows the guest, waits without the borrow, fails,
//! and is observed. Which calls there are is written elsewhere.

use super::guest::Guest;
use super::suspended::Suspended;
use crate::memory::split;
use crate::trace::{Answer, Call, End, Observed, Paths};
use wasi_poll_preview1::{Errno, Failure, Memory, Network, Progress, Stop};
use wasmtime::{Caller, Error, Result, format_err};

/// Makes `attempt` until it doesn't block, and waits between with nothing of the guest borrowed. The result
/// is the call's errno. This is where a guest is observed.
pub fn blocking<N: Network + 'static, A: Into<Answer>>(
    caller: &mut Caller<'_, Guest<N>>,
    call: Call,
    attempt: impl FnMut(&mut Guest<N>, &mut Memory<'_>) -> Result<Progress<A>, Failure>,
) -> Result<u32> {
    if caller.data().trace.is_none() {
        return unobserved(caller, call.name, attempt);
    }
    result(call.name, observed(caller, call, Paths::default(), attempt))
}

/// As [`blocking`], for a call whose path is at `path`, and perhaps that of what it links to at `target`; each a
/// pointer and a length.
pub fn on_path<N: Network + 'static, A: Into<Answer>>(
    caller: &mut Caller<'_, Guest<N>>,
    call: Call,
    path: (u32, u32),
    target: Option<(u32, u32)>,
    attempt: impl FnMut(&mut Guest<N>, &mut Memory<'_>) -> Result<Progress<A>, Failure>,
) -> Result<u32> {
    /// No path that means anything is longer.
    const SHOWN_BYTES: u32 = 1024;
    if caller.data().trace.is_none() {
        return unobserved(caller, call.name, attempt);
    }
    // Now: the call may write over it.
    let (bytes, _) = split(caller)?;
    let memory = Memory::new(bytes);
    let text = |(pointer, length): (u32, u32)| {
        let bytes = memory.slice(pointer, length.min(SHOWN_BYTES)).ok()?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    };
    let paths = Paths { path: text(path), target: target.and_then(text) };
    result(call.name, observed(caller, call, paths, attempt))
}

/// As [`blocking`], for what is of no interest to who observes sockets.
pub fn unobserved<N: Network + 'static, A: Into<Answer>>(
    caller: &mut Caller<'_, Guest<N>>,
    name: &str,
    attempt: impl FnMut(&mut Guest<N>, &mut Memory<'_>) -> Result<Progress<A>, Failure>,
) -> Result<u32> {
    result(name, until_done(caller, attempt, drop))
}

/// As [`blocking`], for a call that never waits.
pub fn at_once<N: Network + 'static, F: Into<Failure>>(
    caller: &mut Caller<'_, Guest<N>>,
    call: Call,
    mut attempt: impl FnMut(&mut Guest<N>, &mut Memory<'_>) -> Result<(), F>,
) -> Result<u32> {
    blocking(caller, call, |guest, memory| attempt(guest, memory).map(Progress::Done).map_err(Into::into))
}

/// An errno as wasm's result.
pub fn number(errno: Errno) -> u32 {
    u32::from(errno.raw())
}

/// An error that ends the guest, with the call's name before it. A stop is left whole: it is no fault.
pub fn named(call: &str, error: Error) -> Error {
    if error.is::<Stop>() || error.is::<Suspended>() { error } else { format_err!("{call}: {error:#}") }
}

fn result<T>(name: &str, ended: Ended<T>) -> Result<u32> {
    match ended {
        Ok(Ok(_)) => Ok(number(Errno::Success)),
        Ok(Err(errno)) => Ok(number(errno)),
        Err(error) => Err(named(name, error)),
    }
}

type Ended<T> = Result<Result<T, Errno>>;

fn until_done<N: Network + 'static, A, T>(
    caller: &mut Caller<'_, Guest<N>>,
    mut attempt: impl FnMut(&mut Guest<N>, &mut Memory<'_>) -> Result<Progress<A>, Failure>,
    kept: impl Fn(A) -> T,
) -> Ended<T> {
    loop {
        let (bytes, guest) = split(caller)?;
        match attempt(guest, &mut Memory::new(bytes)) {
            Ok(Progress::Done(answer)) => return Ok(Ok(kept(answer))),
            Ok(Progress::Blocked) => guest.wait()?,
            Err(Failure::Errno(errno)) => {
                if matches!(errno, Errno::Acces | Errno::Mfile | Errno::Nobufs | Errno::Nomem) {
                    guest.tell_refusal();
                }
                return Ok(Err(errno));
            }
            Err(Failure::Trap(trap)) => return Err(Error::new(trap)),
        }
    }
}

#[cold]
fn observed<N: Network + 'static, A: Into<Answer>>(
    caller: &mut Caller<'_, Guest<N>>,
    call: Call,
    paths: Paths,
    attempt: impl FnMut(&mut Guest<N>, &mut Memory<'_>) -> Result<Progress<A>, Failure>,
) -> Ended<Answer> {
    let guest = caller.data_mut();
    let resumed_ns = guest.sharing.as_mut().and_then(|sharing| sharing.began_ns.take());
    let at_ns = resumed_ns.unwrap_or_else(|| guest.process.network().now_ns());
    // Who shares its thread is ended in the call it waits in, which then has no answer.
    let is_ended = guest.sharing.is_some() && guest.killer.is_killed();
    let ended =
        if is_ended { Err(Error::new(Stop::Killed)) } else { until_done(caller, attempt, Into::into) };
    if let Some(sharing) = &mut caller.data_mut().sharing
        && ended.as_ref().is_err_and(Error::is::<Suspended>)
    {
        // It is made again, and told of then.
        sharing.began_ns = Some(at_ns);
        return ended;
    }
    let end = match &ended {
        Ok(Ok(answer)) => End::Answered(*answer),
        Ok(Err(errno)) => End::Refused(*errno),
        Err(error) => End::Ended(format!("{error:#}")),
    };
    // Without a memory, the guest is ended before it began.
    if let Ok((bytes, Guest { process, trace: Some(trace), .. })) = split(caller) {
        let observed = Observed { call, paths, end, at_ns };
        trace.tell(observed.entry(process, &Memory::new(bytes), trace.has_data()));
    }
    ended
}
