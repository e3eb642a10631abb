//! The calls on sockets, polls and clocks, and how a guest ends itself. Those that sockets share with files are
//! in `by_holder.rs`.

use super::files;
use super::guest::Guest;
use super::seam::{at_once, blocking, named, number};
use crate::Refusal;
use crate::memory::split;
use crate::trace::{Call, clock_entry};
use std::fmt;
use wasi_poll_preview1::{Errno, Failure, Memory, Network};
use wasmtime::{Caller, Error, Result};

pub use super::by_holder::*;
pub use super::net_dir::{
    fd_prestat_dir_name, path_filestat_get, path_link, path_readlink, path_rename, path_symlink,
};
pub use super::open_files::path_open;

/// How a guest ends itself.
#[derive(Debug)]
pub struct Exit(pub u32);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the guest exited with {}", self.0)
    }
}

impl std::error::Error for Exit {}

pub fn sock_accept<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    flags: u32,
    accepted: u32,
) -> Result<u32> {
    blocking(caller, Call::on("sock_accept", fd), |guest, memory| {
        guest.process.sock_accept(memory, fd, flags, accepted)
    })
}

pub fn sock_recv<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    iovecs: u32,
    count: u32,
    flags: u32,
    bytes: u32,
    told: u32,
) -> Result<u32> {
    blocking(caller, Call::on("sock_recv", fd).flags(flags), |guest, memory| {
        guest.process.sock_recv(memory, fd, iovecs, count, flags, bytes, told)
    })
}

pub fn sock_send<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    iovecs: u32,
    count: u32,
    flags: u32,
    bytes: u32,
) -> Result<u32> {
    blocking(caller, Call::on("sock_send", fd).flags(flags), |guest, memory| {
        guest.process.sock_send(memory, fd, iovecs, count, flags, bytes)
    })
}

pub fn sock_shutdown<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    how: u32,
) -> Result<u32> {
    at_once(caller, Call::on("sock_shutdown", fd).flags(how), |guest, _| guest.process.sock_shutdown(fd, how))
}

pub fn poll_oneoff<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    subscriptions: u32,
    events: u32,
    count: u32,
    told: u32,
) -> Result<u32> {
    blocking(caller, Call::new("poll_oneoff"), |guest, memory| {
        guest.process.poll_oneoff(memory, subscriptions, events, count, told)
    })
}

/// The clocks are the network's, so that a poll's deadline and a reading of the clock agree.
fn on_clock<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    name: &'static str,
    clock: u32,
    result: u32,
    read: impl Fn(&mut N, u32) -> u64,
) -> Result<u32> {
    let (bytes, guest) = split(caller)?;
    let mut memory = Memory::new(bytes);
    let observed = guest.trace.is_some().then(|| guest.process.network().now_ns());
    let answered = memory.check(result, 8, 8).map_err(Failure::Trap).and_then(|()| match clock {
        0 | 1 => {
            let time_ns = read(guest.process.network(), clock);
            memory.slice_mut(result, 8)?.copy_from_slice(&time_ns.to_le_bytes());
            Ok(time_ns)
        }
        // This process's and this thread's time are not the guest's.
        2 | 3 => Err(Errno::Notsup.into()),
        _ => Err(Errno::Inval.into()),
    });
    if let (Some(at_ns), Some(trace)) = (observed, &guest.trace) {
        trace.tell(clock_entry(name, clock, at_ns, &answered));
    }
    match answered {
        Ok(_) => Ok(number(Errno::Success)),
        Err(Failure::Errno(errno)) => Ok(number(errno)),
        Err(Failure::Trap(trap)) => Err(named(name, Error::new(trap))),
    }
}

pub fn clock_time_get<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    clock: u32,
    _precision_ns: u64,
    time: u32,
) -> Result<u32> {
    on_clock(caller, "clock_time_get", clock, time, |network, clock| match clock {
        0 => network.realtime_ns(),
        _ => network.now_ns(),
    })
}

pub fn clock_res_get<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    clock: u32,
    resolution: u32,
) -> Result<u32> {
    on_clock(caller, "clock_res_get", clock, resolution, |_, _| 1)
}

/// wasmtime-wasi makes as many bytes on the side as the guest asks for, so that is limited.
pub fn random_get<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    buffer: u32,
    length: u32,
) -> Result<u32> {
    let (memory, guest) = split(caller)?;
    let limit = guest.call_bytes;
    if length > limit {
        let what = format!("{limit} random bytes in a call");
        guest.refusals.tell(&Refusal { flag: "--max-call-bytes", what });
        return Ok(number(Errno::Nomem));
    }
    files::random_get(memory, guest, buffer, length)
}

/// Any number is an exit code here; what becomes of it is the caller's.
pub fn proc_exit<N: Network + 'static>(_: &mut Caller<'_, Guest<N>>, code: u32) -> Result<()> {
    Err(Error::new(Exit(code)))
}

#[expect(clippy::unnecessary_wraps, reason = "a call like the others")]
pub fn proc_raise<N: Network + 'static>(_: &mut Caller<'_, Guest<N>>, _signal: u32) -> Result<u32> {
    Ok(number(Errno::Notsup))
}
