//! A scripted host for unit tests, in `sys`'s place: what is ready and what calls answer is set by the
//! test. It decides nothing of its own, and never waits.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use super::selector::{Change, Direction, EDGE, Host, UNSUBSCRIBE, direction};
use super::sys;

pub(super) use sys::{error_of, own};

/// What a ready direction's event carries.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) error: u16,
    pub(crate) flags: u16,
    pub(crate) nbytes: u64,
}

/// What one call asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) timeout_ns: Option<u64>,
    pub(crate) directions: Vec<(RawFd, Direction)>,
}

/// A subscription in the readiness set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subscribed {
    pub(crate) userdata: u64,
    pub(crate) edge: bool,
    /// Told, and not drained since.
    pub(crate) quiet: bool,
}

/// A level-triggered host: a direction is ready from when the test says so until it says otherwise.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) ready: BTreeMap<(RawFd, Direction), Answer>,
    /// What the next call fails with.
    pub(crate) failure: Option<io::ErrorKind>,
    pub(crate) calls: Vec<Call>,
    /// What is subscribed in the one readiness set, by fd and direction.
    pub(crate) set: BTreeMap<(RawFd, Direction), Subscribed>,
    /// How long a read of it waits.
    pub(crate) waits_ns: Option<u64>,
    /// How many changes each write to it brought.
    pub(crate) writes: Vec<usize>,
    /// How many changes a write makes at most.
    pub(crate) most_changes: Option<usize>,
    /// What `sock_accept`, `sock_recv` and `sock_send` answer, in this order.
    pub(crate) accepts: VecDeque<io::Result<OwnedFd>>,
    pub(crate) transfers: VecDeque<io::Result<usize>>,
    pub(crate) shutdowns: Vec<(RawFd, Shutdown)>,
    /// What `sock_recv` receives, before it answers from `transfers`.
    pub(crate) datagrams: VecDeque<Vec<u8>>,
    /// What `sock_send` was handed.
    pub(crate) sent: Vec<Vec<u8>>,
    /// Whether there is one, and under which number.
    pub(crate) network_directory: Option<RawFd>,
    /// What `path_open` answers, in this order; then `EACCES`.
    pub(crate) opens: VecDeque<io::Result<OwnedFd>>,
    /// What its links say; any other one is `ENOTCONN`.
    pub(crate) links: BTreeMap<String, String>,
    pub(crate) refuses_links: bool,
    /// The paths it was asked for.
    pub(crate) paths: Vec<String>,
}

impl Script {
    pub(crate) fn ready(&mut self, fd: RawFd, direction: Direction) {
        self.answer(fd, direction, Answer::default());
    }

    pub(crate) fn answer(&mut self, fd: RawFd, direction: Direction, answer: Answer) {
        self.ready.insert((fd, direction), answer);
    }

    pub(crate) fn quiet(&mut self, fd: RawFd) {
        self.ready.retain(|(ready, _), _| *ready != fd);
    }

    pub(crate) fn last_call(&self) -> &Call {
        self.calls.last().expect("a call was made")
    }
}

impl Script {
    /// An operation on a socket has drained it.
    pub(crate) fn drained(&mut self, fd: RawFd, direction: Direction) {
        if let Some(subscribed) = self.set.get_mut(&(fd, direction)) {
            subscribed.quiet = false;
        }
    }

    /// What the readiness set could still tell of.
    pub(crate) fn armed(&self) -> Vec<(RawFd, Direction)> {
        self.set.iter().filter(|(_, subscribed)| !subscribed.quiet).map(|(of, _)| *of).collect()
    }
}

