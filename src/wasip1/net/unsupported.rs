//! The errors for what preview1 has no call for. What each socket lacks is in its own file.

use std::fmt::Display;
use std::io;

/// The error for `what`, which neither preview1 nor this host gives.
pub(super) fn unsupported(what: impl Display) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!(
            "cannot {what}: preview1 has no call for it, and this host grants no network directory \
             that would stand in"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_and_what_would_give_it_stand_in_the_text() {
        let error = unsupported("connect to 127.0.0.1:80");
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        assert!(error.to_string().contains("connect to 127.0.0.1:80"));
        assert!(error.to_string().contains("network directory"));
    }
}
