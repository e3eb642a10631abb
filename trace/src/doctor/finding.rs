//! What the doctor has to say: the rule, whose fd, which calls, why it matters and what to do.

use crate::{Userdata, escaped};
use std::fmt;
use std::str::FromStr;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// It costs, or works here and not everywhere.
    Warning,
    /// It is broken.
    Error,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(name: &str) -> Result<Level, String> {
        let levels = [Level::Note, Level::Warning, Level::Error];
        let found = levels.into_iter().find(|level| level.name() == name);
        found.ok_or_else(|| "a level is note, warning or error".to_owned())
    }
}

/// What was found to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Polls that bring nothing.
    Spinning,
    /// Writable in every poll, and nothing written.
    WritableStorm,
    /// Not read until nothing is left.
    EdgeNotDrained,
    /// Ready, and nothing subscribes to it.
    ReadyNotSubscribed,
    /// Subscribed to, and closed.
    LeftAfterClose,
    /// An end or error nobody acted on.
    HangupIgnored,
    /// Ready for long, while others are served.
    Starvation,
    /// A timer that rings later each time.
    TimeoutDrift,
    /// Reads with room for one byte.
    OneByteReads,
}

impl Rule {
    /// Its name, as it is printed.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Spinning => "spinning",
            Rule::WritableStorm => "writable-storm",
            Rule::EdgeNotDrained => "edge-not-drained",
            Rule::ReadyNotSubscribed => "ready-not-subscribed",
            Rule::LeftAfterClose => "left-after-close",
            Rule::HangupIgnored => "hangup-ignored",
            Rule::Starvation => "starvation",
            Rule::TimeoutDrift => "timeout-drift",
            Rule::OneByteReads => "one-byte-reads",
        }
    }

    /// Why it matters.
    pub fn why(self) -> &'static str {
        match self {
            Rule::Spinning => {
                "the loop never sleeps: it takes a whole core, and gets slower with every source it has"
            }
            Rule::WritableStorm => {
                "a socket is writable nearly always, so preview1's poll, which tells levels, never sleeps while such a \
                 subscription stands"
            }
            Rule::EdgeNotDrained => {
                "a level-triggered poll tells it again, so it works there; an edge-triggered one, as mio's on every \
                 system, tells it once, and what is left waits until more arrives, which may be for ever"
            }
            Rule::ReadyNotSubscribed => {
                "the loop sleeps while there is something to do, and nothing will wake it"
            }
            Rule::LeftAfterClose => {
                "the subscription fails in every poll, which then never sleeps; once the number is used again, it tells \
                 of another socket"
            }
            Rule::HangupIgnored => "the connection is over, but keeps its fd, and its event comes back",
            Rule::Starvation => "one client's traffic decides how long all others wait",
            Rule::TimeoutDrift => "each round adds what its work took, so that the timer is later every time",
            Rule::OneByteReads => {
                "a host call, and often a system call, for each byte: some hundred times what one read costs"
            }
        }
    }

    /// What to do.
    pub fn advice(self) -> &'static str {
        match self {
            Rule::Spinning => {
                "act on each event (read or write until it would block), or take the interest out; sleep with a timeout that is not 0"
            }
            Rule::WritableStorm => {
                "subscribe to writability only after a write would have blocked, and drop it when all is written; mio's \
                 own wasip1 backend needs that, this project's poller does it by itself"
            }
            Rule::EdgeNotDrained => {
                "read, or accept, until it would block or moves less than asked; if you stop on purpose, remember it and go on before you sleep"
            }
            Rule::ReadyNotSubscribed => {
                "register the source before the loop sleeps again; if it waits on purpose, no harm is done"
            }
            Rule::LeftAfterClose => "deregister the source before it is closed",
            Rule::HangupIgnored => "read until 0 or an error, then deregister and close it",
            Rule::Starvation => {
                "give each source a share (so many bytes or accepts a turn), and begin the next turn with another"
            }
            Rule::TimeoutDrift => {
                "keep the moment it is due (last one + period), and poll with what is left until then"
            }
            Rule::OneByteReads => "read into a buffer of some kilobytes, and take the bytes from there",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub rule: Rule,
    /// How bad it is.
    pub level: Level,
    /// Whose, if the trace has a name for it.
    pub guest: Option<String>,
    /// On which fd.
    pub fd: Option<u32>,
    /// By what the guest knows the subscription: a token, or a registration.
    pub userdata: Option<Userdata>,
    /// The numbers of the calls that show it, in order; not all, where there are many.
    pub calls: Vec<u64>,
    /// What happened.
    pub what: String,
    /// How many other fds show the same.
    pub others: u32,
}

impl Finding {
    /// Calls named in one finding; the first and the last are among them.
    const CALLS: usize = 8;

    pub(super) fn new(rule: Rule, level: Level, what: impl Into<String>, calls: &[u64]) -> Finding {
        let mut shown = calls.to_vec();
        if shown.len() > Self::CALLS {
            shown.drain(Self::CALLS / 2..calls.len() - Self::CALLS / 2);
        }
        Finding {
            rule,
            level,
            guest: None,
            fd: None,
            userdata: None,
            calls: shown,
            what: what.into(),
            others: 0,
        }
    }

    pub(super) fn on(mut self, fd: u32, userdata: Option<Userdata>) -> Finding {
        self.fd = Some(fd);
        self.userdata = userdata;
        self
    }

    /// Two fds of a guest with the same fault are one finding.
    pub(super) fn is_alike(&self, other: &Finding) -> bool {
        self.rule == other.rule && self.guest == other.guest
    }

    pub(super) fn merge(&mut self, other: Finding) {
        let same_fd = self.fd == other.fd;
        let others = self.others + u32::from(!same_fd);
        if other.level > self.level {
            *self = other;
        }
        self.others = others;
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.level, self.rule)?;
        if let Some(fd) = self.fd {
            write!(f, ", fd {fd}")?;
        }
        if let Some(userdata) = self.userdata {
            write!(f, ", userdata {userdata}")?;
        }
        if let Some(guest) = &self.guest {
            write!(f, ", in {}", escaped(guest))?;
        }
        write!(f, "\n  what   {}", self.what)?;
        match self.others {
            0 => {}
            1 => f.write_str("; one fd more shows the same")?,
            others => write!(f, "; {others} fds more show the same")?,
        }
        let numbers: Vec<String> = self.calls.iter().map(|n| format!("#{n}")).collect();
        write!(f, "\n  calls  {}", numbers.join(", "))?;
        write!(f, "\n  why    {}\n  do     {}", self.rule.why(), self.rule.advice())
    }
}
