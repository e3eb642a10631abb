//! The calls on files, directories, arguments and random numbers: wasmtime-wasi's, behind our fds. It numbers
//! its descriptors itself, so every fd a call takes is translated here. `path_open`, which returns one, is
//! finished in `open_files.rs`.
#![expect(clippy::too_many_arguments, reason = "the calls' own")]

use super::guest::Guest;
use super::large::{self, Cut, check_path};
use super::seam::{named, number};
use std::pin::pin;
use wasi_poll_preview1::{Errno, Failure, Memory, Network, Process, Target};
use wasmtime::{Error, Result};
use wasmtime_wasi::p1::wasi_snapshot_preview1::{self as wasmtime_wasi_calls, WasiSnapshotPreview1};
use wasmtime_wasi::runtime::{in_tokio, poll_noop};
use wiggle::{GuestError, GuestMemory};

/// How wasm's argument becomes wasmtime-wasi's.
pub trait Argument {
    type Raw;
    type Inner;
    fn translate<N: Network>(raw: Self::Raw, process: &Process<N>, call: &str) -> Result<Self::Inner, Errno>;
}

/// An fd: translated, and refused when it is a socket's.
pub struct Fd;

impl Argument for Fd {
    type Raw = u32;
    type Inner = i32;
    fn translate<N: Network>(fd: u32, process: &Process<N>, call: &str) -> Result<i32, Errno> {
        match process.target(fd)? {
            Target::Foreign(inner) => Ok(inner.cast_signed()),
            Target::Socket | Target::ReadinessSet => Err(Process::<N>::errno_of_file_call(call)),
            Target::NetDir => Err(Process::<N>::errno_of_net_call(call)),
        }
    }
}

impl Argument for u32 {
    type Raw = u32;
    type Inner = i32;
    fn translate<N: Network>(raw: u32, _: &Process<N>, _: &str) -> Result<i32, Errno> {
        Ok(raw.cast_signed())
    }
}

impl Argument for u64 {
    type Raw = u64;
    type Inner = i64;
    fn translate<N: Network>(raw: u64, _: &Process<N>, _: &str) -> Result<i64, Errno> {
        Ok(raw.cast_signed())
    }
}

/// One function for each call: its arguments are translated, and wasmtime-wasi makes it. One that moves bytes has its
/// pointers checked before: wasmtime-wasi looks at some of them when the file has been written to. What it would copy by
/// the guest's number, paths and what is moved, is bounded first.
macro_rules! forward {
    (
        $($name:ident($($argument:ident: $kind:ty),*)
        $($wait:ident)? $([$iovecs:ident, $count:ident, $told:ident])? $({$($path:ident, $length:ident);*})?;)*
    ) => {
        $(
            pub fn $name<N: Network>(
                memory: &mut [u8],
                guest: &mut Guest<N>,
                $($argument: <$kind as Argument>::Raw,)*
            ) -> Result<u32> {
                $(
                    let $argument =
                        match <$kind as Argument>::translate($argument, &guest.process, stringify!($name)) {
                            Ok(inner) => inner,
                            Err(errno) => return Ok(number(errno)),
                        };
                )*
                $(
                    let buffers = ($iovecs.cast_unsigned(), $count.cast_unsigned());
                    let told = $told.cast_unsigned();
                    match guest.process.check_transfer(&Memory::new(memory), buffers, told) {
                        Ok(()) => {}
                        Err(Failure::Errno(errno)) => {
                            guest.tell_refusal();
                            return Ok(number(errno));
                        }
                        Err(Failure::Trap(trap)) => return Err(named(stringify!($name), trap.into())),
                    }
                    let cut = Cut::new(memory, buffers, told, guest.call_bytes);
                )?
                $($(
                    let path = ($path.cast_unsigned(), $length.cast_unsigned());
                    match check_path(&Memory::new(memory), path) {
                        Ok(()) => {}
                        Err(Failure::Errno(errno)) => return Ok(number(errno)),
                        Err(Failure::Trap(trap)) => return Err(named(stringify!($name), trap.into())),
                    }
                )*)?
                guest.files.set_hostcall_fuel(large::fuel(guest.call_bytes));
                let answered = {
                    let memory = &mut GuestMemory::Unshared(memory);
                    let answered = wasmtime_wasi_calls::$name(&mut guest.files, memory, $($argument),*);
                    forward!(@ answered $($wait)?)
                };
                $(
                    let _ = $iovecs;
                    cut.undo(memory);
                )?
                answer(stringify!($name), answered)
            }
        )*
    };
    (@ $answered:ident) => { $answered };
    (@ $answered:ident waits) => { finished($answered) };
}

