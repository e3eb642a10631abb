//! What a source is ready for, read from mio's events or asked of poll(2).

use super::source::Entry;
use mio::event::Event;
use rustix::event::{PollFd, PollFlags, Timespec};
use slab::Slab;
use std::os::fd::AsFd;
use wasi_poll_preview1::{Levels, Probe};

/// The peer will send no more. Systems without the flag say it with an end of the stream to read.
#[cfg(any(target_os = "linux", target_os = "android"))]
const RDHUP: PollFlags = PollFlags::RDHUP;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const RDHUP: PollFlags = PollFlags::empty();

/// What mio's event says.
pub fn of_event(event: &Event) -> Levels {
    Levels {
        readable: event.is_readable(),
        writable: event.is_writable(),
        read_closed: event.is_read_closed(),
        write_closed: event.is_write_closed(),
        error: event.is_error(),
    }
}

/// Fills in the levels of all `probes` with one poll(2) that doesn't wait.
pub fn probe(sources: &Slab<Entry>, probes: &mut [Probe]) {
    if let [probe] = probes {
        // By far the most: needs no list.
        if let Some(entry) = sources.get(probe.socket.0 as usize) {
            let mut asked = [ask(entry)];
            poll_now(&mut asked);
            probe.levels = answer(&asked[0]);
        }
        return;
    }
    let found = |probe: &Probe| sources.get(probe.socket.0 as usize);
    let mut asked: Vec<PollFd<'_>> = probes.iter().filter_map(found).map(ask).collect();
    poll_now(&mut asked);
    let mut answers = asked.iter();
    for probe in probes.iter_mut().filter(|probe| found(probe).is_some()) {
        probe.levels = answers.next().map(answer).unwrap_or_default();
    }
}

fn ask(entry: &Entry) -> PollFd<'_> {
    PollFd::from_borrowed_fd(entry.source.as_fd(), PollFlags::IN | PollFlags::OUT | RDHUP)
}

fn poll_now(asked: &mut [PollFd<'_>]) {
    const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
    loop {
        match rustix::event::poll(asked, Some(&AT_ONCE)) {
            // It does not wait, so no signal interrupts it for long.
            Err(rustix::io::Errno::INTR) => {}
            // More at once than this process may have files open, or than there is memory for.
            Err(_) if asked.len() > 1 => {
                let (some, others) = asked.split_at_mut(asked.len() / 2);
                poll_now(some);
                return poll_now(others);
            }
            _ => return,
        }
    }
}

fn answer(asked: &PollFd<'_>) -> Levels {
    let got = asked.revents();
    let (hangup, error) = (got.contains(PollFlags::HUP), got.contains(PollFlags::ERR));
    Levels {
        readable: got.intersects(PollFlags::IN | RDHUP | PollFlags::HUP | PollFlags::ERR),
        writable: got.intersects(PollFlags::OUT | PollFlags::HUP | PollFlags::ERR),
        read_closed: hangup || got.contains(RDHUP),
        write_closed: hangup || error,
        error,
    }
}
