//! The engine's epoch, by which a guest is ended that makes no host call: when it moves, and what a guest does then. Why
//! a guest is ended is `kill.rs`'s.

use crate::Killer;
use crate::kill::Cause;
use crate::watchdog::CpuMeter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{Builder, sleep};
use std::time::Duration;
use wasi_poll_preview1::Stop;
use wasmtime::{Engine, Error, Result, Store, UpdateDeadline};

/// How long a guest is waited for that may have missed its kill: at first, and at most.
const AGAIN: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(100));

/// Lets a busy guest be ended: each time the epoch moves, it asks its switch and its meter, and its switch moves the
/// epoch.
pub fn interrupt_with<T: 'static>(store: &mut Store<T>, killer: &Killer, meter: Option<CpuMeter>) {
    let guest = Arc::default();
    let (engine, known) = (store.engine().clone(), Arc::downgrade(&guest));
    let mut looks = looks(guest, killer, meter);
    store.epoch_deadline_callback(move |_| looks());
    store.set_epoch_deadline(1);
    killer.on_kill(move || interrupt(&engine, &known));
}

/// A guest of which its switch knows whether it is still there, and whether it has looked, and went on.
#[derive(Debug, Default)]
struct Looked(AtomicBool);

/// What a guest does when the epoch has moved.
fn looks(
    guest: Arc<Looked>,
    killer: &Killer,
    meter: Option<CpuMeter>,
) -> impl FnMut() -> Result<UpdateDeadline> + Send + Sync + 'static {
    let killer = killer.clone();
    move || {
        if meter.as_ref().is_some_and(CpuMeter::is_over) {
            killer.end(Cause::OutOfCpuTime);
        }
        // Before the switch is asked: whoever pulls it then knows that the answer may be an old one.
        guest.0.store(true, Ordering::SeqCst);
        // The epoch is the whole process's: most often it moved for another guest.
        if killer.is_killed() { Err(Error::new(Stop::Killed)) } else { Ok(UpdateDeadline::Continue(1)) }
    }
}

/// Makes a guest look whose switch was pulled just now. The next epoch at which it looks is set by the engine, when it has
/// looked: an epoch that moves in between is none to it. So who has looked before, and may be about to go on, is made
/// to look again until it is gone.
fn interrupt(engine: &Engine, guest: &Weak<Looked>) {
    engine.increment_epoch();
    if guest.upgrade().is_some_and(|guest| guest.0.swap(false, Ordering::SeqCst)) {
        let (engine, guest) = (engine.clone(), guest.clone());
        let again = move || {
            let (mut pause, longest) = AGAIN;
            while guest.strong_count() > 0 {
                sleep(pause);
                engine.increment_epoch();
                pause = longest.min(2 * pause);
            }
        };
        // Without a thread, most often the first time did.
        drop(Builder::new().name("kill".to_owned()).spawn(again));
    }
}

#[cfg(test)]
mod tests {
    use super::{interrupt, looks};
    use crate::{Killer, Module};
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::time::Duration;
    use wasi_poll_preview1::Stop;
    use wasmtime::{Engine, Instance, Store};

    const BUSY: &str = "(module (memory (export \"memory\") 1) (func (export \"_start\") (loop (br 0))))";

    fn engine() -> Engine {
        super::super::engine(Module::STACK_BYTES)
    }

    #[test]
    fn a_kill_between_a_look_and_the_next_deadline_is_not_lost() {
        let (killer, guest) = (Killer::new(), Arc::default());
        let (known, of_kill) = (Arc::downgrade(&guest), engine());
        killer.on_kill(move || interrupt(&of_kill, &known));
        let (ended, end) = channel();
        let (pulled, mut look) = (killer.clone(), looks(guest, &killer, None));
        std::thread::spawn(move || {
            let engine = engine();
            let mut store = Store::new(&engine, ());
            store.epoch_deadline_callback(move |_| {
                let answer = look();
                // Now it has been asked, and its next deadline isn't set.
                pulled.kill();
                answer
            });
            store.set_epoch_deadline(1);
            let module = wasmtime::Module::new(&engine, BUSY).unwrap();
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let start = instance.get_typed_func::<(), ()>(&mut store, "_start").unwrap();
            ended.send(start.call(&mut store, ())).unwrap();
        });
        // Somebody else's.
        let mut outcome = end.recv_timeout(Duration::from_millis(10));
        while !killer.is_killed() {
            engine().increment_epoch();
            outcome = end.recv_timeout(Duration::from_millis(10));
        }
        let outcome = outcome.or_else(|_| end.recv_timeout(Duration::from_secs(20)));
        let error = outcome.expect("the guest has missed its kill").unwrap_err();
        assert!(error.is::<Stop>(), "{error:#}");
    }
}
