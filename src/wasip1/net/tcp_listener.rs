//! `TcpListener`, which claims a preopened listener and accepts from it. The streams are `tcp_stream`'s.

use std::io;
use std::net::{self, Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};

use super::super::host;
use super::super::io_source::IoSource;
use super::super::selector::Direction;
use super::TcpStream;
use super::attribute::{Attribute, peer_of, take_error};
use super::claims::claims;
use super::directory::{Directory, Request};
use super::grant::{is_denied, unsupported};
use super::socket::socket;

/// A socket that listens for TCP connections and never blocks.
///
/// ```no_run
/// use std::io::ErrorKind;
/// use wasi_poll::net::TcpListener;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
/// println!("listening on {}", listener.local_addr()?);
/// match listener.accept() {
///     Ok((_stream, peer)) => println!("{peer} is here"),
///     Err(error) if error.kind() == ErrorKind::WouldBlock => println!("nobody yet"),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok(())
/// # }
/// ```
pub struct TcpListener {
    inner: IoSource<net::TcpListener>,
    /// What a preopened one is bound to, where the host told at the start.
    address: Option<SocketAddr>,
}

/// What `accept` says of a peer the host can't tell.
const UNKNOWN_PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

impl TcpListener {
    /// Listens on `addr`.
    ///
    /// # In each world
    /// Natively it opens a socket. A guest first looks among the listeners the host opened for it: port 0
    /// claims the next one free, any other address the one that is bound to exactly that. A host that
    /// doesn't tell addresses (`LISTEN_FDADDRS` unset) gives the next one free to every bind. Where none
    /// fits, it opens one, if the host's grants allow it.
    ///
    /// # Errors
    /// In a guest [`PermissionDenied`](io::ErrorKind::PermissionDenied) for an address the host didn't
    /// grant, [`AddrInUse`](io::ErrorKind::AddrInUse) for one claimed before. A preopened listener that is
    /// closed stays claimed; one that `bind` opened doesn't.
    pub fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
        let claimed = claims().claim(addr);
        let claim = match claimed {
            Ok(claim) => claim,
            Err(refused) => return open(addr, refused),
        };
        let address = claim.address();
        let listener = net::TcpListener::from(host::own(claim));
        listener.set_nonblocking(true)?;
        Ok(TcpListener { inner: IoSource::new(listener), address })
    }

    /// Takes over a listener from `std`. It must be non-blocking already.
    ///
    /// # In each world
    /// In a guest a preopened listener taken this way counts as claimed.
    pub fn from_std(listener: net::TcpListener) -> TcpListener {
        let address = claims().note_owned(listener.as_raw_fd());
        TcpListener { inner: IoSource::new(listener), address }
    }

    /// Accepts one connection; the stream doesn't block.
    ///
    /// # In each world
    /// preview1's call has no room for an address: a guest without a network directory is told
    /// `0.0.0.0:0` for the peer, and so is one whose peer is gone already.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when none is pending: the next one then makes an event.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let accepted = self.inner.operate(&[Direction::Read], |listener| host::sock_accept(listener.as_fd()));
        if let Err(error) = &accepted
            && leaves_others_pending(error)
        {
            self.inner.rearm(&[Direction::Read]);
        }
        let stream = TcpStream::from(accepted?);
        let peer = peer_of(&stream).unwrap_or(UNKNOWN_PEER);
        Ok((stream, peer))
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) where the host doesn't tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        // What was told at the start may be of an earlier listener with this number.
        if Directory::get().is_some() {
            return Attribute::LOCAL.read(self);
        }
        self.address.ok_or_else(|| {
            unsupported("tell a listener's address without LISTEN_FDADDRS", "--allow-listen ADDR")
        })
    }

    /// Sets the time to live of outgoing packets.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        Attribute::TTL.write(self, ttl)
    }

    /// The time to live of outgoing packets.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn ttl(&self) -> io::Result<u32> {
        Attribute::TTL.read(self)
    }

    /// Takes the error pending on the socket.
    ///
    /// # In each world
    /// A guest without a network directory is told the error of the last
    /// [`is_error`](crate::event::Event::is_error) event of this registration.
    ///
    /// # Errors
    /// Those of the operating system, or of the host.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        take_error(&self.inner)
    }
}

/// Opens a listener in the network directory. Without one, or where it grants nothing either, the claim's
/// error says more: `refused`.
fn open(address: SocketAddr, refused: io::Error) -> io::Result<TcpListener> {
    // The host doesn't see claims. Asked for a preopened listener, it would answer the descriptor of the one
    // that has an owner.
    let is_claimed = refused.kind() == io::ErrorKind::AddrInUse && address.port() != 0;
    let directory = match Directory::get() {
        Some(directory) if !is_claimed => directory,
        _ => return Err(refused),
    };
    match directory.open(Request::Listen, address) {
        Ok(fd) => Ok(TcpListener::from(fd)),
        Err(error) if is_denied(&error) => Err(refused),
        Err(error) => Err(error),
    }
}

/// Whether an accept failed for want of room or by the fault of that one connection, so that the others
/// in the queue still have to be reported.
fn leaves_others_pending(error: &io::Error) -> bool {
    let lacks_room = [wasi::ERRNO_MFILE, wasi::ERRNO_NFILE, wasi::ERRNO_NOBUFS, wasi::ERRNO_NOMEM];
    error.kind() == io::ErrorKind::ConnectionAborted
        || error
            .raw_os_error()
            .is_some_and(|raw| lacks_room.iter().any(|errno| i32::from(errno.raw()) == raw))
}

socket!(TcpListener);

#[cfg(test)]
mod tests {
    use super::super::super::script;
    use super::*;

    #[test]
    fn a_listener_that_has_an_owner_is_not_asked_for_again() {
        script::with(|script| script.network_directory = Some(9));
        let address = "127.0.0.1:80".parse().expect("an address in a test");
        let error = open(address, io::ErrorKind::AddrInUse.into()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(script::with(|script| script.paths.is_empty()));

        let any = SocketAddr::new(address.ip(), 0);
        let error = open(any, io::ErrorKind::AddrInUse.into()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "no grant gives another one either");
        assert_eq!(script::with(std::mem::take).paths, ["tcp/listen/127.0.0.1:0"]);
    }
}
