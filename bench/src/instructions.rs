//! Instructions in user mode, counted by valgrind's callgrind: on one machine and build the same in every run, however
//! busy the machine is. What the kernel does isn't in them.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::contender::Program;

/// Two runs that differ in so many turns alone: what starting and ending cost is in both.
const TURNS: [u32; 2] = [200, 1200];

/// Whether valgrind is there.
pub fn can_be_counted() -> bool {
    Command::new(format!("valgrind{EXE_SUFFIX}")).arg("--version").output().is_ok()
}

/// Of one more message there and back, in a program that is its own client.
///
/// # Errors
/// When the program fails.
pub fn each_message(program: &Program, cache: &Path) -> Result<f64> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    // Compiling is more than a hundred times the rest, and is done anew for the processor that valgrind plays.
    total(program.command(any, cache).arg("1"))?;
    each(|turns| {
        let mut command = program.command(any, cache);
        command.arg(turns.to_string());
        command
    })
}

/// Of each call that `bench-host-calls` makes.
///
/// # Errors
/// When it fails.
pub fn host_calls(program: &Path) -> Result<Vec<(String, u64)>> {
    let calls = [
        ("read", "`fd_read`, 16 B"),
        ("write", "`fd_write`, 16 B"),
        ("poll", "`poll_oneoff` of 1 socket, nothing ready"),
        ("drained-read", "the same, and an `fd_read` that finds nothing"),
        ("poll-100", "`poll_oneoff` of 100 sockets, nothing ready"),
        ("poll-1000", "`poll_oneoff` of 1,000 sockets, nothing ready"),
        ("changed-poll-1000", "the same, one record changed"),
    ];
    let mut counted = Vec::new();
    for (call, title) in calls {
        let each = each(|turns| {
            let mut command = Command::new(program);
            command.arg(call).arg(turns.to_string());
            command
        })?;
        #[expect(clippy::cast_sign_loss, reason = "more calls are more instructions")]
        counted.push((title.to_owned(), each.round() as u64));
    }
    Ok(counted)
}

fn each(command: impl Fn(u32) -> Command) -> Result<f64> {
    let [few, many] = [total(&command(TURNS[0]))?, total(&command(TURNS[1]))?];
    Ok((many - few) / f64::from(TURNS[1] - TURNS[0]))
}

/// Runs a program to its end, and tells how many instructions it took.
fn total(program: &Command) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("callgrind.out");
    let mut out = OsString::from("--callgrind-out-file=");
    out.push(&file);
    let mut command = Command::new("valgrind");
    command
        .args(["--quiet", "--tool=callgrind"])
        .arg(out)
        .arg(program.get_program())
        .args(program.get_args());
    for (name, value) in program.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let output = command.stdin(Stdio::null()).output().context("start valgrind")?;
    let complaints = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {}\n{complaints}", output.status);
    let counted = std::fs::read_to_string(&file)?;
    let summary =
        counted.lines().find_map(|line| line.strip_prefix("summary:").or(line.strip_prefix("totals:")));
    Ok(summary.with_context(|| format!("a total from {command:?}"))?.trim().parse()?)
}
