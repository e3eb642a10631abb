//! stdin, stdout and stderr as sources: the cases that need a process of their own, natively and as a guest of the
//! host's binary.

#![cfg(not(target_family = "wasm"))]

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use conformance::process::Process;
use conformance::{Case, World, example};

/// Each case's other half has its name.
macro_rules! tests {
    (
        everywhere { $($everywhere:tt)* }
        in_guests { $($guests:tt)* }
        natively { $($native:tt)* }
        in_processes { $($file:ident { $($case:ident)* })* }
    ) => {
        mod native {
            $($(
                #[test]
                fn $case() -> anyhow::Result<()> {
                    super::$case(&super::start(stringify!($case), conformance::World::Native))
                }
            )*)*
        }
        mod wasip1 {
            $($(
                #[test]
                fn $case() -> anyhow::Result<()> {
                    super::$case(&super::start(stringify!($case), conformance::World::Wasip1))
                }
            )*)*
        }
    };
}

conformance::for_each_case!(tests);

/// Starts a case's guest half on these two.
type Start = dyn Fn(Stdio, Stdio) -> Result<Process>;

fn start(name: &'static str, world: World) -> impl Fn(Stdio, Stdio) -> Result<Process> {
    move |stdin, stdout| {
        let case: Case = conformance::cases::by_name(name).context("the case is listed")?;
        Process::start(name, &case, world, stdin, stdout)
    }
}

fn a_pipe_at_stdin_is_readable_when_it_has_bytes(start: &Start) -> Result<()> {
    let mut process = start(Stdio::piped(), Stdio::piped())?;
    for word in ["one", "two", "three"] {
        process.hear("write")?;
        process.stdin()?.write_all(word.as_bytes())?;
    }
    process.hear("close")?;
    drop(process.stdin.take());
    process.hear("done")?;
    process.ends_well()?;
    Ok(())
}

fn a_pipe_at_stdout_is_writable_while_it_has_room(start: &Start) -> Result<()> {
    let mut process = start(Stdio::null(), Stdio::piped())?;
    let written: usize = process.hear_on_stderr("full ")?.parse()?;
    ensure!(written > 0, "a pipe has room");
    let printed = process.ends_well()?;
    let (bytes, end) = printed.split_at(written);
    ensure!(bytes.iter().all(|byte| *byte == b'x') && end == b"the end", "{} bytes", printed.len());
    Ok(())
}

fn stderr_is_polled_as_stdout_is(start: &Start) -> Result<()> {
    let mut process = start(Stdio::null(), Stdio::piped())?;
    process.hear("done")?;
    process.ends_well()?;
    Ok(())
}

fn a_file_at_stdin_or_stdout_is_always_ready(start: &Start) -> Result<()> {
    let (mut stdin, mut stdout) = (tempfile::tempfile()?, tempfile::tempfile()?);
    stdin.write_all(b"twelve bytes")?;
    stdin.seek(SeekFrom::Start(0))?;
    let process = start(stdin.into(), File::try_clone(&stdout)?.into())?;
    process.ends_well()?;
    let mut printed = String::new();
    stdout.seek(SeekFrom::Start(0))?;
    stdout.read_to_string(&mut printed)?;
    ensure!(printed.is_empty() || printed == "12\n0\n0\n", "{printed:?}");
    Ok(())
}

fn stdin_and_a_listener_are_polled_together(start: &Start) -> Result<()> {
    let mut process = start(Stdio::piped(), Stdio::piped())?;
    let address = process.hear("listening on ")?.parse()?;
    for _ in 0..2 {
        process.hear("connect")?;
        drop(example::connect(address)?);
        process.hear("write")?;
        process.stdin()?.write_all(b"!")?;
    }
    process.hear("done")?;
    process.ends_well()?;
    Ok(())
}
