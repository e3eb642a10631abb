//! What guests print: kept with its time, as lines.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use wasi_poll_preview1::Machines;

/// More than this of one guest's output isn't kept, in bytes.
const KEPT_BYTES: usize = 4 << 20;

/// Something a guest printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The guest's number in the scenario, from 0.
    pub guest: usize,
    /// When, in virtual nanoseconds.
    pub at_ns: u64,
    /// On stderr rather than stdout.
    pub to_stderr: bool,
    /// What, as it was written: whoever shows it escapes it.
    pub bytes: Vec<u8>,
}

/// A line a guest printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The guest's number in the scenario, from 0.
    pub guest: usize,
    /// When its last part came, in virtual nanoseconds.
    pub at_ns: u64,
    /// The line, with what a terminal would obey escaped.
    pub text: String,
}

/// What was printed, as lines in the order they were finished.
pub fn lines(said: &[Said]) -> Vec<Line> {
    let mut unfinished: BTreeMap<(usize, bool), (u64, Vec<u8>)> = BTreeMap::new();
    let mut lines = Vec::new();
    let line = |guest, at_ns, bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let shown = |letter: char| {
            if letter.is_control() { letter.escape_default().to_string() } else { letter.into() }
        };
        Line { guest, at_ns, text: text.chars().map(shown).collect() }
    };
    for Said { guest, at_ns, to_stderr, bytes } in said {
        let (last_ns, line_bytes) = unfinished.entry((*guest, *to_stderr)).or_default();
        *last_ns = *at_ns;
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            line_bytes.extend_from_slice(part);
            if line_bytes.pop_if(|last| *last == b'\n').is_some() {
                lines.push(line(*guest, *at_ns, line_bytes));
                line_bytes.clear();
            }
        }
    }
    let rest = unfinished.into_iter().filter(|(_, (_, bytes))| !bytes.is_empty());
    lines.extend(rest.map(|((guest, _), (at_ns, bytes))| line(guest, at_ns, &bytes)));
    lines
}

/// All that was printed in a play. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Words(Arc<Mutex<Vec<Said>>>);

impl Words {
    /// Where a guest prints.
    pub fn of(&self, guest: usize, to_stderr: bool, machines: &Machines) -> Mouth {
        Mouth { words: self.clone(), machines: machines.clone(), guest, to_stderr, bytes: 0 }
    }

    /// What was printed until now.
    pub fn take(&self) -> Vec<Said> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One guest's stdout or stderr.
pub struct Mouth {
    words: Words,
    machines: Machines,
    guest: usize,
    to_stderr: bool,
    bytes: usize,
}

impl Write for Mouth {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len();
        if self.bytes <= KEPT_BYTES {
            let (guest, to_stderr) = (self.guest, self.to_stderr);
            let said = Said { guest, at_ns: self.machines.now_ns(), to_stderr, bytes: bytes.to_vec() };
            self.words.0.lock().unwrap_or_else(PoisonError::into_inner).push(said);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Said, lines};

    #[test]
    fn parts_of_a_line_are_one_line_and_a_terminal_obeys_none() {
        let said = |at_ns, bytes: &[u8]| Said { guest: 0, at_ns, to_stderr: false, bytes: bytes.to_vec() };
        let line = |at_ns, text: &str| Line { guest: 0, at_ns, text: text.to_owned() };
        assert_eq!(
            lines(&[said(1, b"he"), said(2, b"llo\n\x1b[2J\nend")]),
            [line(2, "hello"), line(2, "\\u{1b}[2J"), line(2, "end")]
        );
    }
}
