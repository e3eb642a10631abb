//! A server's process while it is measured: whether it serves, what CPU time and memory it has used.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::contender::Program;
use crate::cores::Cores;

/// How long a server may take until it serves: the compiler's time included.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How often a server that doesn't listen yet is asked again.
const RETRY: Duration = Duration::from_micros(200);

/// Where servers run, and where compiled guests are kept.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The server's core and the clients'.
    pub cores: &'a Cores,
    /// A folder.
    pub cache: &'a Path,
}

/// A server, killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of its process until the first client was accepted.
    pub start: Duration,
}

/// CPU time since the process began.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuTime {
    /// User and system.
    pub total: Duration,
    /// User alone; rounded to a tick of the system's.
    pub user: Duration,
}

impl Running {
    /// Starts a server, and waits until it has accepted a client and, with `greeting`, answered it.
    ///
    /// # Errors
    /// When it ends, or doesn't serve in time.
    pub fn start(program: &Program, setting: &Setting<'_>, greeting: &[u8]) -> Result<Running> {
        let mut attempts = 3;
        loop {
            attempts -= 1;
            match Running::attempt(program, setting, greeting, free_port()?) {
                // Somebody else may have taken the port between the question and the answer.
                Err(error) if attempts > 0 => eprintln!("bench: once more: {error:#}"),
                started => return started,
            }
        }
    }

    fn attempt(
        program: &Program,
        setting: &Setting<'_>,
        greeting: &[u8],
        address: SocketAddr,
    ) -> Result<Running> {
        let mut command = program.command(address, setting.cache);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let begun = Instant::now();
        setting.cores.before_the_server_starts();
        let child = command.spawn().with_context(|| format!("start {command:?}"));
        setting.cores.for_the_clients();
        let child = child?;
        let mut running = Running { child, address, start: Duration::ZERO };
        let mut stream = running.first_connection(begun).with_context(|| format!("{command:?}"))?;
        stream.set_read_timeout(Some(START_LIMIT))?;
        stream.write_all(greeting)?;
        let mut answer = vec![0; greeting.len().min(1)];
        stream
            .read_exact(&mut answer)
            .with_context(|| format!("no answer to a first message: {command:?}"))?;
        running.start = begun.elapsed();
        Ok(running)
    }

    fn first_connection(&mut self, begun: Instant) -> Result<TcpStream> {
        while begun.elapsed() < START_LIMIT {
            match TcpStream::connect(self.address) {
                Ok(stream) => return Ok(stream),
                Err(_) => thread::sleep(RETRY),
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended before it served: {status}");
            }
        }
        bail!("nobody listens on {} after {START_LIMIT:?}", self.address)
    }

    /// The CPU time of all its threads.
    ///
    /// # Errors
    /// When it has ended, or the system has no `/proc`.
    pub fn cpu_time(&self) -> Result<CpuTime> {
        let folder = format!("/proc/{}", self.child.id());
        let stat =
            fs::read_to_string(format!("{folder}/stat")).context("a running server, and Linux's /proc")?;
        // Behind the name, which may contain anything: the 14th and 15th of all fields.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
        let ticks: Vec<u64> = fields.skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        let [user, system] = ticks[..] else { bail!("{folder}/stat has no CPU times") };
        let second = rustix::param::clock_ticks_per_second();
        let seconds = |ticks: u64| Duration::from_nanos(ticks * 1_000_000_000 / second);
        Ok(CpuTime { total: exact(&folder).unwrap_or(seconds(user + system)), user: seconds(user) })
    }

    /// Resident memory, in bytes.
    ///
    /// # Errors
    /// When it has ended, or the system has no `/proc`.
    pub fn resident_bytes(&self) -> Result<u64> {
        let path = format!("/proc/{}/smaps_rollup", self.child.id());
        let text = fs::read_to_string(&path).with_context(|| path.clone())?;
        let line = text.lines().find_map(|line| line.strip_prefix("Rss:")).context(path)?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where nobody listens now. A server can't always tell where it listens, so it is told. Not one of the ports that the
/// system hands out: whoever asks such a one again and again for its server may get that very port for itself, and
/// then talks to itself.
fn free_port() -> Result<SocketAddr> {
    const PORTS: std::ops::Range<u32> = 10_000..30_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(7919);
    for _ in PORTS {
        let place = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % (PORTS.end - PORTS.start);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, (PORTS.start + place) as u16));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("every port in {PORTS:?} is taken")
}

/// What the scheduler counted for each thread, in ns; systems without it have only ticks.
fn exact(folder: &str) -> Option<Duration> {
    let mut total_ns = 0;
    for thread in fs::read_dir(format!("{folder}/task")).ok()? {
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        total_ns += text.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(total_ns)).filter(|total| !total.is_zero())
}
