//! The calls on the network directory, and those that a path in it shares with a file's. What they mean is
//! `preview1`'s; here they are made and observed.
#![expect(clippy::too_many_arguments, reason = "the calls' own")]

use super::files;
use super::guest::Guest;
use super::seam::{at_once, number, on_path};
use crate::memory::split;
use crate::trace::{Answer, Call};
use wasi_poll_preview1::{Errno, Network, Progress, Target};
use wasmtime::{Caller, Result};

fn is_net_dir<N: Network + 'static>(caller: &Caller<'_, Guest<N>>, fd: u32) -> bool {
    caller.data().process.target(fd) == Ok(Target::NetDir)
}

/// `path_open` in the directory.
pub fn open<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    path: (u32, u32),
    open: u32,
    flags: u32,
    opened: u32,
) -> Result<u32> {
    on_path(caller, Call::on("path_open", fd), path, None, |guest, memory| {
        guest.process.net_open(memory, path, open, flags, opened)
    })
}

/// `fd_fdstat_get` of the directory.
pub fn fd_fdstat_get<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    stat: u32,
) -> Result<u32> {
    at_once(caller, Call::on("fd_fdstat_get", fd), |guest, memory| guest.process.net_fdstat(memory, stat))
}

/// `fd_filestat_get` of the directory: that of the path that names it.
pub fn fd_filestat_get<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    stat: u32,
) -> Result<u32> {
    at_once(caller, Call::on("fd_filestat_get", fd), |guest, memory| {
        guest.process.net_filestat(memory, (0, 0), stat)
    })
}

/// `fd_prestat_get` of the directory.
pub fn fd_prestat_get<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    prestat: u32,
) -> Result<u32> {
    at_once(caller, Call::on("fd_prestat_get", fd), |guest, memory| {
        guest.process.net_prestat(memory, prestat)
    })
}

pub fn fd_prestat_dir_name<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    path: u32,
    length: u32,
) -> Result<u32> {
    if is_net_dir(caller, fd) {
        return at_once(caller, Call::on("fd_prestat_dir_name", fd), |guest, memory| {
            guest.process.net_prestat_dir_name(memory, path, length)
        });
    }
    let (memory, guest) = split(caller)?;
    files::fd_prestat_dir_name(memory, guest, fd, path, length)
}

pub fn path_readlink<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    path: u32,
    length: u32,
    buffer: u32,
    buffer_length: u32,
    bytes: u32,
) -> Result<u32> {
    if is_net_dir(caller, fd) {
        return on_path(caller, Call::on("path_readlink", fd), (path, length), None, |guest, memory| {
            let progress =
                guest.process.net_readlink(memory, (path, length), buffer, buffer_length, bytes)?;
            Ok(match progress {
                Progress::Done(length) => Progress::Done(Answer::Link { pointer: buffer, length }),
                Progress::Blocked => Progress::Blocked,
            })
        });
    }
    let (memory, guest) = split(caller)?;
    files::path_readlink(memory, guest, fd, path, length, buffer, buffer_length, bytes)
}

pub fn path_symlink<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    target: u32,
    target_length: u32,
    fd: u32,
    path: u32,
    length: u32,
) -> Result<u32> {
    if is_net_dir(caller, fd) {
        let target = (target, target_length);
        return on_path(
            caller,
            Call::on("path_symlink", fd),
            (path, length),
            Some(target),
            |guest, memory| guest.process.net_symlink(memory, target, (path, length)),
        );
    }
    let (memory, guest) = split(caller)?;
    files::path_symlink(memory, guest, target, target_length, fd, path, length)
}

pub fn path_filestat_get<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    flags: u32,
    path: u32,
    length: u32,
    stat: u32,
) -> Result<u32> {
    if is_net_dir(caller, fd) {
        return on_path(caller, Call::on("path_filestat_get", fd), (path, length), None, |guest, memory| {
            guest.process.net_filestat(memory, (path, length), stat).map(Progress::Done)
        });
    }
    let (memory, guest) = split(caller)?;
    files::path_filestat_get(memory, guest, fd, flags, path, length, stat)
}

pub fn path_link<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    flags: u32,
    path: u32,
    length: u32,
    new_fd: u32,
    new_path: u32,
    new_length: u32,
) -> Result<u32> {
    if let Some(errno) = errno_between(caller, fd, new_fd) {
        return Ok(number(errno));
    }
    let (memory, guest) = split(caller)?;
    files::path_link(memory, guest, fd, flags, path, length, new_fd, new_path, new_length)
}

pub fn path_rename<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    path: u32,
    length: u32,
    new_fd: u32,
    new_path: u32,
    new_length: u32,
) -> Result<u32> {
    if let Some(errno) = errno_between(caller, fd, new_fd) {
        return Ok(number(errno));
    }
    let (memory, guest) = split(caller)?;
    files::path_rename(memory, guest, fd, path, length, new_fd, new_path, new_length)
}

/// Why no name can move between two directories of which one is this: files are on another device.
fn errno_between<N: Network + 'static>(caller: &Caller<'_, Guest<N>>, fd: u32, new_fd: u32) -> Option<Errno> {
    let target = |fd| caller.data().process.target(fd);
    match (target(fd), target(new_fd)) {
        (Ok(Target::NetDir), Ok(Target::Foreign(_))) | (Ok(Target::Foreign(_)), Ok(Target::NetDir)) => {
            Some(Errno::Xdev)
        }
        (Ok(Target::NetDir), Err(errno)) | (Err(errno), Ok(Target::NetDir)) => Some(errno),
        (Ok(Target::NetDir), _) | (_, Ok(Target::NetDir)) => Some(Errno::Perm),
        _ => None,
    }
}
