//! What the peers do at random, and what that should do.

use super::model::Connection;
use super::{CAPACITY, World};
use crate::{Errno, Network};
use std::io::IoSlice;
use std::net::Shutdown;

impl World {
    pub(super) fn peer_connects(&mut self) {
        if self.connections.len() < 8 {
            let address = self.address;
            let peer = self.network().connect(address).unwrap();
            self.connections.push(Connection::new(peer));
        }
    }

    pub(super) fn peer_sends(&mut self) {
        let Some((at, peer)) = self.with_peer() else { return };
        let bytes = self.bytes();
        let sent = self.network().send(peer, &[IoSlice::new(&bytes)]);
        let connection = &mut self.connections[at];
        let moved = bytes.len().min(CAPACITY - connection.to_guest.len());
        match sent {
            _ if connection.peer_finished => assert_eq!(sent, Err(Errno::Pipe)),
            _ if moved == 0 => assert_eq!(sent, Err(Errno::Again)),
            _ => {
                assert_eq!(sent, Ok(moved));
                if connection.receiving_ended && connection.guest_finished {
                    connection.breaks();
                } else if !connection.receiving_ended {
                    connection.to_guest.extend(&bytes[..moved]);
                }
            }
        }
    }

    pub(super) fn peer_receives(&mut self) {
        let Some((at, peer)) = self.with_peer() else { return };
        let mut into = vec![0; 1 + self.random.below(2 * CAPACITY)];
        let received = self.network().receive(peer, &mut into, false);
        let connection = &mut self.connections[at];
        let moved = into.len().min(connection.to_peer.len());
        if moved > 0 {
            assert_eq!(received, Ok(moved));
            assert!(connection.to_peer.drain(..moved).eq(into[..moved].iter().copied()));
        } else {
            let end = if connection.guest_finished { Ok(0) } else { Err(Errno::Again) };
            assert_eq!(received, end);
        }
    }

    pub(super) fn peer_ends(&mut self) {
        let Some((at, peer)) = self.with_peer() else { return };
        let way = self.random.below(3);
        let network = self.guest.process.network();
        let connection = &mut self.connections[at];
        match way {
            0 => {
                let over = connection.peer_finished && connection.guest_finished;
                let ended = network.shutdown(peer, Shutdown::Write);
                assert_eq!(ended, if over { Err(Errno::Notconn) } else { Ok(()) });
                connection.peer_finished = true;
            }
            1 => {
                network.reset(peer);
                connection.breaks();
            }
            _ => {
                network.close(peer);
                if connection.to_peer.is_empty() {
                    connection.peer = None;
                    connection.peer_finished = true;
                } else {
                    connection.breaks();
                }
            }
        }
    }
}
