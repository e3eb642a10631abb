//! One work done to one server once. The order of rounds, and what becomes of the figures, is not decided here.

#![expect(clippy::cast_precision_loss, reason = "counts of connections, and of requests in seconds")]

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::contender::Program;
use crate::instructions;
use crate::load::{self, Echo, Idle, wrk};
use crate::running::{CpuTime, Running, Setting};
use crate::work::{Figure, Kind};

/// What one round told.
pub type Figures = Vec<(Figure, f64)>;

/// How long everything takes.
#[derive(Clone, Copy, Debug)]
pub struct Spans {
    /// Before anything is counted.
    pub warm_up: Duration,
    /// While it is counted.
    pub measured: Duration,
    /// The idle connections: a server that takes longer is measured beside those it has by then.
    pub connecting: Duration,
}

/// Starts the server, does the work, and ends it.
///
/// # Errors
/// When the server or a connection fails.
pub fn measure(kind: Kind, program: &Program, setting: &Setting<'_>, spans: Spans) -> Result<Figures> {
    match kind {
        Kind::Echo { busy, idle, message_bytes } => {
            let server = Running::start(program, setting, b"?")?;
            let idle = Idle::connect(server.address, idle, spans.connecting)?;
            let mut clients = Echo::connect(server.address, busy, message_bytes, spans.connecting)?;
            clients.run(spans.warm_up)?;
            let (before, begun) = (server.cpu_time()?, Instant::now());
            let answered = clients.run(spans.measured)?;
            let (elapsed, after) = (begun.elapsed(), server.cpu_time()?);
            let mut figures = rates(answered, elapsed, before, after)?;
            figures.push((Figure::Idle, idle.len() as f64));
            Ok(figures)
        }
        Kind::Churn => {
            let server = Running::start(program, setting, b"?")?;
            let (mut before, mut begun) = (CpuTime::default(), Instant::now());
            let answered = load::churn(server.address, spans.warm_up, spans.measured, || {
                (before, begun) = (server.cpu_time()?, Instant::now());
                Ok(())
            })?;
            rates(answered, begun.elapsed(), before, server.cpu_time()?)
        }
        Kind::Http => {
            let server = Running::start(program, setting, b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n")?;
            let before = server.cpu_time()?;
            let (answered, elapsed) = wrk::run(server.address, spans.measured)?;
            rates(answered, elapsed, before, server.cpu_time()?)
        }
        Kind::Polls { idle } => {
            let server = Running::start(program, setting, b"")?;
            // The connection that asks is one of them.
            let idle = Idle::connect(server.address, idle - 1, spans.connecting)?;
            let answer = load::ask(server.address, spans.connecting)?;
            let numbers: Vec<f64> = answer.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
            let [poll_ns, register_ns] = numbers[..] else { bail!("two numbers, not {answer:?}") };
            let idle = (Figure::Idle, idle.len() as f64 + 1.0);
            Ok(vec![(Figure::PollNs, poll_ns), (Figure::RegisterNs, register_ns), idle])
        }
        Kind::Memory { idle } => {
            let server = Running::start(program, setting, b"?")?;
            let before = server.resident_bytes()?;
            let idle = Idle::connect(server.address, idle, spans.connecting)?;
            ensure!(idle.len() > 0, "not one connection in {:?}", spans.connecting);
            // One that is answered came after all of them.
            Echo::connect(server.address, 1, 1, spans.connecting)?;
            let grown = server.resident_bytes()?.saturating_sub(before);
            let each = grown as f64 / idle.len() as f64;
            Ok(vec![(Figure::BytesEach, each), (Figure::Idle, idle.len() as f64)])
        }
        Kind::Instructions => {
            let each = instructions::each_message(program, setting.cache)?;
            Ok(vec![(Figure::Instructions, each)])
        }
        Kind::Start => {
            let empty = tempfile::tempdir()?;
            let setting = Setting { cache: empty.path(), ..*setting };
            let milliseconds = |server: &Running| server.start.as_secs_f64() * 1e3;
            let mut figures = vec![(Figure::ColdMs, milliseconds(&Running::start(program, &setting, b"?")?))];
            if program.has_cache {
                figures.push((Figure::CachedMs, milliseconds(&Running::start(program, &setting, b"?")?)));
            }
            Ok(figures)
        }
    }
}

fn rates(count: u64, elapsed: Duration, before: CpuTime, after: CpuTime) -> Result<Figures> {
    ensure!(count > 0, "nothing was answered in {elapsed:?}");
    let each_us = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
    Ok(vec![
        (Figure::PerSecond, count as f64 / elapsed.as_secs_f64()),
        (Figure::CpuUs, each_us(after.total.saturating_sub(before.total))),
        (Figure::UserUs, each_us(after.user.saturating_sub(before.user))),
    ])
}
