//! The calls on sockets, polls, clocks and fds themselves, and those that a socket and a file share. Each is
//! `preview1`'s; here it is decided whose, and observed.

use super::guest::Guest;
use super::seam::{at_once, blocking, named, number, unobserved};
use super::{files, net_dir, open_files};
use crate::memory::split;
use crate::stdio::{STDERR, STDIN, STDOUT};
use crate::trace::Call;
use std::fmt;
use wasi_poll_preview1::{Closed, Errno, Failure, Memory, Network, Process, Progress, Target};
use wasmtime::{Caller, Error, Result};

pub use net_dir::{
    fd_prestat_dir_name, path_filestat_get, path_link, path_readlink, path_rename, path_symlink,
};
pub use open_files::path_open;

/// How a guest ends itself.
#[derive(Debug)]
pub struct Exit(pub u32);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the guest exited with {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// A call about one fd.
fn on(name: &'static str, fd: u32) -> Call {
    Call { name, fd: Some(fd), onto: None }
}

pub fn sock_accept<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    flags: u32,
    accepted: u32,
) -> Result<u32> {
    blocking(caller, on("sock_accept", fd), |guest, memory| {
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
    blocking(caller, on("sock_recv", fd), |guest, memory| {
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
    blocking(caller, on("sock_send", fd), |guest, memory| {
        guest.process.sock_send(memory, fd, iovecs, count, flags, bytes)
    })
}

pub fn sock_shutdown<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    how: u32,
) -> Result<u32> {
    at_once(caller, on("sock_shutdown", fd), |guest, _| guest.process.sock_shutdown(fd, how))
}

pub fn poll_oneoff<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    subscriptions: u32,
    events: u32,
    count: u32,
    told: u32,
) -> Result<u32> {
    let call = Call { name: "poll_oneoff", fd: None, onto: None };
    blocking(caller, call, |guest, memory| {
        guest.process.poll_oneoff(memory, subscriptions, events, count, told)
    })
}

/// Makes a call on whoever holds `fd`: one that answers for sockets, and one for the rest.
macro_rules! by_holder {
    ($($name:ident($fd:ident $(, $argument:ident)*) $socket:ident;)*) => {$(
        pub fn $name<N: Network + 'static>(
            caller: &mut Caller<'_, Guest<N>>,
            $fd: u32,
            $($argument: u32),*
        ) -> Result<u32> {
            match caller.data().process.target($fd) {
                Ok(Target::Socket) => $socket(caller, on(stringify!($name), $fd), |guest, _memory| {
                    by_holder!(@ $name guest _memory $fd $($argument)*)
                }),
                Ok(Target::NetDir) => by_holder!(@ net_dir $name caller $fd $($argument)*),
                Ok(Target::Foreign(_)) => {
                    let (memory, guest) = split(caller)?;
                    files::$name(memory, guest, $fd, $($argument),*)
                }
                Err(errno) => Ok(number(errno)),
            }
        }
    )*};
    (@ net_dir fd_fdstat_set_flags $caller:ident $fd:ident $flags:ident) => {
        Ok(number(Process::<N>::errno_of_net_call("fd_fdstat_set_flags")))
    };
    (@ net_dir $name:ident $caller:ident $fd:ident $($argument:ident)*) => {
        net_dir::$name($caller, $fd, $($argument),*)
    };
    (@ fd_fdstat_set_flags $guest:ident $memory:ident $fd:ident $flags:ident) => {
        $guest.process.fd_fdstat_set_flags($fd, $flags)
    };
    (@ $name:ident $guest:ident $memory:ident $fd:ident $($argument:ident)*) => {
        $guest.process.$name($memory, $fd, $($argument),*)
    };
}

by_holder! {
    fd_fdstat_get(fd, stat) at_once;
    fd_fdstat_set_flags(fd, flags) at_once;
    fd_filestat_get(fd, stat) at_once;
    fd_prestat_get(fd, prestat) at_once;
}

pub fn fd_read<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    iovecs: u32,
    count: u32,
    bytes: u32,
) -> Result<u32> {
    match caller.data().process.target(fd) {
        Ok(Target::Socket) => blocking(caller, on("fd_read", fd), |guest, memory| {
            guest.process.fd_read(memory, fd, iovecs, count, bytes)
        }),
        Ok(Target::Foreign(STDIN)) => unobserved(caller, "fd_read", |guest, memory| {
            let stdio = &mut guest.stdio;
            guest.process.foreign_read(memory, fd, (iovecs, count), bytes, |into| stdio.read(into))
        }),
        Ok(Target::Foreign(_) | Target::NetDir) => {
            let (memory, guest) = split(caller)?;
            files::fd_read(memory, guest, fd, iovecs, count, bytes)
        }
        Err(errno) => Ok(number(errno)),
    }
}

