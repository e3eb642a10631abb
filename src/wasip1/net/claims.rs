//! `Claims`, which of the preopened listeners are taken. What the host opened is found by `preopen`.

use std::io;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::super::host;
use super::preopen::{Preopen, Preopens};

/// The right to own one preopened listener; there is one for each of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    fd: RawFd,
    address: Option<SocketAddr>,
}

/// The preopened listeners, and which are claimed. A claim is for good: the listener is the program's,
/// and when that closes it, its address isn't granted again.
#[derive(Debug)]
pub(super) struct Claims {
    preopens: Preopens,
    claimed: Vec<bool>,
}

/// This program's claims, found out at the first use, while only the host has opened descriptors.
pub(super) fn claims() -> MutexGuard<'static, Claims> {
    static CLAIMS: OnceLock<Mutex<Claims>> = OnceLock::new();
    CLAIMS
        .get_or_init(|| Mutex::new(Claims::new(Preopens::find(host::is_stream_socket))))
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

impl Claim {
    pub(crate) fn into_fd(self) -> RawFd {
        self.fd
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.address
    }
}

impl Claims {
    pub(super) fn new(preopens: Preopens) -> Claims {
        Claims { claimed: vec![false; preopens.listeners.len()], preopens }
    }

    /// Claims the listener bound to `wanted`; with port 0, or where the host tells no addresses, the
    /// next one free.
    pub(super) fn claim(&mut self, wanted: SocketAddr) -> io::Result<Claim> {
        let any = wanted.port() == 0 || !self.preopens.addresses_known;
        let fits = |listener: &Preopen| any || listener.address == Some(wanted);
        let mut fitting =
            (0..self.claimed.len()).filter(|place| fits(&self.preopens.listeners[*place])).peekable();
        if fitting.peek().is_none() {
            return Err(self.not_granted(wanted));
        }
        let Some(free) = fitting.find(|place| !self.claimed[*place]) else {
            return Err(self.in_use(wanted));
        };
        self.claimed[free] = true;
        let Preopen { fd, address } = self.preopens.listeners[free];
        Ok(Claim { fd, address })
    }

    /// Takes note that `fd` has an owner, and tells its address, if it is a preopened listener's.
    pub(super) fn note_owned(&mut self, fd: RawFd) -> Option<SocketAddr> {
        let listeners = &self.preopens.listeners;
        let place = listeners.iter().position(|listener| listener.fd == fd)?;
        self.claimed[place] = true;
        listeners[place].address
    }

    fn not_granted(&self, wanted: SocketAddr) -> io::Error {
        io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "cannot listen on {wanted}: the host granted {}; `wasi-poll run` grants an address with \
                 `--listen {wanted}` or `--allow-listen {wanted}`",
                self.granted()
            ),
        )
    }

    fn in_use(&self, wanted: SocketAddr) -> io::Error {
        io::Error::new(
            io::ErrorKind::AddrInUse,
            format!(
                "cannot listen on {wanted}: claimed already, as each listener can be once; the host \
                 granted {}, and with `--allow-listen` lets it open others",
                self.granted()
            ),
        )
    }

    fn granted(&self) -> String {
        let listeners = &self.preopens.listeners;
        if listeners.is_empty() {
            return String::from("no listener");
        }
        let names: Vec<String> = listeners
            .iter()
            .map(|listener| match listener.address {
                Some(address) => address.to_string(),
                None => format!("file descriptor {}", listener.fd),
            })
            .collect();
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::super::preopen::Told;
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address in a test")
    }

    fn granted(listen_fds: &str, listen_fdaddrs: Option<&str>) -> Claims {
        let told = Told { listen_fds: Some(listen_fds), listen_fdaddrs };
        Claims::new(Preopens::read(told, |_| Ok(true)))
    }

    fn fd(claim: io::Result<Claim>) -> RawFd {
        claim.expect("a listener to claim").into_fd()
    }

    #[test]
    fn port_zero_claims_the_next_listener_free() {
        let mut claims = granted("2", Some("127.0.0.1:80,127.0.0.1:81"));
        let first = claims.claim(address("0.0.0.0:0")).expect("a first one");
        assert_eq!(first.address(), Some(address("127.0.0.1:80")));
        assert_eq!(first.into_fd(), 3);
        assert_eq!(fd(claims.claim(address("127.0.0.1:0"))), 4);
    }

    #[test]
    fn an_address_claims_the_listener_bound_to_it() {
        let mut claims = granted("2", Some("127.0.0.1:80,127.0.0.1:81"));
        assert_eq!(fd(claims.claim(address("127.0.0.1:81"))), 4);
        assert_eq!(fd(claims.claim(address("127.0.0.1:0"))), 3);
    }

    #[test]
    fn a_claimed_address_is_in_use() {
        let mut claims = granted("1", Some("127.0.0.1:80"));
        fd(claims.claim(address("127.0.0.1:80")));
        let error = claims.claim(address("127.0.0.1:80")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let error = claims.claim(address("127.0.0.1:0")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn an_address_not_granted_is_denied_with_what_is_and_the_flag() {
        let mut claims = granted("1", Some("127.0.0.1:80"));
        let error = claims.claim(address("127.0.0.1:8080")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        let text = error.to_string();
        assert!(text.contains("granted 127.0.0.1:80;"), "{text}");
        assert!(text.contains("`--listen 127.0.0.1:8080`"), "{text}");
        assert!(text.contains("`--allow-listen 127.0.0.1:8080`"), "{text}");
    }

    #[test]
    fn without_any_listener_even_port_zero_is_denied() {
        let mut claims = granted("0", None);
        let error = claims.claim(address("127.0.0.1:0")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert!(error.to_string().contains("no listener"));
    }

    #[test]
    fn where_the_host_tells_no_addresses_any_bind_claims_the_next_one() {
        let mut claims = granted("2", None);
        assert_eq!(fd(claims.claim(address("127.0.0.1:80"))), 3);
        assert_eq!(fd(claims.claim(address("127.0.0.1:80"))), 4);
    }

    #[test]
    fn a_listener_taken_by_descriptor_is_claimed() {
        let mut claims = granted("2", Some("127.0.0.1:80,127.0.0.1:81"));
        assert_eq!(claims.note_owned(3), Some(address("127.0.0.1:80")));
        assert_eq!(claims.note_owned(9), None);
        assert_eq!(fd(claims.claim(address("127.0.0.1:0"))), 4);
    }
}
