//! The raw preview1 calls: all of the poller's unsafe stands here, but what `FromRawFd` asks of the
//! sockets. What the calls mean for readiness is not decided here.
//!
//! Errnos become errors by `from_raw_os_error`, as `std` does it in this world. They must never be
//! printed as `wasi::Errno`: its text for a number it doesn't know is undefined behaviour.

use std::io;
use std::mem;
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;

use super::net::{Claim, find_network_directory};
use super::selector::{Change, Host};

/// The host this module runs on.
pub(super) struct Preview1;

impl Host for Preview1 {
    fn poll_oneoff(
        &mut self,
        subscriptions: &[wasi::Subscription],
        events: &mut Vec<wasi::Event>,
    ) -> io::Result<()> {
        events.clear();
        events.reserve(subscriptions.len());
        // SAFETY: both arrays hold `subscriptions.len()` records, the second one reserved above.
        let count =
            unsafe { wasi::poll_oneoff(subscriptions.as_ptr(), events.as_mut_ptr(), subscriptions.len()) }
                .map_err(error)?;
        if count > subscriptions.len() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "poll_oneoff claims to have written more events than it was given room for",
            ));
        }
        // SAFETY: the host wrote this many events, no more than were reserved.
        unsafe { events.set_len(count) };
        Ok(())
    }

    fn write_changes(&mut self, set: BorrowedFd<'_>, changes: &[Change]) -> io::Result<usize> {
        let buffers = [wasi::Ciovec { buf: changes.as_ptr().cast(), buf_len: mem::size_of_val(changes) }];
        // SAFETY: the changes are plain bytes without padding, borrowed for reading until the call returns.
        let written = unsafe { wasi::fd_write(raw(set), &buffers) }.map_err(error)?;
        match written / mem::size_of::<Change>() {
            made @ 1.. if made <= changes.len() => Ok(made),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the host's readiness set claims to have made none of the changes, or more than there were",
            )),
        }
    }

    fn read_events(
        &mut self,
        set: BorrowedFd<'_>,
        events: &mut Vec<wasi::Event>,
        room: usize,
    ) -> io::Result<()> {
        events.clear();
        events.reserve(room);
        let room_bytes = room * mem::size_of::<wasi::Event>();
        let buffers = [wasi::Iovec { buf: events.as_mut_ptr().cast(), buf_len: room_bytes }];
        // SAFETY: the buffer has room for `room` events, reserved above.
        let read_bytes = match unsafe { wasi::fd_read(raw(set), &buffers) } {
            Err(wasi::ERRNO_AGAIN) => 0,
            read => read.map_err(error)?,
        };
        if read_bytes > room_bytes {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the host's readiness set claims to have written more events than it was given room for",
            ));
        }
        // SAFETY: the host wrote this many events, no more than were reserved.
        unsafe { events.set_len(read_bytes / mem::size_of::<wasi::Event>()) };
        Ok(())
    }
}

/// Accepts a connection; the new socket doesn't block.
pub(super) fn sock_accept(listener: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // SAFETY: the call takes numbers only, and the descriptor is open while it is borrowed.
    let fd = unsafe { wasi::sock_accept(raw(listener), wasi::FDFLAGS_NONBLOCK) }.map_err(error)?;
    // SAFETY: the host has just opened this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd.cast_signed()) })
}

/// Receives into `bufs`, one after the other.
/// What std does for `read`, without the two C functions between.
pub(super) fn read(stream: &TcpStream, into: &mut [u8]) -> io::Result<usize> {
    let buffers = [wasi::Iovec { buf: into.as_mut_ptr(), buf_len: into.len() }];
    // SAFETY: the buffer is borrowed for writing until the call returns.
    unsafe { wasi::fd_read(raw(stream.as_fd()), &buffers) }.map_err(error)
}

/// What std does for `write`, likewise.
pub(super) fn write(stream: &TcpStream, from: &[u8]) -> io::Result<usize> {
    let buffers = [wasi::Ciovec { buf: from.as_ptr(), buf_len: from.len() }];
    // SAFETY: the buffer is borrowed for reading until the call returns.
    unsafe { wasi::fd_write(raw(stream.as_fd()), &buffers) }.map_err(error)
}

pub(super) fn sock_recv<const N: usize>(
    socket: BorrowedFd<'_>,
    mut bufs: [&mut [u8]; N],
    flags: wasi::Riflags,
) -> io::Result<usize> {
    let buffers = bufs.each_mut().map(|buf| wasi::Iovec { buf: buf.as_mut_ptr(), buf_len: buf.len() });
    // SAFETY: the buffers are borrowed for writing, each by itself, until the call returns.
    let received = unsafe { wasi::sock_recv(raw(socket), &buffers, flags) };
    received.map(|(count, _)| count).map_err(error)
}

/// Sends `bufs`, one after the other.
pub(super) fn sock_send<const N: usize>(socket: BorrowedFd<'_>, bufs: [&[u8]; N]) -> io::Result<usize> {
    let buffers = bufs.map(|buf| wasi::Ciovec { buf: buf.as_ptr(), buf_len: buf.len() });
    // SAFETY: the buffers are borrowed for reading until the call returns.
    unsafe { wasi::sock_send(raw(socket), &buffers, 0) }.map_err(error)
}

