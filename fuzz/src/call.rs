//! One host call with arbitrary arguments, made as an engine makes it. What must hold afterwards is `script.rs`'s.

use crate::arbitrary;
use crate::bytes::{Count, Fd, Flags, Pointer};
use wasi_poll_preview1::{Failure, Memory, Network, Process, Progress, Target};

arbitrary! {
/// A call of preview1 on a socket, on the network directory or on any fd.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the arguments are the calls' own")]
pub enum Call {
    SockAccept { fd: Fd, flags: Flags, accepted: Pointer },
    SockRecv { fd: Fd, iovecs: Pointer, count: Count, flags: Flags, bytes: Pointer, told: Pointer },
    SockSend { fd: Fd, iovecs: Pointer, count: Count, flags: Flags, bytes: Pointer },
    SockShutdown { fd: Fd, how: Flags },
    FdRead { fd: Fd, iovecs: Pointer, count: Count, bytes: Pointer },
    FdWrite { fd: Fd, iovecs: Pointer, count: Count, bytes: Pointer },
    FdClose { fd: Fd },
    FdRenumber { fd: Fd, onto: Fd },
    FdFdstatGet { fd: Fd, stat: Pointer },
    FdFilestatGet { fd: Fd, stat: Pointer },
    FdFdstatSetFlags { fd: Fd, flags: Flags },
    FdPrestatGet { fd: Fd, prestat: Pointer },
    FdPrestatDirName { buffer: Pointer, size: Count },
    PollOneoff { subscriptions: Pointer, events: Pointer, count: Count, told: Pointer },
    PathOpen { path: Pointer, length: Count, oflags: Flags, flags: Flags, opened: Pointer },
    PathReadlink { path: Pointer, length: Count, buffer: Pointer, size: Count, used: Pointer },
    PathSymlink { target: Pointer, target_length: Count, path: Pointer, length: Count },
    PathFilestatGet { path: Pointer, length: Count, stat: Pointer },
    /// A file or directory the host opened for the guest.
    Opened { inner: u8 },
}
}

fn done<T>(
    result: Result<T, impl Into<Failure>>,
    answer: impl FnOnce(T) -> u64,
) -> Result<Progress<u64>, Failure> {
    result.map(|done| Progress::Done(answer(done))).map_err(Into::into)
}

fn mapped<T>(
    result: Result<Progress<T>, Failure>,
    answer: impl FnOnce(T) -> u64,
) -> Result<Progress<u64>, Failure> {
    result.map(|progress| match progress {
        Progress::Done(done) => Progress::Done(answer(done)),
        Progress::Blocked => Progress::Blocked,
    })
}

