//! The names of a network in memory, and the look-ups that take their time.

use super::MemoryNetwork;
use super::socket::Action;
use crate::Errno;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What a name is.
#[derive(Debug, Default)]
pub(super) struct Name {
    addresses: Vec<IpAddr>,
    delay_ns: u64,
    asked: Asked,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asked {
    #[default]
    No,
    /// The answer is on its way.
    Pending,
    /// The answer is there and was not told yet.
    Answered,
}

/// The names there are.
pub(super) type Names = BTreeMap<String, Name>;

impl MemoryNetwork {
    /// Gives a name these addresses; with none it has none.
    #[must_use]
    pub fn with_name(mut self, name: &str, addresses: &[IpAddr]) -> MemoryNetwork {
        self.set_name(name, addresses);
        self
    }

    /// Sets how long a look-up of a name takes that [`with_name`](MemoryNetwork::with_name) gave.
    #[must_use]
    pub fn with_name_delay_ns(mut self, name: &str, delay_ns: u64) -> MemoryNetwork {
        self.names.entry(name.into()).or_default().delay_ns = delay_ns;
        self
    }

    /// From now on a name has these addresses. A look-up in progress answers with them, too.
    pub fn set_name(&mut self, name: &str, addresses: &[IpAddr]) {
        self.names.entry(name.into()).or_default().addresses = addresses.to_vec();
    }

    pub(super) fn look_up(&mut self, name: &str) -> Result<Option<Vec<IpAddr>>, Errno> {
        let found = self.names.get_mut(name).ok_or(Errno::Noent)?;
        match found.asked {
            Asked::No if found.delay_ns > 0 => {
                found.asked = Asked::Pending;
                let at_ns = self.now_ns.saturating_add(found.delay_ns);
                self.schedule.push(at_ns, Action::Answer(name.into()));
                return Ok(None);
            }
            Asked::Pending => return Ok(None),
            Asked::No | Asked::Answered => found.asked = Asked::No,
        }
        if found.addresses.is_empty() { Err(Errno::Noent) } else { Ok(Some(found.addresses.clone())) }
    }

    /// The answer to a look-up is there: the wait ends.
    pub(super) fn answer(&mut self, name: &str) {
        if let Some(found) = self.names.get_mut(name) {
            found.asked = Asked::Answered;
            self.answered = true;
        }
    }
}
