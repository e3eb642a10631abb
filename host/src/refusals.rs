//! What a guest was refused for want of a grant, or by a limit, told to whoever runs it. What it may use is decided
//! elsewhere.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use wasi_poll_preview1::net_dir::Refusal;

/// A guest can ask for as many things as it likes; no more different ones are told.
pub const REFUSALS_TOLD: usize = 256;

type Tell = dyn FnMut(&Refusal) + Send;

/// Who is told, and what was. Clones tell the same one.
#[derive(Clone, Default)]
pub struct Refusals {
    told: Option<Arc<Mutex<Told>>>,
}

struct Told {
    tell: Box<Tell>,
    told: HashSet<(&'static str, String)>,
}

impl Refusals {
    pub fn to(tell: impl FnMut(&Refusal) + Send + 'static) -> Refusals {
        Refusals { told: Some(Arc::new(Mutex::new(Told { tell: Box::new(tell), told: HashSet::new() }))) }
    }

    /// Tells of it, the first time.
    pub fn tell(&self, refusal: &Refusal) {
        let Some(told) = &self.told else { return };
        let Told { tell, told } = &mut *told.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (refusal.flag, refusal.what.clone());
        if told.len() < REFUSALS_TOLD && told.insert(key) {
            tell(refusal);
        }
    }
}

impl fmt::Debug for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusals").finish_non_exhaustive()
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
        let refusals = Refusals::to(move |refusal| sender.send(refusal.what.clone()).unwrap());
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
