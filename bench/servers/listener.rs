//! Where a measured server gets its listener: the one question that worlds answer differently.

use std::env;
use std::io;
use std::net::TcpListener;
use std::os::fd::FromRawFd;

/// The one that a host opened, if it says so, or else one on the address in the first argument; non-blocking.
pub fn listener() -> io::Result<TcpListener> {
    let listener = if env::var_os("LISTEN_FDS").is_some() {
        // SAFETY: the host preopens a listener there, and nothing else in this program takes it.
        unsafe { TcpListener::from_raw_fd(3) }
    } else {
        TcpListener::bind(env::args().nth(1).unwrap_or("127.0.0.1:0".to_owned()))?
    };
    listener.set_nonblocking(true)?;
    Ok(listener)
}
