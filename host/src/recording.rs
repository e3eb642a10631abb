//! A recorded run: every host call as numbers and bytes, enough to answer it again without a host. Making and answering
//! calls is the engine's.
//!
//! A recording is a trace (`wasi-poll-trace`) with the bytes moved, and one line more for every call: its `call` is
//! `host`, and its `text` a JSON object, a [`HostCall`]. So whatever reads traces reads recordings.

use crate::RunError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use wasi_poll_trace::{Data, Entry, Header, Trace};

/// What the lines of host calls say they are.
pub const HOST: &str = "host";

/// One call of a host function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCall {
    /// The function.
    pub name: String,
    /// Its arguments; those of 32 bits unsigned.
    pub args: Vec<u64>,
    /// What it answered; nothing when it ended the guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<u32>,
    /// A sum of the bytes it was given; nothing when there are none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub given: String,
    /// What it wrote, and where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wrote: Vec<(u32, Data)>,
}

impl HostCall {
    /// As a line of a trace.
    pub(crate) fn entry(&self, at_ns: u64) -> Entry {
        let text = serde_json::to_string(self).expect("numbers and text are JSON");
        let mut entry = Entry::call(HOST, at_ns);
        entry.text = Some(text);
        entry
    }
}

impl fmt::Display for HostCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let args: Vec<String> = self.args.iter().map(u64::to_string).collect();
        write!(f, "{}({})", self.name, args.join(", "))
    }
}

/// The sum of what a call was given: the first 64 bits of SHA-256, in hexadecimal.
pub fn sum<'a>(parts: impl Iterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    let mut any = false;
    for part in parts {
        hasher.update(part);
        any = true;
    }
    if !any {
        return String::new();
    }
    hasher.finalize()[..8].iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
}

/// A recording that was read.
#[derive(Clone, Debug)]
pub struct Recording {
    pub(crate) calls: Vec<HostCall>,
    header: Header,
}

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    /// When the file can't be read, is no trace, or a trace without a recording. The text names the file.
    pub fn load(path: &Path) -> Result<Recording, RunError> {
        let cannot =
            |why: &dyn fmt::Display| RunError::new(format!("cannot replay {}: {why}", path.display()));
        let file = File::open(path).map_err(|error| cannot(&crate::error::plain(&error)))?;
        let trace = Trace::read(BufReader::new(file)).map_err(|error| cannot(&error))?;
        let mut calls = Vec::new();
        for entry in trace.entries.iter().filter(|entry| entry.call == HOST) {
            let text = entry.text.as_deref().unwrap_or_default();
            let call = serde_json::from_str(text)
                .map_err(|error| cannot(&format_args!("the call in line {}: {error}", entry.n + 1)))?;
            calls.push(call);
        }
        if calls.is_empty() {
            return Err(cannot(
                &"it is a trace without a recording; `wasi-poll run --record FILE` writes one",
            ));
        }
        Ok(Recording { calls, header: trace.header })
    }

    /// How many calls it holds.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Whether it was recorded of a module with this sum ([`Module::sha256`](crate::Module::sha256)).
    pub fn is_of(&self, sha256: &str) -> bool {
        self.header.guests.first().and_then(|guest| guest.module.as_deref()).is_none_or(|sum| sum == sha256)
    }
}

/// What came of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The guest made the same calls, and ended like this.
    Ended(crate::Outcome),
    /// The guest made the same calls as far as the recording goes.
    Cut,
    /// The guest made another call.
    Diverged {
        /// Which, from 1.
        number: usize,
        /// What it did, and what it did when it was recorded.
        text: String,
    },
}