pub fn fd_write<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    iovecs: u32,
    count: u32,
    bytes: u32,
) -> Result<u32> {
    match caller.data().process.target(fd) {
        Ok(Target::Socket) => blocking(caller, on("fd_write", fd), |guest, memory| {
            guest.process.fd_write(memory, fd, iovecs, count, bytes)
        }),
        Ok(Target::Foreign(stream @ (STDOUT | STDERR))) => unobserved(caller, "fd_write", |guest, memory| {
            let stdio = &mut guest.stdio;
            guest.process.foreign_write(memory, fd, (iovecs, count), bytes, |from| stdio.write(stream, from))
        }),
        Ok(Target::Foreign(_) | Target::NetDir) => {
            let (memory, guest) = split(caller)?;
            files::fd_write(memory, guest, fd, iovecs, count, bytes)
        }
        Err(errno) => Ok(number(errno)),
    }
}

pub fn fd_close<N: Network + 'static>(caller: &mut Caller<'_, Guest<N>>, fd: u32) -> Result<u32> {
    closing(caller, on("fd_close", fd), |guest| guest.process.fd_close(fd))
}

pub fn fd_renumber<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    onto: u32,
) -> Result<u32> {
    let call = Call { name: "fd_renumber", fd: Some(fd), onto: Some(onto) };
    closing(caller, call, |guest| guest.process.fd_renumber(fd, onto))
}

/// A call that may leave something of wasmtime-wasi's to close. Between files alone, nobody observes it.
fn closing<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    call: Call,
    close: impl Fn(&mut Guest<N>) -> Result<Closed, Errno>,
) -> Result<u32> {
    let is_file = |fd| matches!(caller.data().process.target(fd), Ok(Target::Foreign(_)));
    let files_alone = [call.fd, call.onto].into_iter().flatten().all(is_file);
    let mut left = Closed::Whole;
    let mut attempt = |guest: &mut Guest<N>, _: &mut Memory<'_>| {
        left = close(guest)?;
        Ok(Progress::Done(()))
    };
    let errno = if files_alone {
        unobserved(caller, call.name, &mut attempt)?
    } else {
        blocking(caller, call, &mut attempt)?
    };
    match left {
        Closed::Whole => Ok(errno),
        Closed::Foreign(inner) => open_files::close(caller.data_mut(), inner),
    }
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
    let answered = memory.check(result, 8, 8).map_err(Failure::Trap).and_then(|()| match clock {
        0 | 1 => {
            let time_ns = read(guest.process.network(), clock);
            memory.slice_mut(result, 8)?.copy_from_slice(&time_ns.to_le_bytes());
            Ok(())
        }
        // This process's and this thread's time are not the guest's.
        2 | 3 => Err(Errno::Notsup.into()),
        _ => Err(Errno::Inval.into()),
    });
    match answered {
        Ok(()) => Ok(number(Errno::Success)),
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

/// Any number is an exit code here; what becomes of it is the caller's.
pub fn proc_exit<N: Network + 'static>(_: &mut Caller<'_, Guest<N>>, code: u32) -> Result<()> {
    Err(Error::new(Exit(code)))
}

#[expect(clippy::unnecessary_wraps, reason = "a call like the others")]
pub fn proc_raise<N: Network + 'static>(_: &mut Caller<'_, Guest<N>>, _signal: u32) -> Result<u32> {
    Ok(number(Errno::Notsup))
}
