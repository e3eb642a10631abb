//! The signals this process gets. Ctrl-C and SIGTERM end the guest, and when that takes too long, this process; a
//! file that may not grow is an error of the write alone.

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
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

/// From now on, a write past the limit of a file's size (`ulimit -f`) fails with `EFBIG`. Without this it ends the
/// process, and a guest with a directory could do that to its host.
pub fn fail_past_file_sizes() -> io::Result<()> {
    // Whoever catches the signal, and does nothing, has ignored it.
    flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    Ok(())
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
