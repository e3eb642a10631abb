//! The server of a soak: the echo example as a guest of the host, and what it is to be when the soak is over, as it was
//! before: no file more, little more memory, no work.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{Count, Soak};
use crate::World;
use crate::example::{self, Example};
use crate::usage::Usage;

/// What an idle server may run in a second.
const IDLE: Duration = Duration::from_millis(20);
/// Of the connections, one in so many comes before the server is measured: until then it takes what it then keeps.
const WARM_UP: u64 = 10;
/// By how much more memory it may have after the rest. One kept byte for each of 200,000 connections is 0.2 MB.
const GROWTH_BYTES: u64 = 8 << 20;

/// How a soak went.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// What the clients did.
    pub count: Count,
    /// How long they took.
    pub took: Duration,
    /// How long the host ran meanwhile.
    pub cpu: Duration,
    /// Its files, before and after.
    pub open_files: [usize; 2],
    /// Its memory: before the first connection, after those that warm up, and after the last.
    pub resident_bytes: [u64; 3],
    /// How long it ran in one second after.
    pub idle_cpu: Duration,
}

/// Starts the server, and opens `connections`, never more than `at_once` together.
///
/// # Errors
/// When a byte is lost or wrong, or the server isn't as it was.
pub fn run(connections: u64, at_once: usize, seed: u64) -> Result<Report> {
    let server = Example::start(&mut example::command("echo", World::Wasip1)?)?;
    let usage = Usage::of(server.running.id())?;
    let (files, memory) = (usage.open_files()?, usage.resident_bytes()?);
    let (began, cpu) = (Instant::now(), usage.cpu()?);

    let mut soak = Soak::new(server.address, seed)?;
    let first = connections / WARM_UP;
    soak.run(first, at_once)?;
    settle(&usage, files)?;
    let warm = usage.resident_bytes()?;
    soak.run(connections - first, at_once)?;
    let (took, cpu) = (began.elapsed(), usage.cpu()?.saturating_sub(cpu));

    settle(&usage, files)?;
    let idle_cpu = usage.cpu_in(Duration::from_secs(1))?;
    let report = Report {
        count: soak.count(),
        took,
        cpu,
        open_files: [files, usage.open_files()?],
        resident_bytes: [memory, warm, usage.resident_bytes()?],
        idle_cpu,
    };
    let Count { sent_bytes, received_bytes, .. } = report.count;
    ensure!(report.count.connections == connections, "not every connection ended\n{report}");
    ensure!(sent_bytes == received_bytes, "{received_bytes} of {sent_bytes} bytes came back\n{report}");
    ensure!(idle_cpu < IDLE, "it ran for {idle_cpu:?} in an idle second\n{report}");
    let [_, warm, last] = report.resident_bytes;
    ensure!(last < warm + GROWTH_BYTES, "its memory grew\n{report}");
    example::echo(&mut server.connect()?, b"still there")?;
    Ok(report)
}

/// Waits until it has closed what its clients have closed.
fn settle(usage: &Usage, files: usize) -> Result<()> {
    let start = Instant::now();
    while usage.open_files()? != files {
        ensure!(
            start.elapsed() < Duration::from_secs(10),
            "it has {} files open, and had {files}",
            usage.open_files()?
        );
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Count { connections, half_closed, reset, abandoned, stalled, sent_bytes, received_bytes } =
            self.count;
        let milliseconds = self.took.as_millis().max(1);
        let each_second = |count: u64| u128::from(count) * 1000 / milliseconds;
        writeln!(
            f,
            "connections   {connections} in {:.1?}, {} a second",
            self.took,
            each_second(connections)
        )?;
        writeln!(
            f,
            "of them       {half_closed} half-closed, {reset} reset, {abandoned} abandoned, {stalled} stalled"
        )?;
        writeln!(
            f,
            "bytes         {sent_bytes} sent and {received_bytes} received by those that did not break off ({} MB/s)",
            each_second(sent_bytes) / 1_000_000
        )?;
        let [before, after] = self.open_files;
        writeln!(f, "host's files  {before} before, {after} after")?;
        let [first, warm, last] = self.resident_bytes.map(|bytes| bytes / 1024);
        writeln!(f, "its memory    {first} KiB before, {warm} KiB after a tenth, {last} KiB after")?;
        write!(f, "its CPU time  {:.1?}, and {:.1?} in an idle second after", self.cpu, self.idle_cpu)
    }
}
