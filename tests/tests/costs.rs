//! What the poll loop costs: how often it turns when nothing happens, and how many system calls a message takes.

#![cfg(not(target_family = "wasm"))]

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use conformance::example::{self, Example};
use conformance::{World, polls, skip, strace};

/// Row 7, for a whole server: the echo registers every client for both directions.
#[test]
fn an_idle_server_makes_at_most_two_polls_in_a_second() -> Result<()> {
    let mut host = Command::new(conformance::build::host());
    host.args(["run", "--listen", "127.0.0.1:0"]);
    let guest = conformance::build::guest("guest-examples", "echo")?;
    polls::at_most_two_in_an_idle_second(host, &[guest.as_os_str(), "127.0.0.1:0".as_ref()])
}

/// The cached readiness saves at least as many as the host adds.
#[test]
fn a_message_costs_a_guest_no_more_system_calls_than_the_same_program_native() -> Result<()> {
    if !strace::works() {
        let name = "a_message_costs_a_guest_no_more_system_calls_than_the_same_program_native";
        skip::test(name, strace::MISSING)?;
        return Ok(());
    }
    let native = system_calls_a_message(World::Native)?;
    let guest = system_calls_a_message(World::Wasip1)?;
    eprintln!("system calls a message: {native:.2} natively, {guest:.2} as a guest");
    // A tenth of a call for the host's other threads.
    ensure!(guest <= native + 0.1, "{guest:.2} as a guest, {native:.2} natively");
    Ok(())
}

/// What each further message adds: what starting and ending cost is in both counts.
fn system_calls_a_message(world: World) -> Result<f64> {
    const MESSAGES: u32 = 1000;
    // The first start of a guest also compiles it, which later ones find done.
    system_calls(world, 1)?;
    let (some, more) = (system_calls(world, MESSAGES)?, system_calls(world, 2 * MESSAGES)?);
    Ok((f64::from(more) - f64::from(some)) / f64::from(MESSAGES))
}

fn system_calls(world: World, messages: u32) -> Result<u32> {
    let mut echo = example::command("echo", world)?;
    let summary = tempfile::NamedTempFile::new()?;
    let mut server = Example::start(&mut strace::start(&["-f", "-c"], summary.path(), &mut echo))?;
    let mut client = server.connect()?;
    for _ in 0..messages {
        example::echo(&mut client, &[b'm'; 100])?;
    }
    end_traced(server.running.id())?;
    // strace ends as the program did, by a signal: that is no failure.
    let _ = server.running.wait();

    let text = fs::read_to_string(summary.path())?;
    total(&text).with_context(|| format!("strace's summary: {text}"))
}

/// strace writes its summary when the program it runs has ended.
fn end_traced(strace: u32) -> Result<()> {
    let children = fs::read_to_string(format!("/proc/{strace}/task/{strace}/children"))?;
    for child in children.split_whitespace() {
        ensure!(Command::new("kill").args(["-KILL", child]).status()?.success(), "kill {child}");
    }
    Ok(())
}

/// The number of calls in the summary's last line: `100.00 0.000000 0 29 1 total`.
fn total(summary: &str) -> Option<u32> {
    summary.lines().last()?.split_whitespace().nth(3)?.parse().ok()
}
