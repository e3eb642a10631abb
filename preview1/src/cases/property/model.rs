//! What one connection should be like, as naively as can be said.

use super::CAPACITY;
use crate::{Errno, Ready, SocketId};
use std::collections::VecDeque;

/// What a connection should be like: two queues, and what has ended.
#[expect(clippy::struct_excessive_bools, reason = "each direction ends on its own, from either side")]
pub(super) struct Connection {
    pub(super) peer: Option<SocketId>,
    pub(super) fd: Option<u32>,
    pub(super) to_guest: VecDeque<u8>,
    pub(super) to_peer: VecDeque<u8>,
    pub(super) peer_finished: bool,
    pub(super) guest_finished: bool,
    pub(super) receiving_ended: bool,
    pub(super) broken: bool,
    pub(super) error: Option<Errno>,
}

impl Connection {
    pub(super) fn new(peer: SocketId) -> Connection {
        Connection {
            peer: Some(peer),
            fd: None,
            to_guest: VecDeque::new(),
            to_peer: VecDeque::new(),
            peer_finished: false,
            guest_finished: false,
            receiving_ended: false,
            broken: false,
            error: None,
        }
    }

    pub(super) fn breaks(&mut self) {
        self.broken = true;
        self.error = match (self.peer_finished, self.guest_finished) {
            // It was over already.
            (true, true) => None,
            (true, false) => Some(Errno::Pipe),
            (false, _) => Some(Errno::Connreset),
        };
        self.peer = None;
    }

    pub(super) fn room(&self) -> usize {
        if self.peer.is_some() { CAPACITY - self.to_peer.len() } else { usize::MAX }
    }

    pub(super) fn read_ready(&self) -> Option<Ready> {
        let hangup = self.peer_finished || self.receiving_ended || self.broken;
        (hangup || !self.to_guest.is_empty()).then(|| self.ready(hangup))
    }

    pub(super) fn write_ready(&self) -> Option<Ready> {
        let hangup = self.guest_finished || self.broken;
        (hangup || self.room() > 0).then(|| self.ready(hangup))
    }

    pub(super) fn ready(&self, hangup: bool) -> Ready {
        Ready { bytes: u64::from(!hangup), hangup, error: self.error }
    }
}
