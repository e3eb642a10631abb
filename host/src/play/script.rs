//! What a scripted peer does: its steps, as a scenario writes them. How one is done is `peer.rs`'s.

use super::Span;
use serde::Deserialize;
use std::fmt;
use std::net::SocketAddr;

/// One step of a peer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Connects, and tries again every 10 ms as long as it is refused.
    Connect(SocketAddr),
    /// Listens on a port of its own address.
    Listen(u16),
    /// Takes the next connection.
    Accept,
    /// Sends all of this text.
    Send(String),
    /// Sends so many bytes, in one go if there is room.
    SendBytes(u32),
    /// Receives until this text has come. What came before it is passed over.
    Expect(String),
    /// Receives until each of these has come, in any order.
    ExpectAll(Vec<String>),
    /// Receives until the guest sends no more.
    ExpectEnd,
    /// Does nothing for so long. What arrives stays in the socket.
    Wait(Span),
    /// Does nothing until that time.
    WaitUntil(Span),
    /// Sends no more, and goes on receiving.
    Finish,
    /// Closes the connection.
    Close,
    /// Breaks the connection.
    Reset,
    /// Does these steps so many times.
    Repeat {
        /// How many times.
        times: u32,
        /// The steps.
        steps: Vec<Step>,
    },
}

impl Step {
    /// The step of the peer with this number.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Step {
        let fill = |text: &String| text.replace("{n}", &number.to_string());
        match self {
            Step::Send(text) => Step::Send(fill(text)),
            Step::Expect(text) => Step::Expect(fill(text)),
            Step::ExpectAll(texts) => Step::ExpectAll(texts.iter().map(fill).collect()),
            Step::Repeat { times, steps } => Step::Repeat {
                times: *times,
                steps: steps.iter().map(|step| step.numbered(number)).collect(),
            },
            other => other.clone(),
        }
    }

    /// All steps one after the other, without repeats.
    pub fn flat(steps: &[Step]) -> Vec<Step> {
        let mut flat = Vec::new();
        for step in steps {
            match step {
                Step::Repeat { times, steps } => {
                    let round = Step::flat(steps);
                    (0..*times).for_each(|_| flat.extend_from_slice(&round));
                }
                other => flat.push(other.clone()),
            }
        }
        flat
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Connect(address) => write!(f, "connect to {address}"),
            Step::Listen(port) => write!(f, "listen on port {port}"),
            Step::Accept => f.write_str("accept"),
            Step::Send(text) => write!(f, "send {text:?}"),
            Step::SendBytes(count) => write!(f, "send {count} bytes"),
            Step::Expect(text) => write!(f, "expect {text:?}"),
            Step::ExpectAll(texts) => write!(f, "expect all of {texts:?}"),
            Step::ExpectEnd => f.write_str("expect the end"),
            Step::Wait(span) => write!(f, "wait {span}"),
            Step::WaitUntil(span) => write!(f, "wait until {span}"),
            Step::Finish => f.write_str("finish"),
            Step::Close => f.write_str("close"),
            Step::Reset => f.write_str("reset"),
            Step::Repeat { times, steps } => write!(f, "{} steps, {times} times", steps.len()),
        }
    }
}
