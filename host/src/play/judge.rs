//! What counts as a failure of a play, and how it is told.

use super::{GuestPart, Span};
use crate::Outcome;
use std::fmt;
use wasi_poll_trace::Userdata;

/// Why a play failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// A guest trapped.
    Trapped {
        /// Which guest.
        guest: String,
        /// Why.
        message: String,
        /// Where, a line a function.
        backtrace: String,
        /// When, in virtual nanoseconds.
        at_ns: u64,
    },
    /// A guest exited with another code than it should.
    Exited {
        /// Which guest.
        guest: String,
        /// The code.
        code: u32,
        /// What it should have been.
        expected: u32,
        /// When, in virtual nanoseconds.
        at_ns: u64,
    },
    /// A guest that should have exited didn't.
    RanOn {
        /// Which guest.
        guest: String,
        /// The code it should have exited with.
        expected: u32,
    },
    /// A guest made no host call for too long, in real time.
    Computing {
        /// Which guest.
        guest: String,
    },
    /// The guests went on and on without an end.
    Restless {
        /// How many turns they took.
        turns: u64,
    },
    /// A guest printed what it must not, or not what it should.
    Printed {
        /// Which guest.
        guest: String,
        /// What.
        text: String,
        /// Whether it printed it.
        was_printed: bool,
    },
    /// A peer's expectation was not met.
    Expectation {
        /// Which peer.
        peer: String,
        /// Which step of its script, from 1.
        number: usize,
        /// What it is.
        step: String,
        /// Why not.
        why: String,
        /// What it had received.
        got: String,
        /// When, in virtual nanoseconds.
        at_ns: u64,
    },
    /// The doctor found something of the level asked.
    Finding {
        /// What the doctor says.
        text: String,
    },
    /// A guest waits for what it was told of, and didn't drain: edge-triggered, it isn't told again.
    Undrained {
        /// Which guest.
        guest: String,
        /// The fd.
        fd: u32,
        /// By what the guest knows the subscription.
        userdata: Userdata,
        /// When the poll ended that told it, in virtual nanoseconds.
        told_ns: u64,
        /// That poll's number in the trace, if there is one.
        told_by: Option<u64>,
    },
    /// The same guests behave in another way when readiness is told another way.
    Trigger {
        /// What differs.
        text: String,
    },
}

/// What is shown of what a peer had received.
const SHOWN_BYTES: usize = 400;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Trapped { guest, message, backtrace, at_ns } => {
                write!(f, "the guest {guest} trapped after {}: {message}\n{backtrace}", Span::from_ns(*at_ns))
            }
            Failure::Exited { guest, code, expected, at_ns } => {
                let at = Span::from_ns(*at_ns);
                write!(f, "the guest {guest} exited with {code} after {at}, and should with {expected}")
            }
            Failure::RanOn { guest, expected } => {
                write!(f, "the guest {guest} should have exited with {expected}, and runs on")
            }
            Failure::Computing { guest } => {
                write!(f, "the guest {guest} made no host call for ten seconds (of real time)")
            }
            Failure::Restless { turns } => {
                write!(f, "nothing came to an end in {turns} turns; a shorter `until` ends it before")
            }
            Failure::Printed { guest, text, was_printed: true } => {
                write!(f, "the guest {guest} printed {text:?}, and never should")
            }
            Failure::Printed { guest, text, was_printed: false } => {
                write!(f, "the guest {guest} never printed {text:?}")
            }
            Failure::Expectation { peer, number, step, why, got, at_ns } => {
                let at = Span::from_ns(*at_ns);
                write!(f, "the peer {peer} failed after {at}, at step {number}, {step}: {why}")?;
                let shown: String = got.chars().take(SHOWN_BYTES).collect();
                write!(f, "; it had {shown:?}{}", if shown.len() < got.len() { " and more" } else { "" })
            }
            Failure::Undrained { guest, fd, userdata, told_ns, told_by } => {
                write!(
                    f,
                    "the guest {guest} waits for fd {fd}, userdata {userdata}, of which it was told by "
                )?;
                match told_by {
                    Some(n) => write!(f, "#{n}")?,
                    None => f.write_str("the poll")?,
                }
                write!(
                    f,
                    " after {}, and which it didn't read until EAGAIN: edge-triggered, as with epoll's EPOLLET, it is \
                     not told again before more comes",
                    Span::from_ns(*told_ns)
                )
            }
            Failure::Finding { text } | Failure::Trigger { text } => f.write_str(text),
        }
    }
}

/// What is wrong with how a guest ended, if anything.
pub fn of_end(guest: &GuestPart, outcome: Option<&Outcome>, at_ns: u64) -> Option<Failure> {
    let name = guest.name.clone();
    match outcome {
        Some(Outcome::Trapped { message, backtrace }) => {
            let (message, backtrace) = (message.clone(), backtrace.clone());
            Some(Failure::Trapped { guest: name, message, backtrace, at_ns })
        }
        Some(Outcome::Exited(code)) => {
            let expected = guest.exit.unwrap_or(0);
            (*code != expected).then_some(Failure::Exited { guest: name, code: *code, expected, at_ns })
        }
        Some(Outcome::Killed | Outcome::TimedOut | Outcome::OutOfCpuTime | Outcome::Finished) => {
            Some(Failure::Computing { guest: name })
        }
        None => guest.exit.map(|expected| Failure::RanOn { guest: name, expected }),
    }
}

/// What is wrong with what a guest printed, if anything.
pub fn of_words(guest: &GuestPart, printed: &str) -> Option<Failure> {
    let failure = |text: &String, was_printed| Failure::Printed {
        guest: guest.name.clone(),
        text: text.clone(),
        was_printed,
    };
    let never = guest.never_prints.iter().find(|text| printed.contains(text.as_str()));
    let missing = guest.prints.iter().find(|text| !printed.contains(text.as_str()));
    never.map(|text| failure(text, true)).or_else(|| missing.map(|text| failure(text, false)))
}
