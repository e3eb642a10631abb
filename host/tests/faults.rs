//! A system that fails under the program: no room for files, full disks, signals, and nobody who listens to it.

mod guest;
mod program;

use guest::{clock_subscription, read_subscription, text};
use program::{Program, start};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The program behind a shell that first sets a limit of its own, as `ulimit` takes it.
fn limited(program: &Program, limit: &str) -> Command {
    let run = program.command();
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit {limit}; exec \"$0\" \"$@\"")).arg(run.get_program());
    command.args(run.get_args());
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[track_caller]
fn exits(output: &Output, code: i32) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{}: {stderr}", output.status);
}

/// Opens `name` below the directory at fd 3 for writing, at fd 4, and writes 64 KiB to it until that fails: exits with
/// the errno. Of what was written, the number of whole kibibytes stands at 512.
fn writer(name: &str) -> String {
    let length = name.len();
    text(
        &format!("(data (i32.const 256) \"{name}\")"),
        &format!(
            "(call $must
                (call $path_open (i32.const 3) (i32.const 0) (i32.const 256) (i32.const {length}) (i32.const 1)
                    (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 32))
                (i32.const 1))
             (call $iovec (i32.const 1024) (i32.const 65536))
             (loop $again
                (local.set $n (call $fd_write (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 8)))
                (br_if $again (i32.eqz (local.get $n))))
             (call $must (call $fd_close (i32.const 4)) (i32.const 2))
             (call $proc_exit (local.get $n))"
        ),
    )
}

#[test]
fn a_full_disk_is_the_guests_enospc() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let program = Program::new();
    let guest = program.file("guest.wasm", writer("full"));
    let output = program.command().arg("--dir=/dev").arg(guest).output().unwrap();
    exits(&output, 51);
}

#[test]
fn a_file_that_may_grow_no_more_is_efbig_and_no_signal() {
    let program = Program::new();
    let guest = program.file("guest.wasm", writer("file"));
    let folder = tempfile::TempDir::new().unwrap();
    // In blocks of 512 bytes or of 1,024, as the shell has it.
    let output = limited(&program, "-f 128").arg("--dir").arg(folder.path()).arg(guest).output().unwrap();
    exits(&output, 22);
    let written = fs::metadata(folder.path().join("file")).unwrap().len();
    assert!(written == 128 * 512 || written == 128 * 1_024, "{written} bytes");
}

#[test]
fn files_past_the_systems_limit_are_emfile_and_the_guest_goes_on() {
    let items = "(data (i32.const 256) \"a.txt\")
        (func $open (result i32)
            (call $path_open (i32.const 3) (i32.const 0) (i32.const 256) (i32.const 5) (i32.const 1) (i64.const 66)
                (i64.const 0) (i32.const 0) (i32.const 32)))";
    let body = "
        (loop $again
            (local.set $n (call $open))
            (if (i32.eqz (local.get $n)) (then (local.set $fd (i32.load (i32.const 32))) (br $again))))
        (call $is (call $open) (local.get $n) (i32.const 100))
        (call $must (call $fd_close (local.get $fd)) (i32.const 101))
        (call $must (call $open) (i32.const 102))
        (call $is (i32.load (i32.const 32)) (local.get $fd) (i32.const 103))
        (call $proc_exit (local.get $n))";
    let program = Program::new();
    let guest = program.file("guest.wasm", text(items, body));
    let folder = tempfile::TempDir::new().unwrap();
    let output = limited(&program, "-n 40").arg("--dir").arg(folder.path()).arg(guest).output().unwrap();
    exits(&output, 33);
}

#[test]
fn a_stdout_on_a_full_disk_is_the_guests_enospc() {
    let Ok(full) = File::options().write(true).open("/dev/full") else { return };
    let body = "(call $iovec (i32.const 16) (i32.const 6))
        (call $proc_exit (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))";
    let program = Program::new();
    let output = program.command().arg(program.guest(body)).stdout(full).output().unwrap();
    exits(&output, 51);
}

#[test]
fn a_closed_stdout_or_stderr_keeps_nothing_from_running() {
    let body = "(drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
        (call $proc_exit (i32.const 7))";
    let program = Program::new();
    // A full disk takes no word either.
    let full = if Path::new("/dev/full").exists() { ">/dev/full 2>/dev/full" } else { ">&-" };
    for redirection in [">&-", "2>&-", "<&- >&- 2>&-", full] {
        // Line by line the host tells where it listens, which nobody hears either.
        let status = Command::new("sh")
            .arg("-c")
            .arg(format!("exec \"$0\" run --listen 127.0.0.1:0 \"$1\" {redirection}"))
            .arg(env!("CARGO_BIN_EXE_wasi-poll"))
            .arg(program.guest(body))
            .env("WASI_POLL_CACHE", program.folder.path().join("cache"))
            .stdin(Stdio::null())
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(7), "{redirection}");
    }
}

#[test]
fn with_however_few_files_it_runs_or_says_what_it_cannot_do() {
    let program = Program::new();
    let guest = program.guest("");
    let mut runs = false;
    // With 3, no shared library can be loaded.
    for files in 4..=24 {
        let output = limited(&program, &format!("-n {files}"))
            .arg("--listen=127.0.0.1:0")
            .arg(&guest)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let says = stderr.lines().any(|line| line.starts_with("wasi-poll: cannot "));
        runs |= output.status.success();
        assert!(output.status.success() || output.status.code() == Some(2) && says, "with {files}: {stderr}");
    }
    assert!(runs, "it never ran");
}

/// Stops a process, and lets it go on: by that its wait is interrupted.
fn interrupt(child: &Child) {
    let id = Pid::from_child(child);
    kill_process(id, Signal::STOP).unwrap();
    while !waitpid(Some(id), WaitOptions::UNTRACED).unwrap().is_some_and(|(_, status)| status.stopped()) {}
    kill_process(id, Signal::CONT).unwrap();
}

#[test]
fn an_interrupted_wait_neither_ends_early_nor_fails() {
    const TIMEOUT: Duration = Duration::from_millis(300);
    let timeout_ns = TIMEOUT.as_nanos() as u64;
    let items =
        format!("(data (i32.const 64) \"{}{}\")", clock_subscription(1, timeout_ns), read_subscription(2, 0));
    let body = "(call $say (i32.const 16) (i32.const 6))
        (call $must (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 2) (i32.const 8)) (i32.const 1))
        (call $is (i32.load (i32.const 8)) (i32.const 1) (i32.const 2))
        (call $is (i32.load (i32.const 256)) (i32.const 1) (i32.const 3))
        (call $say (i32.const 16) (i32.const 6))
        (call $iovec (i32.const 1024) (i32.const 16))
        (call $must (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 4))
        (call $is (i32.load (i32.const 8)) (i32.const 4) (i32.const 5))";
    let program = Program::new();
    let guest = program.file("guest.wasm", text(&items, body));
    let (mut child, mut stdout) = start(&program, &guest, Stdio::piped());
    let began = Instant::now();
    // In the poll, with a time limit; it says when that has ended.
    while began.elapsed() < TIMEOUT / 2 {
        interrupt(&child);
    }
    stdout.read_exact(&mut [0; 6]).unwrap();
    assert!(began.elapsed() >= TIMEOUT / 2, "after {:?}", began.elapsed());
    // In the read, which has none.
    for _ in 0..20 {
        interrupt(&child);
    }
    child.stdin.take().unwrap().write_all(b"last").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
