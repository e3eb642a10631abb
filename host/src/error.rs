//! The host's one error. Its text is for whoever started the host: it names the thing and what to do.

use std::fmt;

/// Why a guest could not be run, in a sentence that names the file, address or flag.
#[derive(Debug)]
pub struct RunError {
    text: String,
}

impl RunError {
    pub(crate) fn new(text: impl Into<String>) -> RunError {
        RunError { text: text.into() }
    }

    /// There was no thread for a guest to run on.
    pub fn no_thread(error: &std::io::Error) -> RunError {
        RunError::new(format!("cannot start a thread for the guest: {}", plain(error)))
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for RunError {}

/// What the system says of an error, without the number behind it.
pub(crate) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