impl Host for Script {
    #[track_caller]
    fn poll_oneoff(
        &mut self,
        subscriptions: &[wasi::Subscription],
        events: &mut Vec<wasi::Event>,
    ) -> io::Result<()> {
        events.clear();
        let mut call = Call { timeout_ns: None, directions: Vec::new() };
        for subscription in subscriptions {
            let (Some(fd), Some(direction)) = (sys::fd_of(subscription), direction(subscription.u.tag))
            else {
                call.timeout_ns = sys::timeout_ns_of(subscription);
                continue;
            };
            call.directions.push((fd, direction));
            if let Some(answer) = self.ready.get(&(fd, direction)) {
                events.push(event(subscription.userdata, direction, *answer));
            }
        }
        call.directions.sort_unstable();
        if events.is_empty() && self.failure.is_none() {
            assert!(call.timeout_ns.is_some(), "would wait for ever: {call:?}");
            events.push(clock_event());
        }
        self.calls.push(call);
        match self.failure.take() {
            Some(kind) => Err(kind.into()),
            None => Ok(()),
        }
    }

    fn write_changes(&mut self, _set: BorrowedFd<'_>, changes: &[Change]) -> io::Result<usize> {
        self.writes.push(changes.len());
        let made = changes.len().min(self.most_changes.unwrap_or(usize::MAX));
        for change in &changes[..made] {
            let Some(direction) = direction(change.tag) else {
                self.waits_ns = Some(change.timeout_ns).filter(|&timeout_ns| timeout_ns < u64::MAX);
                continue;
            };
            let (of, userdata) = ((change.of.cast_signed(), direction), change.userdata);
            if change.flags & UNSUBSCRIBE == 0 {
                let edge = change.flags & EDGE != 0;
                self.set.insert(of, Subscribed { userdata, edge, quiet: false });
            } else if self.set.get(&of).is_some_and(|subscribed| subscribed.userdata == userdata) {
                self.set.remove(&of);
            }
        }
        Ok(made)
    }

    fn read_events(
        &mut self,
        _set: BorrowedFd<'_>,
        events: &mut Vec<wasi::Event>,
        room: usize,
    ) -> io::Result<()> {
        let directions = self.armed();
        events.clear();
        for of in directions.iter().filter(|of| self.ready.contains_key(of)).take(room) {
            let (answer, subscribed) = (self.ready[of], self.set.get_mut(of).expect("what is armed"));
            events.push(event(subscribed.userdata, of.1, answer));
            subscribed.quiet = true;
            if !subscribed.edge || answer.error != 0 {
                self.set.remove(of);
            }
        }
        let call = Call { timeout_ns: self.waits_ns, directions };
        let is_endless = events.is_empty() && self.failure.is_none() && self.waits_ns.is_none();
        assert!(!is_endless, "would wait for ever: {call:?}");
        self.calls.push(call);
        match self.failure.take() {
            Some(kind) => Err(kind.into()),
            None => Ok(()),
        }
    }
}

fn event(userdata: u64, direction: Direction, answer: Answer) -> wasi::Event {
    wasi::Event {
        userdata,
        error: errno(answer.error),
        type_: match direction {
            Direction::Read => wasi::EVENTTYPE_FD_READ,
            Direction::Write => wasi::EVENTTYPE_FD_WRITE,
        },
        fd_readwrite: wasi::EventFdReadwrite { nbytes: answer.nbytes, flags: answer.flags },
    }
}

fn clock_event() -> wasi::Event {
    wasi::Event {
        userdata: u64::MAX,
        error: wasi::ERRNO_SUCCESS,
        type_: wasi::EVENTTYPE_CLOCK,
        fd_readwrite: wasi::EventFdReadwrite { nbytes: 0, flags: 0 },
    }
}

/// The errnos the tests use; there is no way to make one from its number.
fn errno(number: u16) -> wasi::Errno {
    [
        wasi::ERRNO_SUCCESS,
        wasi::ERRNO_BADF,
        wasi::ERRNO_CONNREFUSED,
        wasi::ERRNO_CONNRESET,
        wasi::ERRNO_NOTSUP,
    ]
    .into_iter()
    .find(|errno| errno.raw() == number)
    .expect("an errno the script knows")
}

thread_local! {
    static SCRIPT: RefCell<Script> = RefCell::default();
}

/// Changes, or reads, what this thread's host does.
pub(crate) fn with<R>(change: impl FnOnce(&mut Script) -> R) -> R {
    SCRIPT.with_borrow_mut(change)
}

