//! The signals this process gets. Ctrl-C and SIGTERM end the guest, at once or after a grace; a file that may not grow is
//! an error of the write alone. What becomes of a guest that can't be ended is not decided here.

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::Builder;
use std::time::Duration;
use wasi_poll_host::Killer;

/// Which signal came, if one did.
#[derive(Clone, Debug, Default)]
pub struct Received {
    code: Arc<AtomicU8>,
}

impl Received {
    /// The exit code that tells of it.
    pub fn exit_code(&self) -> Option<u8> {
        Some(self.code.load(Ordering::SeqCst)).filter(|code| *code != 0)
    }
}

/// From now on, a write past the limit of a file's size (`ulimit -f`) fails with `EFBIG`. Without this it ends the
/// process, and a guest with a directory could do that to its host.
pub fn fail_past_file_sizes() -> io::Result<()> {
    // Whoever catches the signal, and does nothing, has ignored it.
    flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    Ok(())
}

/// From now on, the signals pull `killer`; with a grace, the first SIGTERM asks to finish, and pulls it when the grace
/// is over.
pub fn end_with(killer: Killer, grace: Option<Duration>) -> io::Result<Received> {
    let received = Received::default();
    let code = Arc::clone(&received.code);
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            // What shells make of a signal.
            code.store(128 + u8::try_from(signal).unwrap_or(0), Ordering::SeqCst);
            match grace {
                Some(grace) if signal == SIGTERM && !killer.is_finishing() => {
                    killer.finish();
                    let killer = killer.clone();
                    let waiting = Builder::new().name("grace".to_owned()).spawn({
                        let killer = killer.clone();
                        move || {
                            std::thread::sleep(grace);
                            killer.kill();
                        }
                    });
                    if waiting.is_err() {
                        killer.kill();
                    }
                }
                _ => killer.kill(),
            }
        }
    })?;
    Ok(received)
}