/// Shuts one half down, or both.
pub(super) fn sock_shutdown(socket: BorrowedFd<'_>, how: Shutdown) -> io::Result<()> {
    let how = match how {
        Shutdown::Read => wasi::SDFLAGS_RD,
        Shutdown::Write => wasi::SDFLAGS_WR,
        Shutdown::Both => wasi::SDFLAGS_RD | wasi::SDFLAGS_WR,
    };
    // SAFETY: the call takes numbers only, and the descriptor is open while it is borrowed.
    unsafe { wasi::sock_shutdown(raw(socket), how) }.map_err(error)
}

/// Whether `fd` is a stream socket; an error where it isn't open.
pub(super) fn is_stream_socket(fd: RawFd) -> io::Result<bool> {
    // SAFETY: the call takes a number only, and answers EBADF to one that isn't open.
    let stat = unsafe { wasi::fd_fdstat_get(fd.cast_unsigned()) }.map_err(error)?;
    Ok(stat.fs_filetype == wasi::FILETYPE_SOCKET_STREAM)
}

/// The descriptor of the network directory, if the host preopened one; looked for once.
pub(super) fn network_directory() -> Option<RawFd> {
    static FOUND: OnceLock<Option<RawFd>> = OnceLock::new();
    *FOUND.get_or_init(|| find_network_directory(fd_prestat_get, fd_prestat_dir_name))
}

/// How long the name of the directory preopened at `fd` is; `None` for what else is preopened.
fn fd_prestat_get(fd: RawFd) -> io::Result<Option<usize>> {
    // SAFETY: the call takes a number only, and answers EBADF to one that wasn't preopened.
    let prestat = unsafe { wasi::fd_prestat_get(fd.cast_unsigned()) }.map_err(error)?;
    if prestat.tag != wasi::PREOPENTYPE_DIR.raw() {
        return Ok(None);
    }
    // SAFETY: the tag is the directory's.
    let directory = unsafe { prestat.u.dir };
    Ok(Some(directory.pr_name_len))
}

/// Writes that name into `name`, which must be as long.
fn fd_prestat_dir_name(fd: RawFd, name: &mut [u8]) -> io::Result<()> {
    // SAFETY: the buffer is borrowed for writing until the call returns.
    unsafe { wasi::fd_prestat_dir_name(fd.cast_unsigned(), name.as_mut_ptr(), name.len()) }.map_err(error)
}

/// Opens `path` in `directory`, with these flags; the new descriptor may do what sockets can.
pub(super) fn path_open(directory: RawFd, path: &str, flags: wasi::Fdflags) -> io::Result<OwnedFd> {
    const RIGHTS: wasi::Rights = wasi::RIGHTS_FD_READ
        | wasi::RIGHTS_FD_WRITE
        | wasi::RIGHTS_FD_FDSTAT_SET_FLAGS
        | wasi::RIGHTS_POLL_FD_READWRITE
        | wasi::RIGHTS_SOCK_SHUTDOWN
        | wasi::RIGHTS_SOCK_ACCEPT;
    let directory = directory.cast_unsigned();
    // SAFETY: the path is borrowed for reading until the call returns.
    let fd = unsafe { wasi::path_open(directory, 0, path, 0, RIGHTS, RIGHTS, flags) }.map_err(error)?;
    // SAFETY: the host has just opened this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd.cast_signed()) })
}

/// Reads as much of the link's target as fits `target`.
pub(super) fn path_readlink(directory: RawFd, path: &str, target: &mut [u8]) -> io::Result<usize> {
    let (buffer, buffer_bytes) = (target.as_mut_ptr(), target.len());
    // SAFETY: the path is borrowed for reading and the buffer for writing until the call returns.
    unsafe { wasi::path_readlink(directory.cast_unsigned(), path, buffer, buffer_bytes) }.map_err(error)
}

/// Makes `path` a link to `target`.
pub(super) fn path_symlink(target: &str, directory: RawFd, path: &str) -> io::Result<()> {
    // SAFETY: both texts are borrowed for reading until the call returns.
    unsafe { wasi::path_symlink(target, directory.cast_unsigned(), path) }.map_err(error)
}

/// The listener a claim is for.
pub(super) fn own(claim: Claim) -> OwnedFd {
    // SAFETY: the host opened this descriptor before the program started, and there is one claim for
    // each of them.
    unsafe { OwnedFd::from_raw_fd(claim.into_fd()) }
}

/// The error an errno stands for, 0 not being one.
pub(super) fn error_of(errno: u16) -> io::Error {
    io::Error::from_raw_os_error(i32::from(errno))
}

/// The descriptor of a subscription; a clock has none.
#[cfg(test)]
pub(super) fn fd_of(subscription: &wasi::Subscription) -> Option<RawFd> {
    super::selector::direction(subscription.u.tag)?;
    // SAFETY: both tags that name a direction stand for the same record, of plain numbers.
    let readwrite = unsafe { subscription.u.u.fd_read };
    Some(readwrite.file_descriptor.cast_signed())
}

/// The timeout of a clock's subscription; a descriptor has none.
#[cfg(test)]
pub(super) fn timeout_ns_of(subscription: &wasi::Subscription) -> Option<u64> {
    if subscription.u.tag != wasi::EVENTTYPE_CLOCK.raw() {
        return None;
    }
    // SAFETY: the tag is the clock's.
    let clock = unsafe { subscription.u.u.clock };
    Some(clock.timeout)
}

fn error(errno: wasi::Errno) -> io::Error {
    error_of(errno.raw())
}

fn raw(fd: BorrowedFd<'_>) -> wasi::Fd {
    fd.as_raw_fd().cast_unsigned()
}
