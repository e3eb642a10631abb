//! Where files get our fds and lose them. wasmtime-wasi's numbers never reach the guest.

use super::guest::Guest;
use super::seam::{named, number};
use super::{files, net_dir};
use crate::errno::errno_of;
use crate::memory::split;
use std::io;
use std::os::fd::AsFd;
use wasi_poll_preview1::{Errno, Memory, Network, Target};
use wasmtime::{Caller, Result};

/// `path_open`: what it opens gets an fd of ours. In the network directory, preview1 opens it.
#[expect(clippy::too_many_arguments, reason = "the call's own")]
pub fn path_open<N: Network + 'static>(
    caller: &mut Caller<'_, Guest<N>>,
    fd: u32,
    lookup: u32,
    path: u32,
    length: u32,
    open: u32,
    base: u64,
    inheriting: u64,
    flags: u32,
    opened: u32,
) -> Result<u32> {
    if caller.data().process.target(fd) == Ok(Target::NetDir) {
        return net_dir::open(caller, fd, (path, length), open, flags, opened);
    }
    let (memory, guest) = split(caller)?;
    // Both before anything is opened, or created.
    Memory::new(memory).check(opened, 4, 4).map_err(|trap| named("path_open", trap.into()))?;
    if let Err(errno) = guest.process.make_room() {
        guest.tell_refusal();
        return Ok(number(errno));
    }
    let errno =
        files::path_open(memory, guest, fd, lookup, path, length, open, base, inheriting, flags, opened)?;
    if errno == number(Errno::Io) {
        return Ok(number(no_room().unwrap_or(Errno::Io)));
    }
    if errno != number(Errno::Success) {
        return Ok(errno);
    }
    let result = &mut memory[opened as usize..opened as usize + 4];
    let inner = u32::from_le_bytes([result[0], result[1], result[2], result[3]]);
    match guest.process.insert_foreign(inner) {
        Ok(fd) => {
            result.copy_from_slice(&fd.to_le_bytes());
            Ok(number(Errno::Success))
        }
        Err(errno) => {
            close(guest, inner)?;
            Ok(number(errno))
        }
    }
}

/// `EMFILE` or `ENFILE` when the system can open no more files: wasmtime-wasi knows neither, and says `EIO`.
#[cold]
fn no_room() -> Option<Errno> {
    let errno = errno_of(&io::stderr().as_fd().try_clone_to_owned().err()?);
    matches!(errno, Errno::Mfile | Errno::Nfile).then_some(errno)
}

/// Closes what wasmtime-wasi holds as `inner`. Its numbers 0 to 2 stay taken, or the next file would get one
/// and be taken for stdio.
pub fn close<N: Network>(guest: &mut Guest<N>, inner: u32) -> Result<u32> {
    if inner < 3 {
        guest.stdio.close(inner);
        return Ok(number(Errno::Success));
    }
    files::close(guest, inner)
}
