//! A scripted host for unit tests, in `sys`'s place: what is ready and what calls answer is set by the
//! test. It decides nothing of its own, and never waits.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use super::selector::{Direction, PollOneoff, direction};
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

/// A level-triggered host: a direction is ready from when the test says so until it says otherwise.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) ready: BTreeMap<(RawFd, Direction), Answer>,
    /// What the next call fails with.
    pub(crate) failure: Option<io::ErrorKind>,
    pub(crate) calls: Vec<Call>,
    /// What `sock_accept`, `sock_recv` and `sock_send` answer, in this order.
    pub(crate) accepts: VecDeque<io::Result<OwnedFd>>,
    pub(crate) transfers: VecDeque<io::Result<usize>>,
    pub(crate) shutdowns: Vec<(RawFd, Shutdown)>,
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

impl PollOneoff for Script {
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

impl PollOneoff for Preview1 {
    fn poll_oneoff(
        &mut self,
        subscriptions: &[wasi::Subscription],
        events: &mut Vec<wasi::Event>,
    ) -> io::Result<()> {
        with(|script| script.poll_oneoff(subscriptions, events))
    }
}

pub(crate) fn sock_accept(_listener: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    with(|script| script.accepts.pop_front()).unwrap_or_else(would_block)
}

pub(crate) fn sock_recv(
    _socket: BorrowedFd<'_>,
    _buf: &mut [u8],
    _flags: wasi::Riflags,
) -> io::Result<usize> {
    with(|script| script.transfers.pop_front()).unwrap_or_else(would_block)
}

pub(crate) fn sock_send(_socket: BorrowedFd<'_>, _buf: &[u8]) -> io::Result<usize> {
    with(|script| script.transfers.pop_front()).unwrap_or_else(would_block)
}

#[expect(clippy::unnecessary_wraps, reason = "the signature is the raw call's")]
pub(crate) fn sock_shutdown(socket: BorrowedFd<'_>, how: Shutdown) -> io::Result<()> {
    with(|script| script.shutdowns.push((socket.as_raw_fd(), how)));
    Ok(())
}

/// This host opened no listener: `preopen` and `claims` are tested on what they are handed.
pub(crate) fn is_stream_socket(_fd: RawFd) -> io::Result<bool> {
    Err(io::ErrorKind::NotFound.into())
}

fn would_block<T>() -> io::Result<T> {
    Err(io::ErrorKind::WouldBlock.into())
}