impl Call {
    /// Makes it once. What it answers is told as a number, by which two runs can be compared.
    ///
    /// # Errors
    /// What the call answers.
    pub fn make<N: Network>(
        &self,
        process: &mut Process<N>,
        memory: &mut Memory<'_>,
    ) -> Result<Progress<u64>, Failure> {
        match *self {
            Call::SockAccept { fd, flags, accepted } => {
                mapped(process.sock_accept(memory, fd.0, flags.0, accepted.0), |accepted| accepted.fd.into())
            }
            Call::SockRecv { fd, iovecs, count, flags, bytes, told } => mapped(
                process.sock_recv(memory, fd.0, iovecs.0, count.0, flags.0, bytes.0, told.0),
                |received| u64::from(received.bytes) << 1 | u64::from(received.truncated),
            ),
            Call::SockSend { fd, iovecs, count, flags, bytes } => {
                mapped(process.sock_send(memory, fd.0, iovecs.0, count.0, flags.0, bytes.0), u64::from)
            }
            Call::SockShutdown { fd, how } => done(process.sock_shutdown(fd.0, how.0), |()| 0),
            Call::FdRead { fd, iovecs, count, bytes } => {
                let read = match process.target(fd.0)? {
                    // Endless, and never more than three bytes at once.
                    Target::Foreign(_) => {
                        process.foreign_read(memory, fd.0, (iovecs.0, count.0), bytes.0, |into| {
                            let moved = into.len().min(3);
                            into[..moved].fill(0x5A);
                            Ok(moved)
                        })
                    }
                    Target::ReadinessSet => process.set_read(memory, fd.0, (iovecs.0, count.0), bytes.0),
                    _ => process.fd_read(memory, fd.0, iovecs.0, count.0, bytes.0),
                };
                mapped(read, |received| received.bytes.into())
            }
            Call::FdWrite { fd, iovecs, count, bytes } => {
                let written = match process.target(fd.0)? {
                    Target::Foreign(_) => {
                        process.foreign_write(memory, fd.0, (iovecs.0, count.0), bytes.0, |from| {
                            Ok(from.iter().map(|slice| slice.len()).sum())
                        })
                    }
                    Target::ReadinessSet => {
                        process.set_write(memory, fd.0, (iovecs.0, count.0), bytes.0).map(Progress::Done)
                    }
                    _ => process.fd_write(memory, fd.0, iovecs.0, count.0, bytes.0),
                };
                mapped(written, u64::from)
            }
            Call::FdClose { fd } => done(process.fd_close(fd.0), |_| 0),
            Call::FdRenumber { fd, onto } => done(process.fd_renumber(fd.0, onto.0), |_| 0),
            Call::FdFdstatGet { fd, stat } => match process.target(fd.0)? {
                Target::NetDir => done(process.net_fdstat(memory, stat.0), |()| 0),
                // As if the holder had written the rest.
                Target::Foreign(_) => done(process.foreign_get_flags(memory, fd.0, stat.0), |()| 0),
                Target::ReadinessSet => done(process.set_fdstat(memory, fd.0, stat.0), |()| 0),
                Target::Socket => done(process.fd_fdstat_get(memory, fd.0, stat.0), |()| 0),
            },
            Call::FdFilestatGet { fd, stat } => match process.target(fd.0)? {
                Target::ReadinessSet => done(process.set_filestat(memory, fd.0, stat.0), |()| 0),
                _ => done(process.fd_filestat_get(memory, fd.0, stat.0), |()| 0),
            },
            Call::FdFdstatSetFlags { fd, flags } => match process.target(fd.0)? {
                Target::ReadinessSet => done(process.set_flags(fd.0, flags.0), |()| 0),
                Target::Foreign(_) => done(process.foreign_set_flags(fd.0, flags.0), |()| 0),
                _ => done(process.fd_fdstat_set_flags(fd.0, flags.0), |()| 0),
            },
            Call::FdPrestatGet { fd, prestat } => match process.target(fd.0)? {
                Target::NetDir => done(process.net_prestat(memory, prestat.0), |()| 0),
                Target::ReadinessSet => done(process.set_prestat(memory, fd.0, prestat.0), |()| 0),
                _ => done(process.fd_prestat_get(memory, fd.0, prestat.0), |()| 0),
            },
            Call::FdPrestatDirName { buffer, size } => {
                done(process.net_prestat_dir_name(memory, buffer.0, size.0), |()| 0)
            }
            Call::PollOneoff { subscriptions, events, count, told } => {
                mapped(process.poll_oneoff(memory, subscriptions.0, events.0, count.0, told.0), |polled| {
                    polled.events.into()
                })
            }
            Call::PathOpen { path, length, oflags, flags, opened } => {
                mapped(process.net_open(memory, (path.0, length.0), oflags.0, flags.0, opened.0), |opened| {
                    opened.fd.into()
                })
            }
            Call::PathReadlink { path, length, buffer, size, used } => {
                mapped(process.net_readlink(memory, (path.0, length.0), buffer.0, size.0, used.0), u64::from)
            }
            Call::PathSymlink { target, target_length, path, length } => {
                mapped(process.net_symlink(memory, (target.0, target_length.0), (path.0, length.0)), |()| 0)
            }
            Call::PathFilestatGet { path, length, stat } => {
                done(process.net_filestat(memory, (path.0, length.0), stat.0), |()| 0)
            }
            // Its number there is none of stdio.
            Call::Opened { inner } => done(process.insert_foreign(100 + u32::from(inner)), u64::from),
        }
    }
}
