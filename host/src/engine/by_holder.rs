//! The calls that sockets, stdio, files and the network directory share. Whose a call is, the fd says; here it is
//! asked.

use super::guest::Guest;
use super::seam::{at_once, blocking, number, unobserved};
use super::{files, net_dir, open_files};
use crate::memory::split;
use crate::stdio::{STDERR, STDIN, STDOUT};
use crate::trace::Call;
use wasi_poll_preview1::{Closed, Errno, Memory, Network, Process, Progress, Target};
use wasmtime::{Caller, Result};

/// Makes a call on whoever holds `fd`: one that answers for sockets, one for readiness sets, and one for the rest.
macro_rules! by_holder {
    ($($name:ident($fd:ident, $argument:ident), $on_set:ident;)*) => {$(
        pub fn $name<N: Network + 'static>(
            caller: &mut Caller<'_, Guest<N>>,
            $fd: u32,
            $argument: u32,
        ) -> Result<u32> {
            match caller.data().process.target($fd) {
                Ok(Target::Socket) => at_once(caller, Call::on(stringify!($name), $fd), |guest, memory| {
                    guest.process.$name(memory, $fd, $argument)
                }),
                Ok(Target::NetDir) => net_dir::$name(caller, $fd, $argument),
                Ok(Target::ReadinessSet) => at_once(caller, Call::on(stringify!($name), $fd), |guest, memory| {
                    guest.process.$on_set(memory, $fd, $argument)
                }),
                Ok(Target::Foreign(_)) => {
                    let (memory, guest) = split(caller)?;
                    files::$name(memory, guest, $fd, $argument)
                }
                Err(errno) => Ok(number(errno)),
            }
        }
    )*};
}

by_holder! {
    fd_filestat_get(fd, stat), set_filestat;
    fd_prestat_get(fd, prestat), set_prestat;
}

pub fn fd_fdstat_get<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    stat: u32,
) -> Result<u32> {
    match caller.data().process.target(fd) {
        Ok(Target::Socket) => at_once(caller, Call::on("fd_fdstat_get", fd), |guest, memory| {
            guest.process.fd_fdstat_get(memory, fd, stat)
        }),
        Ok(Target::NetDir) => net_dir::fd_fdstat_get(caller, fd, stat),
        Ok(Target::ReadinessSet) => at_once(caller, Call::on("fd_fdstat_get", fd), |guest, memory| {
            guest.process.set_fdstat(memory, fd, stat)
        }),
        Ok(Target::Foreign(inner)) => {
            let (memory, guest) = split(caller)?;
            let errno = files::fd_fdstat_get(memory, guest, fd, stat)?;
            if inner > STDERR || errno != number(Errno::Success) {
                return Ok(errno);
            }
            unobserved(caller, "fd_fdstat_get", |guest, memory| {
                guest.process.foreign_get_flags(memory, fd, stat).map(Progress::Done)
            })
        }
        Err(errno) => Ok(number(errno)),
    }
}

pub fn fd_fdstat_set_flags<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    flags: u32,
) -> Result<u32> {
    match caller.data_mut().process.target(fd) {
        Ok(Target::Socket) => {
            at_once(caller, Call::on("fd_fdstat_set_flags", fd).flags(flags), |guest, _| {
                guest.process.fd_fdstat_set_flags(fd, flags)
            })
        }
        Ok(Target::NetDir) => Ok(number(Process::<N>::errno_of_net_call("fd_fdstat_set_flags"))),
        Ok(Target::ReadinessSet) => at_once(caller, Call::on("fd_fdstat_set_flags", fd), |guest, _| {
            guest.process.set_flags(fd, flags)
        }),
        Ok(Target::Foreign(STDIN..=STDERR)) => {
            let set = caller.data_mut().process.foreign_set_flags(fd, flags);
            Ok(number(set.err().unwrap_or(Errno::Success)))
        }
        Ok(Target::Foreign(_)) => {
            let (memory, guest) = split(caller)?;
            files::fd_fdstat_set_flags(memory, guest, fd, flags)
        }
        Err(errno) => Ok(number(errno)),
    }
}

pub fn fd_read<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    iovecs: u32,
    count: u32,
    bytes: u32,
) -> Result<u32> {
    match caller.data().process.target(fd) {
        Ok(Target::Socket) => blocking(caller, Call::on("fd_read", fd), |guest, memory| {
            guest.process.fd_read(memory, fd, iovecs, count, bytes)
        }),
        Ok(Target::ReadinessSet) => blocking(caller, Call::on("fd_read", fd), |guest, memory| {
            guest.process.set_read(memory, fd, (iovecs, count), bytes)
        }),
        Ok(Target::Foreign(STDIN)) => unobserved(caller, "fd_read", |guest, memory| {
            let stdio = &mut guest.stdio;
            guest.process.foreign_read(memory, fd, (iovecs, count), bytes, |into| stdio.read(into))
        }),
        Ok(_) => {
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
        Ok(Target::Socket) => blocking(caller, Call::on("fd_write", fd), |guest, memory| {
            guest.process.fd_write(memory, fd, iovecs, count, bytes)
        }),
        Ok(Target::ReadinessSet) => blocking(caller, Call::on("fd_write", fd), |guest, memory| {
            guest.process.set_write(memory, fd, (iovecs, count), bytes).map(Progress::Done)
        }),
        Ok(Target::Foreign(stream @ (STDOUT | STDERR))) => unobserved(caller, "fd_write", |guest, memory| {
            let stdio = &mut guest.stdio;
            guest.process.foreign_write(memory, fd, (iovecs, count), bytes, |from| stdio.write(stream, from))
        }),
        Ok(_) => {
            let (memory, guest) = split(caller)?;
            files::fd_write(memory, guest, fd, iovecs, count, bytes)
        }
        Err(errno) => Ok(number(errno)),
    }
}

pub fn fd_close<N: Network + 'static>(caller: &mut Caller<'_, Guest<N>>, fd: u32) -> Result<u32> {
    closing(caller, Call::on("fd_close", fd), |guest| guest.process.fd_close(fd))
}

pub fn fd_renumber<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    onto: u32,
) -> Result<u32> {
    let call = Call { onto: Some(onto), ..Call::on("fd_renumber", fd) };
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
