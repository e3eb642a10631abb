//! Whole modules on the host's engine, with limits and a deadline: no panic, no abort, no hang, nothing left open, and
//! what is told of them can be shown on a terminal.
#![no_main]

use arbitrary::{Result, Unstructured};
use libfuzzer_sys::{Corpus, fuzz_target};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use std::{fs, io, thread};
use wasi_poll_fuzz::{budget, guest};
use wasi_poll_host::{Grants, Killer, Limits, Module, Outcome, Runner, TraceFormat};
use wasi_poll_preview1::MemoryNetwork;

/// What a guest is given to come to an end, and what the host is given to end it after that.
const DEADLINE: Duration = Duration::from_millis(50);
const AT_ONCE: Duration = Duration::from_secs(5);
/// What running a guest takes of the heap; its own memory is not on it.
const HEAP_BYTES: usize = 64 * 1024 * 1024;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    match made_up(&mut Unstructured::new(bytes)) {
        Ok((module, settings)) => run(&module, settings),
        Err(_) => Corpus::Reject,
    }
});

fn made_up(u: &mut Unstructured<'_>) -> Result<(Vec<u8>, u8)> {
    let settings: u8 = u.arbitrary()?;
    Ok((if settings & 1 == 0 { guest::of_calls(u)? } else { guest::of_wasm_smith(u)? }, settings))
}

/// Descriptors this process has open.
fn open() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

fn run(module: &[u8], settings: u8) -> Corpus {
    let before = open();
    let corpus = run_to_its_end(module, settings);
    // The compiled module has been one of them, as the image its memory starts from.
    assert!(open() <= before, "{} descriptors are open, and were {before}", open());
    corpus
}

fn run_to_its_end(module: &[u8], settings: u8) -> Corpus {
    let module = match Module::from_bytes("guest.wasm", module) {
        Ok(module) => module,
        Err(error) => {
            is_printable(&error.to_string());
            return Corpus::Reject;
        }
    };
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("poll"), "a file").expect("room for a file");
    let killer = Killer::new();
    let network = MemoryNetwork::new().with_tick_ns(1_000).with_name("now.test", &[[10, 0, 0, 1].into()]);
    let limits = Limits {
        fds: 16,
        subscriptions: 64,
        iovecs: 16,
        memory_bytes: 4 * 65_536,
        table_elements: 1_000,
        ..Limits::default()
    };
    let mut runner = Runner::on_network(&module, network, killer.clone())
        .limits(limits)
        .listen(Some("web"), ([10, 0, 0, 1], 80).into())
        .and_then(|runner| runner.dir(folder.path(), "/files"))
        .expect("the address is free, and the folder is there")
        .arg("--argument")
        .env("NAME", "value")
        .stdin(&b"some lines\nof text\n"[..])
        .stdout(io::sink())
        .on_refusal(|refusal| is_printable(&refusal.to_string()));
    if settings & 2 == 0 {
        runner = runner.grants(Grants::all());
    }
    if settings & 4 == 0 {
        let format = if settings & 8 == 0 { TraceFormat::Text } else { TraceFormat::Json };
        runner = runner.trace(Printable, format);
    }
    let (ended, end) = channel::<()>();
    let deadline = thread::spawn(move || {
        if end.recv_timeout(DEADLINE) == Err(RecvTimeoutError::Timeout) {
            killer.kill();
        }
    });
    let started = Instant::now();
    budget::at_most(HEAP_BYTES, || match runner.run() {
        Ok(Outcome::Trapped { message, backtrace }) => {
            is_printable(&message);
            is_printable(&backtrace);
        }
        Err(error) => is_printable(&error.to_string()),
        Ok(_) => {}
    });
    assert!(started.elapsed() < DEADLINE + AT_ONCE, "it took {:?}", started.elapsed());
    drop(ended);
    deadline.join().expect("the deadline's thread");
    Corpus::Keep
}

fn is_printable(text: &str) {
    assert!(text.chars().all(|letter| letter == '\n' || !letter.is_control()), "{text:?}");
}

/// Where a trace is written that a terminal shows.
struct Printable;

impl io::Write for Printable {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        is_printable(str::from_utf8(bytes).expect("a trace is text"));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