/// This thread's script, under the name of the host it stands in for.
pub(crate) struct Preview1;

impl Host for Preview1 {
    fn poll_oneoff(
        &mut self,
        subscriptions: &[wasi::Subscription],
        events: &mut Vec<wasi::Event>,
    ) -> io::Result<()> {
        with(|script| script.poll_oneoff(subscriptions, events))
    }

    fn write_changes(&mut self, set: BorrowedFd<'_>, changes: &[Change]) -> io::Result<usize> {
        with(|script| script.write_changes(set, changes))
    }

    fn read_events(
        &mut self,
        set: BorrowedFd<'_>,
        events: &mut Vec<wasi::Event>,
        room: usize,
    ) -> io::Result<()> {
        with(|script| script.read_events(set, events, room))
    }
}

/// The streams beneath are real.
pub(crate) fn read(mut stream: &TcpStream, into: &mut [u8]) -> io::Result<usize> {
    stream.read(into)
}

pub(crate) fn write(mut stream: &TcpStream, from: &[u8]) -> io::Result<usize> {
    stream.write(from)
}

pub(crate) fn sock_accept(_listener: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    with(|script| script.accepts.pop_front()).unwrap_or_else(would_block)
}

pub(crate) fn sock_recv<const N: usize>(
    _socket: BorrowedFd<'_>,
    mut bufs: [&mut [u8]; N],
    _flags: wasi::Riflags,
) -> io::Result<usize> {
    with(|script| {
        if let Some(datagram) = script.datagrams.pop_front() {
            let mut rest = datagram.into_iter();
            let mut count = 0;
            for (byte, from) in bufs.iter_mut().flat_map(|buf| buf.iter_mut()).zip(&mut rest) {
                *byte = from;
                count += 1;
            }
            return Ok(count);
        }
        script.transfers.pop_front().unwrap_or_else(would_block)
    })
}

pub(crate) fn sock_send<const N: usize>(_socket: BorrowedFd<'_>, bufs: [&[u8]; N]) -> io::Result<usize> {
    with(|script| {
        script.sent.push(bufs.concat());
        script.transfers.pop_front().unwrap_or_else(would_block)
    })
}

#[expect(clippy::unnecessary_wraps, reason = "the signature is the raw call's")]
pub(crate) fn sock_shutdown(socket: BorrowedFd<'_>, how: Shutdown) -> io::Result<()> {
    with(|script| script.shutdowns.push((socket.as_raw_fd(), how)));
    Ok(())
}

pub(crate) fn network_directory() -> Option<RawFd> {
    with(|script| script.network_directory)
}

pub(crate) fn path_open(_: RawFd, path: &str, _: wasi::Fdflags) -> io::Result<OwnedFd> {
    with(|script| {
        script.paths.push(path.to_owned());
        script.opens.pop_front().unwrap_or_else(|| Err(error_of(wasi::ERRNO_ACCES.raw())))
    })
}

pub(crate) fn path_readlink(_directory: RawFd, path: &str, target: &mut [u8]) -> io::Result<usize> {
    with(|script| {
        script.paths.push(path.to_owned());
        let value = script.links.get(path).ok_or_else(|| error_of(wasi::ERRNO_NOTCONN.raw()))?;
        let count = value.len().min(target.len());
        target[..count].copy_from_slice(&value.as_bytes()[..count]);
        Ok(count)
    })
}

pub(crate) fn path_symlink(target: &str, _directory: RawFd, path: &str) -> io::Result<()> {
    with(|script| {
        script.paths.push(path.to_owned());
        if script.refuses_links {
            return Err(error_of(wasi::ERRNO_ACCES.raw()));
        }
        script.links.insert(path.to_owned(), target.to_owned());
        Ok(())
    })
}

/// This host opened no listener: `preopen` and `claims` are tested on what they are handed.
pub(crate) fn is_stream_socket(_fd: RawFd) -> io::Result<bool> {
    Err(io::ErrorKind::NotFound.into())
}

fn would_block<T>() -> io::Result<T> {
    Err(io::ErrorKind::WouldBlock.into())
}
