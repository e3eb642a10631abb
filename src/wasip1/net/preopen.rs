//! `Preopens`, the listeners the host says it opened. Who has claimed them is `claims`' business.

use std::env;
use std::io;
use std::net::SocketAddr;
use std::os::fd::RawFd;

/// The first descriptor behind standard input, output and error.
pub(super) const FIRST_PREOPEN: RawFd = 3;

/// A listener the host opened before the program started.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Preopen {
    pub(super) fd: RawFd,
    /// What it is bound to, where the host tells.
    pub(super) address: Option<SocketAddr>,
}

/// Every listener the host opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Preopens {
    pub(super) listeners: Vec<Preopen>,
    /// Whether the host tells addresses, so that a bind can be held to them.
    pub(super) addresses_known: bool,
}

/// What the host put into the environment: `LISTEN_FDS` counts the listeners, from descriptor 3 on, and
/// `LISTEN_FDADDRS` lists their addresses, in the same order.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Told<'a> {
    pub(super) listen_fds: Option<&'a str>,
    pub(super) listen_fdaddrs: Option<&'a str>,
}

impl Preopens {
    /// What this program was given. `is_stream_socket` asks the host about a descriptor.
    pub(super) fn find(is_stream_socket: impl Fn(RawFd) -> io::Result<bool>) -> Preopens {
        let listen_fds = env::var("LISTEN_FDS").ok();
        let listen_fdaddrs = env::var("LISTEN_FDADDRS").ok();
        let told = Told { listen_fds: listen_fds.as_deref(), listen_fdaddrs: listen_fdaddrs.as_deref() };
        Preopens::read(told, is_stream_socket)
    }

    /// Only stream sockets are taken for listeners. Where the host told no count, all of them are, from
    /// descriptor 3 on, up to the first number that isn't open.
    pub(super) fn read(told: Told<'_>, is_stream_socket: impl Fn(RawFd) -> io::Result<bool>) -> Preopens {
        let addresses: Vec<Option<SocketAddr>> = match told.listen_fdaddrs {
            Some(list) => list.split(',').map(|one| one.trim().parse().ok()).collect(),
            None => Vec::new(),
        };
        let count = told.listen_fds.and_then(|count| count.trim().parse().ok());
        // A count somebody made up, or inherited, ends where the descriptors do; without one, so does
        // the search.
        let listeners = (FIRST_PREOPEN..)
            .take(count.unwrap_or(usize::MAX))
            .map_while(|fd| Some((fd, is_stream_socket(fd).ok()?)))
            .enumerate()
            .filter(|(_, (_, is_socket))| *is_socket)
            .map(|(place, (fd, _))| Preopen { fd, address: addresses.get(place).copied().flatten() })
            .collect();
        Preopens { listeners, addresses_known: told.listen_fdaddrs.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Descriptors 3 and 5 are sockets, 4 is a directory, 6 isn't open.
    fn socket_directory_socket(fd: RawFd) -> io::Result<bool> {
        match fd {
            3 | 5 => Ok(true),
            4 => Ok(false),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn three_sockets(fd: RawFd) -> io::Result<bool> {
        if (3..6).contains(&fd) { Ok(true) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn fds(preopens: &Preopens) -> Vec<RawFd> {
        preopens.listeners.iter().map(|listener| listener.fd).collect()
    }

    #[test]
    fn listeners_stand_from_descriptor_three_in_the_order_of_their_addresses() {
        let told = Told { listen_fds: Some("2"), listen_fdaddrs: Some("127.0.0.1:80,[::1]:81") };
        let preopens = Preopens::read(told, three_sockets);
        assert!(preopens.addresses_known);
        assert_eq!(
            preopens.listeners,
            [
                Preopen { fd: 3, address: "127.0.0.1:80".parse().ok() },
                Preopen { fd: 4, address: "[::1]:81".parse().ok() },
            ]
        );
    }

    #[test]
    fn an_address_that_does_not_parse_leaves_its_listener_unnamed() {
        let told = Told { listen_fds: Some("2"), listen_fdaddrs: Some("unix:/x,127.0.0.1:80") };
        let preopens = Preopens::read(told, three_sockets);
        assert_eq!(preopens.listeners[0].address, None);
        assert_eq!(preopens.listeners[1].address, "127.0.0.1:80".parse().ok());
    }

    #[test]
    fn a_host_that_only_counts_leaves_addresses_unknown() {
        let told = Told { listen_fds: Some("3"), listen_fdaddrs: None };
        let preopens = Preopens::read(told, three_sockets);
        assert!(!preopens.addresses_known);
        assert_eq!(fds(&preopens), [3, 4, 5]);
    }

    #[test]
    fn a_host_that_tells_nothing_is_asked_about_each_descriptor() {
        let preopens = Preopens::read(Told::default(), socket_directory_socket);
        assert_eq!(fds(&preopens), [3, 5]);
    }

    #[test]
    fn a_count_that_was_inherited_does_not_make_a_directory_a_listener() {
        let told = Told { listen_fds: Some("2"), listen_fdaddrs: None };
        assert_eq!(fds(&Preopens::read(told, socket_directory_socket)), [3]);
    }

    #[test]
    fn a_count_above_what_is_open_ends_there() {
        let told = Told { listen_fds: Some("4000000000"), listen_fdaddrs: None };
        assert_eq!(fds(&Preopens::read(told, three_sockets)), [3, 4, 5]);
    }
}
