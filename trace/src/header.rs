//! A trace's first line: what ran, where, and on which clock.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The version of the format this package writes, and the latest it reads.
pub const VERSION: u32 = 1;

/// What a trace begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format.
    pub wasi_poll_trace: u32,
    /// What the guests' sockets stood on.
    pub world: World,
    /// What the times are.
    pub clock: Clock,
    /// The time of day, since 1970, when the guests' monotonic clock stood at 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub started_unix_ns: u64,
    /// Who ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guests: Vec<GuestName>,
    /// What decided the faults and the order of a play.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The play's scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// How polls tell.
    #[serde(default, skip_serializing_if = "is_level")]
    pub trigger: Trigger,
    /// Whether the bytes moved are in the lines.
    #[serde(default, skip_serializing_if = "is_false")]
    pub data: bool,
}

/// What the guests' sockets stood on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum World {
    /// The system's.
    Run,
    /// A deterministic network.
    Play,
    /// A recording's answers.
    Replay,
}

/// What the times of a trace are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// They passed.
    Real,
    /// They are the play's: the same in every run.
    Virtual,
}

/// How polls tell that a socket is ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// As long as it is, as preview1 does.
    #[default]
    Level,
    /// Once, as epoll does with `EPOLLET`.
    Edge,
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Trigger::Level => "level",
            Trigger::Edge => "edge",
        })
    }
}

/// One of the guests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestName {
    /// What its calls name it.
    pub name: String,
    /// The SHA-256 of its file, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
}

impl Header {
    /// A header that names no guest.
    pub fn new(world: World, clock: Clock) -> Header {
        Header {
            wasi_poll_trace: VERSION,
            world,
            clock,
            started_unix_ns: 0,
            guests: Vec::new(),
            seed: None,
            scenario: None,
            trigger: Trigger::Level,
            data: false,
        }
    }

    /// With one guest more.
    #[must_use]
    pub fn with_guest(mut self, name: impl Into<String>, module: Option<String>) -> Header {
        self.guests.push(GuestName { name: name.into(), module });
        self
    }

    /// With the seed of a play.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Header {
        self.seed = Some(seed);
        self
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_level(trigger: &Trigger) -> bool {
    *trigger == Trigger::Level
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
pub(crate) fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}
