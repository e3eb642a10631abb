//! One line of a trace: one host call, as it ended. What the keys mean is written at the top of `lib.rs`.

use crate::header::{is_false, is_zero};
use crate::{Data, Userdata};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::net::SocketAddr;

/// One host call, or how a guest ended, or a note.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1; whoever writes the trace gives it.
    pub n: u64,
    /// Whose call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest: Option<String>,
    /// The function, or `end`, or `note`.
    pub call: Cow<'static, str>,
    /// The fd it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fd: Option<u32>,
    /// The fd a renumbering replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onto: Option<u32>,
    /// When it began, on the guests' monotonic clock.
    pub at_ns: u64,
    /// How long it took, waiting included.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub took_ns: u64,
    /// A path in the network directory, as the guest wrote it: whoever shows it escapes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What a link was set to, as the guest wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What a link says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The call's flags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<u32>,
    /// How many bytes the call had room for, or wanted to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<u32>,
    /// How many it moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u32>,
    /// How many of them are the address that leads a datagram.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub led_bytes: Option<u32>,
    /// The datagram was longer.
    #[serde(default, skip_serializing_if = "is_false")]
    pub truncated: bool,
    /// The bytes moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// What was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_fd: Option<u32>,
    /// Its own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<SocketAddr>,
    /// Its peer's, or a datagram's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<SocketAddr>,
    /// Which clock was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockName>,
    /// What it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ns: Option<u64>,
    /// What a poll subscribed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<Subscription>,
    /// It read a readiness set, and so was a poll.
    #[serde(default, skip_serializing_if = "is_false")]
    pub set: bool,
    /// How long it was to wait for a readiness set; none is for as long as it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ns: Option<u64>,
    /// What a write changed in a readiness set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What a poll, or a read of a readiness set, told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// What was ready as a poll ended, subscribed to or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ready: Vec<ReadyFd>,
    /// What it answered, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<Cow<'static, str>>,
    /// Why it ended the guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// The guest's exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u32>,
    /// A note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What a poll is asked to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Comes back in the event.
    pub userdata: Userdata,
    /// What is waited for.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// On which fd; of a read or write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fd: Option<u32>,
    /// On which clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockName>,
    /// When, or how long from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ns: Option<u64>,
    /// Whether that is a reading of the clock.
    #[serde(default, skip_serializing_if = "is_false")]
    pub absolute: bool,
}

/// What a write changes in a readiness set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which subscription.
    #[serde(flatten)]
    pub subscription: Subscription,
    /// Whether it ends.
    #[serde(default, skip_serializing_if = "is_false")]
    pub removed: bool,
    /// Whether it stays when its event was told, and is quiet until its direction was drained.
    #[serde(default, skip_serializing_if = "is_false")]
    pub edge: bool,
}

/// What a subscription or an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A moment.
    Clock,
    /// Bytes, a connection or an end can be taken.
    Read,
    /// There is room.
    Write,
}

/// A clock a guest can read and wait on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockName {
    /// Time of day.
    Realtime,
    /// Never goes back.
    Monotonic,
}

/// What a poll tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The subscription's.
    pub userdata: Userdata,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Why the subscription failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<Cow<'static, str>>,
    /// At least so many bytes can be moved.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nbytes: u64,
    /// The peer has ended the direction.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hangup: bool,
    /// The error pending on the socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Cow<'static, str>>,
}

/// What one fd is known to be ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyFd {
    /// Which.
    pub fd: u32,
    /// Bytes, a connection, an end or an error can be taken.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read: bool,
    /// There is room, or sending fails at once.
    #[serde(default, skip_serializing_if = "is_false")]
    pub write: bool,
}

impl Entry {
    /// A call about no fd.
    pub fn call(name: &'static str, at_ns: u64) -> Entry {
        Entry { call: Cow::Borrowed(name), at_ns, ..Entry::default() }
    }

    /// A call about one fd.
    pub fn on(name: &'static str, fd: u32, at_ns: u64) -> Entry {
        Entry { fd: Some(fd), ..Entry::call(name, at_ns) }
    }

    /// Something that no guest did: a fault, a peer's step.
    pub fn note(text: impl Into<String>, at_ns: u64) -> Entry {
        Entry { text: Some(text.into()), ..Entry::call("note", at_ns) }
    }

    /// Whether it was a poll: `poll_oneoff`, or a read of a readiness set.
    pub fn is_poll(&self) -> bool {
        self.call == "poll_oneoff" || self.set
    }

    /// Whether the call did what it is for.
    pub fn succeeded(&self) -> bool {
        self.errno.as_deref() == Some("ESUCCESS")
    }

    /// Whether it was answered this errno.
    pub fn answered(&self, errno: &str) -> bool {
        self.errno.as_deref() == Some(errno)
    }

    /// When it ended.
    pub fn until_ns(&self) -> u64 {
        self.at_ns.saturating_add(self.took_ns)
    }
}
