//! `Grant`, what a host gives by address, and the errors for what it didn't give. What is asked of it is
//! each socket's.

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;

/// Something a program does at an address, if its host lets it.
#[derive(Copy, Clone, Debug)]
pub(super) struct Grant {
    /// As it stands before the address.
    what: &'static str,
    /// What grants it, as it stands before the address.
    flag: &'static str,
}

impl Grant {
    pub(super) const CONNECT: Grant = Grant { what: "connect to", flag: "--allow-connect" };
    pub(super) const BIND_DATAGRAM: Grant = Grant { what: "bind a datagram socket to", flag: "--allow-udp" };
    pub(super) const CONNECT_DATAGRAM: Grant =
        Grant { what: "connect a datagram socket to", flag: "--allow-udp" };
    pub(super) const JOIN_GROUP: Grant = Grant { what: "join the group", flag: "--allow-udp" };
    pub(super) const SEND_DATAGRAM: Grant = Grant { what: "send a datagram to", flag: "--allow-udp" };

    /// The error where there is no network directory to ask.
    pub(super) fn unsupported(self, address: SocketAddr) -> io::Error {
        let Grant { what, flag } = self;
        unsupported(format_args!("{what} {address}"), format_args!("{flag} {address}"))
    }

    /// The host's error: with the address and the flag, where it denied this.
    pub(super) fn explain(self, error: io::Error, address: impl Display) -> io::Error {
        if !is_denied(&error) {
            return error;
        }
        let Grant { what, flag } = self;
        io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "cannot {what} {address}: no grant of the host's allows it; `wasi-poll run` grants it with \
                 `{flag} {address}`"
            ),
        )
    }
}

/// Whether the host denied it.
pub(super) fn is_denied(error: &io::Error) -> bool {
    error.raw_os_error() == Some(i32::from(wasi::ERRNO_ACCES.raw()))
}

/// The error for `what`, which preview1 has no call for, where there is no network directory either;
/// `flag` would bring one.
pub(super) fn unsupported(what: impl Display, flag: impl Display) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!(
            "cannot {what}: preview1 has no call for it, and this host preopened no network directory, \
             /net, that would stand in; `wasi-poll run` does with `{flag}`"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::host::error_of;
    use super::*;

    fn address() -> SocketAddr {
        "[::1]:80".parse().expect("an address in a test")
    }

    #[test]
    fn what_is_missing_and_what_would_give_it_stand_in_the_text() {
        let error = Grant::CONNECT.unsupported(address());
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        let text = error.to_string();
        assert!(text.contains("cannot connect to [::1]:80:"), "{text}");
        assert!(text.contains("network directory"), "{text}");
        assert!(text.contains("`--allow-connect [::1]:80`"), "{text}");
    }

    #[test]
    fn what_was_denied_and_what_would_grant_it_stand_in_the_text() {
        let error = Grant::SEND_DATAGRAM.explain(error_of(wasi::ERRNO_ACCES.raw()), address());
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        let text = error.to_string();
        assert!(text.contains("cannot send a datagram to [::1]:80:"), "{text}");
        assert!(text.contains("`--allow-udp [::1]:80`"), "{text}");
    }

    #[test]
    fn what_failed_for_another_reason_stays_as_the_host_told_it() {
        let errno = wasi::ERRNO_ADDRNOTAVAIL.raw();
        let error = Grant::CONNECT.explain(error_of(errno), address());
        assert_eq!(error.raw_os_error(), Some(i32::from(errno)));
    }
}
