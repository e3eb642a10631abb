//! `run --live`: shows the guest while it runs, in a terminal or as a line a second. What is counted is
//! `wasi-poll-trace`'s.

use crate::say;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use wasi_poll_host::Runner;
use wasi_poll_trace::live::{Live, LiveTerminal};

/// Between two pictures.
const PICTURE: Duration = Duration::from_millis(500);
/// Between two lines.
const LINE: Duration = Duration::from_secs(1);

/// Whether there is a terminal to draw in.
pub fn is_drawn() -> bool {
    io::stdout().is_terminal()
}

/// Counts what the runner's guest does. Where that is drawn, what the guest writes is shown below, escaped: it would
/// write over the picture.
pub fn watched(runner: Runner, live: &Live, worker: Option<u16>) -> Runner {
    let live = worker.map_or(live.clone(), |worker| live.of_worker(&format!("worker {worker}")));
    let runner = runner.observe(live.clone());
    if is_drawn() { runner.stdout(Written(live.clone())).stderr(Written(live)) } else { runner }
}

/// What the guest writes, on its way to the screen.
struct Written(Live);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.wrote(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Shows it until dropped.
pub struct Shown {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Shown {
    /// Begins to show it.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn start(live: Live, name: String) -> io::Result<Shown> {
        let (stop, stopped) = channel::<()>();
        let mut screen = if is_drawn() { Some(LiveTerminal::enter()?) } else { None };
        let mut last = Instant::now();
        let thread = thread::Builder::new().name("live".to_owned()).spawn(move || {
            loop {
                let wait = if screen.is_some() { PICTURE } else { LINE };
                let ended = stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout);
                let sample = live.tick(last.elapsed());
                last = Instant::now();
                match &mut screen {
                    Some(screen) => {
                        // A terminal that is gone ends the program by a signal of its own.
                        let _ = screen.draw(&name, &sample);
                    }
                    None => say(format_args!("{sample}")),
                }
                if ended {
                    return;
                }
            }
        })?;
        Ok(Shown { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It only draws, and says so itself when it can't.
            let _ = thread.join();
        }
    }
}
