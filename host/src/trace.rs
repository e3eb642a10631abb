//! Observation: an entry of a trace for each host call on a socket, a poll, a clock or the network directory, when the
//! call has ended. What is observed is decided at the seam (`engine/seam.rs`); nothing here is asked for unless somebody
//! observes. What an entry holds, and how it is written, is `wasi-poll-trace`'s.

mod call;
mod lines;

pub use call::{Answer, Call, End, Observed, Paths, clock_entry, end_entry};
pub use lines::{Lines, TraceFormat};

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasi_poll_trace::{Entry, Header, Observe};

/// Whoever observes, and what they are told of one guest. Clones tell the same observers; entries of several guests
/// are numbered as one.
#[derive(Clone, Default)]
pub struct Trace {
    shared: Arc<Mutex<Shared>>,
    /// Named in the entries where there are several.
    guest: Option<String>,
    /// Whether the bytes moved are told, too.
    data: bool,
    /// Whether every call is told, too, with all that is needed to answer it again.
    recording: bool,
}

#[derive(Default)]
struct Shared {
    observers: Vec<Box<dyn Observe>>,
    entries: u64,
    has_begun: bool,
}

impl Trace {
    /// One that nobody observes yet.
    pub fn new() -> Trace {
        Trace::default()
    }

    /// Also writes lines to `sink`. When that fails it is given up, and the guests go on.
    #[must_use]
    pub fn lines(mut self, sink: impl Write + Send + 'static, format: TraceFormat) -> Trace {
        self.add(Lines::new(sink, format));
        self
    }

    /// One more observer, told on the thread of the guest whose call it is.
    pub fn add(&mut self, observer: impl Observe + 'static) {
        self.lock().observers.push(Box::new(observer));
    }

    /// Also tells the bytes that are moved.
    pub fn with_data(&mut self, data: bool) {
        self.data = data;
    }

    /// Whether the bytes moved are told.
    pub fn has_data(&self) -> bool {
        self.data
    }

    /// Also tells every call with all that is needed to answer it again.
    pub fn with_recording(&mut self, recording: bool) {
        self.recording = recording;
    }

    /// Whether every call is told.
    pub fn is_recording(&self) -> bool {
        self.recording
    }

    /// The same for another guest, which its entries then name.
    #[must_use]
    pub fn of_guest(&self, name: &str) -> Trace {
        Trace { guest: Some(name.to_owned()), ..self.clone() }
    }

    /// Begins the trace, unless another guest has.
    pub fn begin(&self, header: &Header) {
        let mut shared = self.lock();
        if !std::mem::replace(&mut shared.has_begun, true) {
            shared.observers.iter_mut().for_each(|observer| observer.begin(header));
        }
    }

    /// Tells every observer of an entry, which gets its number and its guest here.
    pub fn tell(&self, mut entry: Entry) {
        entry.guest.clone_from(&self.guest);
        let mut shared = self.lock();
        shared.entries += 1;
        entry.n = shared.entries;
        shared.observers.iter_mut().for_each(|observer| observer.entry(&entry));
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("guest", &self.guest).field("data", &self.data).finish_non_exhaustive()
    }
}
