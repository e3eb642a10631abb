//! Ctrl-C and SIGTERM: they end the guest, and when that takes too long, this process.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::Duration;
use wasi_poll_host::Killer;

/// How long a guest may take to be gone. Only a system call that can't be woken takes longer, such as one on
/// a file of a dead server.
const PATIENCE: Duration = Duration::from_millis(200);

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

/// From now on, the signals pull `killer`.
pub fn end_with(killer: Killer) -> io::Result<Received> {
    let received = Received::default();
    let code = Arc::clone(&received.code);
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // What shells make of a signal.
            let told = 128 + u8::try_from(signal).unwrap_or(0);
            code.store(told, Ordering::SeqCst);
            killer.kill();
            thread::sleep(PATIENCE);
            std::process::exit(told.into());
        }
    })?;
    Ok(received)
}
