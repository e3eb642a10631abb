//! `Change`, the record that a guest writes to a readiness set: a subscription's, with flags of its own. What becomes of
//! it is `readiness_set.rs`'s.

use super::{Clock, SUBSCRIPTION_BYTES, Subscription, Watch, u16_at};
use crate::Errno;

/// Where a change has its flags, which is where a clock's subscription has its own.
const FLAGS_AT: usize = 40;
const UNSUBSCRIBE: u16 = 1;
const EDGE: u16 = 2;

/// What a guest writes to a readiness set: a subscription to begin or to end, or how long reads wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Comes back in the event as it went in.
    pub userdata: u64,
    /// What is waited for. A clock is no subscription: from now on each read waits for its span at most.
    pub watch: Watch,
    /// Whether the subscription ends, rather than begins.
    pub unsubscribe: bool,
    /// Whether an event leaves the subscription there, quiet until its direction was drained.
    pub edge: bool,
}

impl Change {
    /// Decodes one record of 48 bytes.
    ///
    /// # Errors
    /// `EINVAL` for an unknown tag or flag, for both flags, for the clock of the time of day, and for a moment instead
    /// of a span; `ENOTSUP` for the clocks of CPU time.
    pub fn decode(record: &[u8]) -> Result<Change, Errno> {
        let Subscription { userdata, watch } = Subscription::decode(record)?;
        let (unsubscribe, edge) = match (watch, u16_at(record, FLAGS_AT)) {
            (Watch::Clock { clock: Clock::Realtime, .. }, _) => return Err(Errno::Inval),
            (_, 0) => (false, false),
            (Watch::Read(_) | Watch::Write(_), UNSUBSCRIBE) => (true, false),
            (Watch::Read(_) | Watch::Write(_), EDGE) => (false, true),
            _ => return Err(Errno::Inval),
        };
        Ok(Change { userdata, watch, unsubscribe, edge })
    }

    /// Encodes the record, as a guest would.
    pub fn encode(&self) -> [u8; SUBSCRIPTION_BYTES as usize] {
        let mut record = Subscription { userdata: self.userdata, watch: self.watch }.encode();
        record[FLAGS_AT] |= u8::from(self.unsubscribe) | u8::from(self.edge) << 1;
        record
    }
}
