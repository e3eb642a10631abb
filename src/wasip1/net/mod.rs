//! The sockets, none of which ever blocks. How they are watched is the selector's.
//!
//! # In each world
//! A guest's sockets are its host's to give. Listeners may be opened before the guest starts, and
//! [`TcpListener::bind`] claims one; streams come from [`TcpListener::accept`]. What else a host grants it
//! gives through the network directory, `/net`: connecting, listening on more, datagram sockets, and
//! every socket's addresses and options. Where a host preopens no such directory, those compile, and
//! return [`Unsupported`](std::io::ErrorKind::Unsupported) with a text that names the flag they want.

mod attribute;
mod claims;
mod directory;
mod grant;
mod preopen;
mod record;
mod socket;
mod tcp_listener;
mod tcp_stream;
mod text;
mod udp_options;
mod udp_socket;

pub use tcp_listener::TcpListener;
pub use tcp_stream::TcpStream;
pub use udp_socket::UdpSocket;

pub(super) use claims::Claim;
pub(super) use directory::{find as find_network_directory, open_readiness_set};
