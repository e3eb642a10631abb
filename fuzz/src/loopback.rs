//! Waiting until what was sent on loopback has arrived.

use std::net::UdpSocket;
use std::time::Duration;

/// A handshake goes there, back and there again; and what answers the last of it has one more.
const ROUNDS: usize = 4;

/// Datagrams to oneself. A processor delivers what was sent on it in the order in which it was sent, at once or, when the
/// machine is busy, some time later. So when these have come, what this thread sent before has come, too, and with
/// each round the answers to what came in the one before. `setup/fuzz` keeps the process on one processor.
#[derive(Debug)]
pub struct Loopback {
    socket: UdpSocket,
}

impl Loopback {
    /// One more socket, if there is room.
    pub fn new() -> Option<Loopback> {
        let socket = UdpSocket::bind("127.0.0.1:0").ok()?;
        socket.connect(socket.local_addr().ok()?).ok()?;
        // A datagram can be lost for want of memory.
        socket.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        Some(Loopback { socket })
    }

    /// Returns when everything has arrived.
    pub fn settles(&self) {
        for _ in 0..ROUNDS {
            if self.socket.send(&[0]).and_then(|_| self.socket.recv(&mut [0])).is_err() {
                return;
            }
        }
    }
}
