//! The echo example as a guest, on a system with no room and under clients that stall, break and stay away: every
//! byte that can be answered is, and nobody waits busily.

#![cfg(not(target_family = "wasm"))]

use std::io::{Read, Write};
use std::net::Shutdown;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use conformance::World;
use conformance::example::{self, Example};
use conformance::usage::Usage;

const COMPLAINT: &str = "cannot accept until a client leaves";
const SECOND: Duration = Duration::from_secs(1);
/// What a guest that waits may use up of a second: a wait that is none uses all of it.
const IDLE: Duration = Duration::from_millis(100);

/// The echo example, with a flag of the host's, behind a shell that sets limits.
fn server(limits: &str, flag: Option<&str>) -> Result<Example> {
    let echo = example::command("echo", World::Wasip1)?;
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{limits} exec \"$0\" \"$@\"")).arg(echo.get_program());
    let mut arguments = echo.get_args();
    command.args(arguments.next()).args(flag).args(arguments);
    Example::start(&mut command)
}

/// Connects more clients than there is room for, sees the rest wait, and every one be served.
fn serves_in_the_end(server: &Example, complaints: usize) -> Result<()> {
    let usage = Usage::of(server.running.id())?;
    let mut clients = (0..60).map(|_| server.connect()).collect::<Result<Vec<_>>>()?;
    let start = Instant::now();
    while !server.running.complaints().contains(COMPLAINT) {
        ensure!(start.elapsed() < Duration::from_secs(10), "60 clients found room");
    }
    let cpu = usage.cpu_in(SECOND)?;
    ensure!(cpu < IDLE, "{cpu:?} in a second without a free file");
    let told = server.running.complaints().matches(COMPLAINT).count();
    ensure!(told <= complaints, "it tried to accept {told} times");
    // They were accepted in turn, and who leaves makes room for one that waits.
    for (number, mut client) in clients.drain(..).enumerate() {
        example::echo(&mut client, format!("client {number}").as_bytes())?;
    }
    example::echo(&mut server.connect()?, b"and one more")
}

#[test]
fn past_the_systems_limit_of_files_clients_wait_and_every_one_is_served() -> Result<()> {
    serves_in_the_end(&server("ulimit -n 40;", None)?, 5)
}

#[test]
fn past_the_guests_limit_of_fds_clients_wait_and_every_one_is_served() -> Result<()> {
    serves_in_the_end(&server("", Some("--max-fds=24"))?, 1)
}

#[test]
fn connections_reset_before_they_are_accepted_disturb_no_other() -> Result<()> {
    let server = server("", None)?;
    let usage = Usage::of(server.running.id())?;
    let mut before = server.connect()?;
    example::echo(&mut before, b"before")?;
    let signal = |signal: &str| -> Result<()> {
        let sent = Command::new("kill").args([signal, &server.running.id().to_string()]).status()?;
        ensure!(sent.success(), "kill {signal}");
        Ok(())
    };
    signal("-STOP")?;
    usage.wait_until_stopped()?;
    let mut broken = (0..40).map(|_| server.connect()).collect::<Result<Vec<_>>>()?;
    for client in &mut broken[20..] {
        client.write_all(b"never answered")?;
    }
    let mut good = server.connect()?;
    broken.drain(..).try_for_each(example::reset)?;
    signal("-CONT")?;
    example::echo(&mut good, b"good")?;
    example::echo(&mut before, b"still there")?;
    let cpu = usage.cpu_in(SECOND)?;
    ensure!(cpu < IDLE, "{cpu:?} in a second of silence");
    Ok(())
}

#[test]
fn clients_that_stall_cost_nothing_and_lose_nothing() -> Result<()> {
    const BYTES: usize = 256 * 1024;
    let server = server("", None)?;
    let usage = Usage::of(server.running.id())?;
    let silent = (0..10).map(|_| server.connect()).collect::<Result<Vec<_>>>()?;
    let message: Vec<u8> = (0..BYTES).map(|place| (place % 251) as u8).collect();
    let mut stalled = (0..10).map(|_| server.connect()).collect::<Result<Vec<_>>>()?;
    for (number, client) in stalled.iter_mut().enumerate() {
        // What fits into the buffers of both ends, whoever reads.
        client.write_all(&message)?;
        if number % 2 == 0 {
            client.shutdown(Shutdown::Write)?;
        }
    }
    let mut other = server.connect()?;
    example::echo(&mut other, b"and you?")?;
    settle(&usage)?;
    let cpu = usage.cpu_in(SECOND)?;
    ensure!(cpu < IDLE, "{cpu:?} in a second of stalls");
    drop(silent);
    for (number, client) in stalled.iter_mut().enumerate() {
        let mut answer = vec![0; BYTES];
        client.read_exact(&mut answer)?;
        ensure!(answer == message, "client {number} got something else");
        if number % 2 == 0 {
            ensure!(client.read(&mut [0])? == 0, "client {number} got more");
        }
    }
    example::echo(&mut other, b"still there")
}

/// Waits until the process has little to do.
fn settle(usage: &Usage) -> Result<()> {
    for _ in 0..100 {
        if usage.cpu_in(SECOND / 20)? < IDLE / 20 {
            return Ok(());
        }
    }
    bail!("it is never done")
}
