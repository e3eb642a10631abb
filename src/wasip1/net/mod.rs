//! The sockets, none of which ever blocks. How they are watched is the selector's.
//!
//! # In each world
//! A guest's listeners are opened by the host before it starts, and [`TcpListener::bind`] claims one;
//! streams come from [`TcpListener::accept`]. preview1 has no call to connect, to bind a datagram
//! socket, or to read an address or an option: those compile, and return
//! [`Unsupported`](std::io::ErrorKind::Unsupported).

mod claims;
mod preopen;
mod tcp_listener;
mod tcp_stream;
mod udp_socket;
mod unsupported;

pub use tcp_listener::TcpListener;
pub use tcp_stream::TcpStream;
pub use udp_socket::UdpSocket;

pub(super) use claims::Claim;
