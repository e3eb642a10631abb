//! What tests may know of a selector's inside: its invariants, its memory, the host's last answers.

use super::armed::{Armed, Standing};
use super::registration::{Direction, Key};
use super::{Selector, subscriptions};

impl Selector {
    /// Panics where a back-index or a map doesn't say what the other side says.
    #[track_caller]
    pub(super) fn check_invariants(&self) {
        let mut armed = 0;
        let mut queued = 0;
        for (index, registration) in &self.registrations {
            assert_eq!(registration.key.index(), index);
            if let Some(fd) = registration.fd {
                assert_eq!(self.by_fd.get(fd), Some(index), "the map of {fd}");
            }
            queued += usize::from(registration.queued);
            assert!(!registration.pending.wakes() || registration.queued);
            for direction in Direction::BOTH {
                let Standing::Armed(slot) = registration.standings[direction as usize] else {
                    continue;
                };
                armed += 1;
                if let Armed::Array(array) = &self.armed {
                    let record = array.at(slot).expect("an armed slot's subscription");
                    assert_eq!(Key::from_userdata(record.userdata), registration.key);
                    assert_eq!(subscriptions::direction(record.u.tag), Some(direction));
                }
                assert!(registration.wants(direction));
            }
        }
        assert_eq!(armed, self.armed.len(), "subscriptions nobody owns");
        let live = self.ready.iter().filter(|key| self.is_live(**key)).count();
        assert_eq!(live, queued, "keys in the queue");
    }

    /// How much each buffer has room for.
    pub(super) fn capacities(&self) -> [usize; 4] {
        [
            self.registrations.capacity(),
            match &self.armed {
                Armed::Array(array) => array.capacity(),
                Armed::Set(set) => set.capacity(),
            },
            self.ready.capacity(),
            self.returned.capacity(),
        ]
    }

    /// Whose events the host returned last, in its order, the clock's left out.
    pub(super) fn last_answers(&self) -> Vec<(Key, Direction)> {
        self.returned
            .iter()
            .filter_map(|event| {
                let direction = subscriptions::direction(event.type_.raw())?;
                Some((Key::from_userdata(event.userdata), direction))
            })
            .collect()
    }
}
