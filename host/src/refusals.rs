//! What of the network a guest was refused for want of a grant, told to whoever runs it. What it may use is
//! preview1's to say.

use std::collections::HashSet;
use std::fmt;
use wasi_poll_preview1::net_dir::Refusal;

/// A guest can ask for as many things as it likes; no more different ones are told.
pub const REFUSALS_TOLD: usize = 256;

type Tell = dyn FnMut(&Refusal) + Send;

/// Who is told, and what was.
#[derive(Default)]
pub struct Refusals {
    tell: Option<Box<Tell>>,
    told: HashSet<(&'static str, String)>,
}

impl Refusals {
    pub fn to(tell: impl FnMut(&Refusal) + Send + 'static) -> Refusals {
        Refusals { tell: Some(Box::new(tell)), told: HashSet::new() }
    }

    /// Tells of it, the first time.
    pub fn tell(&mut self, refusal: &Refusal) {
        let Some(tell) = &mut self.tell else { return };
        let key = (refusal.flag, refusal.what.clone());
        if self.told.len() < REFUSALS_TOLD && self.told.insert(key) {
            tell(refusal);
        }
    }
}

impl fmt::Debug for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusals").field("told", &self.told).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{REFUSALS_TOLD, Refusals};
    use std::sync::mpsc::channel;
    use wasi_poll_preview1::net_dir::Refusal;

    #[test]
    fn each_is_told_once_and_no_guest_can_make_it_many() {
        let (sender, told) = channel();
        let mut refusals = Refusals::to(move |refusal| sender.send(refusal.what.clone()).unwrap());
        for number in 0..2 * REFUSALS_TOLD {
            for _ in 0..2 {
                refusals.tell(&Refusal { flag: "--allow-dns", what: format!("name-{number}") });
            }
        }
        drop(refusals);
        let expected: Vec<String> = (0..REFUSALS_TOLD).map(|number| format!("name-{number}")).collect();
        assert_eq!(told.iter().collect::<Vec<_>>(), expected);
    }
}
