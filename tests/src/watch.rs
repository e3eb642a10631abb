//! A `Poll` whose every wait is bounded, and its events as plain values that can be compared.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use mio::event::{Event, Source};
use mio::{Events, Interest, Poll, Registry, Token};

/// Readable alone.
pub const READ: Interest = Interest::READABLE;
/// Writable alone.
pub const WRITE: Interest = Interest::WRITABLE;
/// Both directions.
pub const BOTH: Interest = READ.add(WRITE);

/// Longer than anything that is to happen takes.
const LONG: Duration = Duration::from_secs(5);

/// Long enough for something that must not happen to show.
const QUIET: Duration = Duration::from_millis(60);

/// One event, kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the event's own accessors")]
pub struct Seen {
    /// The token it came with.
    pub token: usize,
    /// `is_readable`
    pub readable: bool,
    /// `is_writable`
    pub writable: bool,
    /// `is_error`
    pub error: bool,
    /// `is_read_closed`
    pub read_closed: bool,
}

impl From<&Event> for Seen {
    fn from(event: &Event) -> Seen {
        Seen {
            token: event.token().0,
            readable: event.is_readable(),
            writable: event.is_writable(),
            error: event.is_error(),
            read_closed: event.is_read_closed(),
        }
    }
}

/// A `Poll` and its `Events`.
#[derive(Debug)]
pub struct Watch {
    poll: Poll,
    events: Events,
}

impl Watch {
    /// With room for more events than any case has.
    ///
    /// # Errors
    /// Those of `Poll::new`.
    pub fn new() -> io::Result<Watch> {
        Watch::with_capacity(64)
    }

    /// With room for `capacity` events.
    ///
    /// # Errors
    /// Those of `Poll::new`.
    pub fn with_capacity(capacity: usize) -> io::Result<Watch> {
        Ok(Watch { poll: Poll::new()?, events: Events::with_capacity(capacity) })
    }

    /// The poll's registry.
    pub fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Registers a source.
    ///
    /// # Errors
    /// Those of `Registry::register`.
    pub fn add(&self, source: &mut impl Source, token: usize, interest: Interest) -> io::Result<()> {
        self.registry().register(source, Token(token), interest)
    }

    /// Reregisters a source.
    ///
    /// # Errors
    /// Those of `Registry::reregister`.
    pub fn again(&self, source: &mut impl Source, token: usize, interest: Interest) -> io::Result<()> {
        self.registry().reregister(source, Token(token), interest)
    }

    /// Deregisters a source.
    ///
    /// # Errors
    /// Those of `Registry::deregister`.
    pub fn remove(&self, source: &mut impl Source) -> io::Result<()> {
        self.registry().deregister(source)
    }

    /// One poll, made again only when a signal interrupts it.
    ///
    /// # Errors
    /// Those of `Poll::poll`.
    pub fn poll(&mut self, timeout: Option<Duration>) -> io::Result<Vec<Seen>> {
        loop {
            match self.poll.poll(&mut self.events, timeout) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(()) => return Ok(self.events.iter().map(Seen::from).collect()),
            }
        }
    }

    /// The next events; there is at least one.
    ///
    /// # Errors
    /// When none comes.
    #[expect(clippy::should_implement_trait, reason = "it has an end only in an error")]
    pub fn next(&mut self) -> Result<Vec<Seen>> {
        let start = Instant::now();
        while start.elapsed() < LONG {
            let seen = self.poll(Some(LONG))?;
            if !seen.is_empty() {
                return Ok(seen);
            }
        }
        bail!("no event came in {LONG:?}")
    }

    /// The next event, which is alone and has this token.
    ///
    /// # Errors
    /// When it isn't, or none comes.
    pub fn next_is(&mut self, token: usize) -> Result<Seen> {
        let seen = self.next()?;
        ensure!(seen.len() == 1, "one event was to come, of {token}, not {seen:?}");
        ensure!(seen[0].token == token, "the event was to be of {token}, not {seen:?}");
        Ok(seen[0])
    }

    /// Makes sure that nothing is reported for a while.
    ///
    /// # Errors
    /// When something is.
    pub fn quiet(&mut self) -> Result<()> {
        let seen = self.poll(Some(QUIET))?;
        ensure!(seen.is_empty(), "nothing was to come, not {seen:?}");
        Ok(())
    }

    /// What is reported at once.
    ///
    /// # Errors
    /// Those of `Poll::poll`.
    pub fn now(&mut self) -> io::Result<Vec<Seen>> {
        self.poll(Some(Duration::ZERO))
    }
}
