//! `SubscriptionArray`, the array of the last `poll_oneoff`, kept so that the next one costs what has changed
//! in it. What is ready is not decided here.

use crate::record::SUBSCRIPTION_BYTES;
use crate::transfer::Direction;
use crate::watches::{WatchId, Watches};
use crate::{Clock, Errno, Subscription, Watch};
use std::collections::BTreeMap;

const RECORD_BYTES: usize = SUBSCRIPTION_BYTES as usize;
/// How many bytes are compared at once: enough to be fast, few enough to find the record that differs soon.
const BLOCK_BYTES: usize = 64 * RECORD_BYTES;

/// The subscriptions a guest handed over last, decoded.
#[derive(Debug, Default)]
pub(crate) struct SubscriptionArray {
    /// The guest's own bytes.
    bytes: Vec<u8>,
    places: Vec<Place>,
    /// The watches of sockets and files.
    pub(crate) watches: Watches,
    /// The clocks, by their places.
    pub(crate) clocks: BTreeMap<u32, Span>,
}

/// What one record of the array is.
#[derive(Clone, Copy, Debug)]
enum Place {
    Clock,
    Watch(WatchId),
}

/// A clock's subscription.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) userdata: u64,
    pub(crate) clock: Clock,
    pub(crate) timeout_ns: u64,
    pub(crate) absolute: bool,
    /// When it expires, on the network's clock; set by each call.
    pub(crate) deadline_ns: u64,
}

impl SubscriptionArray {
    /// Takes in the array of a new call: records that are as they were are not decoded again. No fd from
    /// `fd_bound` on can ever be open.
    ///
    /// # Errors
    /// That of the first record that makes no sense; then nothing is kept.
    pub(crate) fn update(&mut self, bytes: &[u8], fd_bound: u32) -> Result<(), Errno> {
        let updated = self.try_update(bytes, fd_bound);
        if updated.is_err() {
            self.clear();
        }
        updated
    }

    /// The subscriptions, in order.
    pub(crate) fn decoded(&self) -> Vec<Subscription> {
        self.bytes.chunks_exact(RECORD_BYTES).flat_map(Subscription::decode).collect()
    }

    fn try_update(&mut self, bytes: &[u8], fd_bound: u32) -> Result<(), Errno> {
        let kept = self.bytes.len().min(bytes.len());
        for place in (bytes.len() / RECORD_BYTES..self.places.len()).rev() {
            self.leave(place);
        }
        self.places.truncate(bytes.len() / RECORD_BYTES);
        self.bytes.truncate(kept);
        for start in (0..kept).step_by(BLOCK_BYTES) {
            let end = kept.min(start + BLOCK_BYTES);
            if self.bytes[start..end] == bytes[start..end] {
                continue;
            }
            for at in (start..end).step_by(RECORD_BYTES) {
                let record = &bytes[at..at + RECORD_BYTES];
                if self.bytes[at..at + RECORD_BYTES] != *record {
                    let place = at / RECORD_BYTES;
                    self.leave(place);
                    self.places[place] = self.enter(place, record, fd_bound)?;
                    self.bytes[at..at + RECORD_BYTES].copy_from_slice(record);
                }
            }
        }
        for record in bytes[kept..].chunks_exact(RECORD_BYTES) {
            let place = self.enter(self.places.len(), record, fd_bound)?;
            self.places.push(place);
        }
        self.bytes.extend_from_slice(&bytes[kept..]);
        Ok(())
    }

    fn enter(&mut self, place: usize, record: &[u8], fd_bound: u32) -> Result<Place, Errno> {
        let Subscription { userdata, watch } = Subscription::decode(record)?;
        let place = place as u32;
        let (direction, fd) = match watch {
            Watch::Clock { clock, timeout_ns, absolute } => {
                self.clocks.insert(place, Span { userdata, clock, timeout_ns, absolute, deadline_ns: 0 });
                return Ok(Place::Clock);
            }
            Watch::Read(fd) => (Direction::Read, fd),
            Watch::Write(fd) => (Direction::Write, fd),
        };
        Ok(Place::Watch(self.watches.insert((userdata, place), fd, direction, fd_bound)))
    }

    fn leave(&mut self, place: usize) {
        match self.places[place] {
            Place::Clock => drop(self.clocks.remove(&(place as u32))),
            Place::Watch(id) => drop(self.watches.remove(id)),
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
        self.watches.clear();
        self.clocks.clear();
    }
}
