//! What mio can't do yet on wasm32-wasip2, over what it can. Everything else is mio's own.

pub mod net {
    //! mio's sockets, but for the listener.

    pub use super::tcp_listener::TcpListener;
    pub use mio::net::{TcpStream, UdpSocket};
}

mod tcp_listener;