/// The result of a call that wasmtime-wasi makes asynchronously. Files may block this thread, so it is there at
/// once; a runtime, with its threads, is only started for one that isn't.
fn finished<F: Future>(call: F) -> F::Output {
    let mut call = pin!(call);
    poll_noop(call.as_mut()).unwrap_or_else(|| in_tokio(call))
}

fn answer(call: &str, answered: Result<i32>) -> Result<u32> {
    match answered {
        Ok(errno) => Ok(errno.cast_unsigned()),
        Err(error) if is_no_value(&error) => Ok(number(Errno::Inval)),
        Err(error) => Err(named(call, error)),
    }
}

/// Whether an argument has a value that its type has not, such as an unknown flag: that is the guest's `EINVAL`.
fn is_no_value(error: &Error) -> bool {
    let Some(GuestError::InFunc { err: why, .. }) = error.downcast_ref() else { return false };
    matches!(**why, GuestError::InvalidFlagValue(_) | GuestError::InvalidEnumValue(_))
}

forward! {
    args_get(pointers: u32, bytes: u32);
    args_sizes_get(count: u32, bytes: u32);
    environ_get(pointers: u32, bytes: u32);
    environ_sizes_get(count: u32, bytes: u32);
    fd_advise(fd: Fd, offset: u64, length: u64, advice: u32) waits;
    fd_allocate(fd: Fd, offset: u64, length: u64);
    fd_datasync(fd: Fd) waits;
    fd_fdstat_get(fd: Fd, stat: u32) waits;
    fd_fdstat_set_flags(fd: Fd, flags: u32);
    fd_fdstat_set_rights(fd: Fd, base: u64, inheriting: u64);
    fd_filestat_get(fd: Fd, stat: u32) waits;
    fd_filestat_set_size(fd: Fd, size: u64) waits;
    fd_filestat_set_times(fd: Fd, accessed: u64, modified: u64, flags: u32) waits;
    fd_pread(fd: Fd, iovecs: u32, count: u32, offset: u64, bytes: u32) waits [iovecs, count, bytes];
    fd_prestat_dir_name(fd: Fd, path: u32, length: u32);
    fd_prestat_get(fd: Fd, prestat: u32);
    fd_pwrite(fd: Fd, iovecs: u32, count: u32, offset: u64, bytes: u32) waits [iovecs, count, bytes];
    fd_read(fd: Fd, iovecs: u32, count: u32, bytes: u32) waits [iovecs, count, bytes];
    fd_readdir(fd: Fd, buffer: u32, length: u32, cookie: u64, bytes: u32) waits;
    fd_seek(fd: Fd, offset: u64, whence: u32, position: u32) waits;
    fd_sync(fd: Fd) waits;
    fd_tell(fd: Fd, position: u32);
    fd_write(fd: Fd, iovecs: u32, count: u32, bytes: u32) waits [iovecs, count, bytes];
    path_create_directory(fd: Fd, path: u32, length: u32) waits {path, length};
    path_filestat_get(fd: Fd, flags: u32, path: u32, length: u32, stat: u32) waits {path, length};
    path_filestat_set_times(
        fd: Fd, flags: u32, path: u32, length: u32, accessed: u64, modified: u64, set: u32
    ) waits {path, length};
    path_link(
        fd: Fd, flags: u32, path: u32, length: u32, new_fd: Fd, new_path: u32, new_length: u32
    ) waits {path, length; new_path, new_length};
    path_open(
        fd: Fd, lookup: u32, path: u32, length: u32, open: u32, base: u64, inheriting: u64, flags: u32,
        opened: u32
    ) waits {path, length};
    path_readlink(fd: Fd, path: u32, length: u32, buffer: u32, buffer_length: u32, bytes: u32) waits {path, length};
    path_remove_directory(fd: Fd, path: u32, length: u32) waits {path, length};
    path_rename(fd: Fd, path: u32, length: u32, new_fd: Fd, new_path: u32, new_length: u32) waits {path, length; new_path, new_length};
    path_symlink(target: u32, target_length: u32, fd: Fd, path: u32, length: u32) waits {target, target_length; path, length};
    path_unlink_file(fd: Fd, path: u32, length: u32) waits {path, length};
    random_get(buffer: u32, length: u32);
    sched_yield();
}

/// Closes what wasmtime-wasi holds by its own number.
pub fn close<N: Network>(guest: &mut Guest<N>, inner: u32) -> Result<u32> {
    let memory = &mut GuestMemory::Unshared(&mut []);
    let closed = wasmtime_wasi_calls::fd_close(&mut guest.files, memory, inner.cast_signed());
    answer("fd_close", finished(closed))
}
