//! Small guests in wasm's text format: every preview1 function is imported under its own name, and a body is all
//! a test writes.
#![allow(dead_code, reason = "each test program uses some of it")]

pub mod script;

use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use wasi_poll_host::Module;

/// What comes at all comes within this.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// All 46 functions and their parameters; each but `proc_exit` has an `i32` result.
pub const FUNCTIONS: &[(&str, &str)] = &[
    ("args_get", "i32 i32"),
    ("args_sizes_get", "i32 i32"),
    ("clock_res_get", "i32 i32"),
    ("clock_time_get", "i32 i64 i32"),
    ("environ_get", "i32 i32"),
    ("environ_sizes_get", "i32 i32"),
    ("fd_advise", "i32 i64 i64 i32"),
    ("fd_allocate", "i32 i64 i64"),
    ("fd_close", "i32"),
    ("fd_datasync", "i32"),
    ("fd_fdstat_get", "i32 i32"),
    ("fd_fdstat_set_flags", "i32 i32"),
    ("fd_fdstat_set_rights", "i32 i64 i64"),
    ("fd_filestat_get", "i32 i32"),
    ("fd_filestat_set_size", "i32 i64"),
    ("fd_filestat_set_times", "i32 i64 i64 i32"),
    ("fd_pread", "i32 i32 i32 i64 i32"),
    ("fd_prestat_dir_name", "i32 i32 i32"),
    ("fd_prestat_get", "i32 i32"),
    ("fd_pwrite", "i32 i32 i32 i64 i32"),
    ("fd_read", "i32 i32 i32 i32"),
    ("fd_readdir", "i32 i32 i32 i64 i32"),
    ("fd_renumber", "i32 i32"),
    ("fd_seek", "i32 i64 i32 i32"),
    ("fd_sync", "i32"),
    ("fd_tell", "i32 i32"),
    ("fd_write", "i32 i32 i32 i32"),
    ("path_create_directory", "i32 i32 i32"),
    ("path_filestat_get", "i32 i32 i32 i32 i32"),
    ("path_filestat_set_times", "i32 i32 i32 i32 i64 i64 i32"),
    ("path_link", "i32 i32 i32 i32 i32 i32 i32"),
    ("path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32"),
    ("path_readlink", "i32 i32 i32 i32 i32 i32"),
    ("path_remove_directory", "i32 i32 i32"),
    ("path_rename", "i32 i32 i32 i32 i32 i32"),
    ("path_symlink", "i32 i32 i32 i32 i32"),
    ("path_unlink_file", "i32 i32 i32"),
    ("poll_oneoff", "i32 i32 i32 i32"),
    ("proc_exit", "i32"),
    ("proc_raise", "i32"),
    ("random_get", "i32 i32"),
    ("sched_yield", ""),
    ("sock_accept", "i32 i32 i32"),
    ("sock_recv", "i32 i32 i32 i32 i32 i32"),
    ("sock_send", "i32 i32 i32 i32 i32"),
    ("sock_shutdown", "i32 i32"),
];

/// The text of a guest. Its body may use the locals `$fd` and `$n`, and these functions: `$must` ends the guest
/// with the exit code `place` unless an errno is 0; `$is` unless two numbers are the same; `$iovec` makes one at
/// address 0, whose result goes to address 8; `$say` writes a text to stdout. `ready` stands at address 16.
pub fn text(items: &str, body: &str) -> String {
    let import = |&(name, parameters): &(&str, &str)| {
        let result = if name == "proc_exit" { "" } else { "(result i32)" };
        format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} (param {parameters}) {result}))")
    };
    let imports = FUNCTIONS.iter().map(import).collect::<Vec<_>>().join("\n");
    format!(
        r#"(module
        {imports}
        (memory (export "memory") 2)
        (data (i32.const 16) "ready\n")
        {items}
        (func $is (param $got i32) (param $want i32) (param $place i32)
            (if (i32.ne (local.get $got) (local.get $want)) (then (call $proc_exit (local.get $place)))))
        (func $must (param $errno i32) (param $place i32)
            (call $is (local.get $errno) (i32.const 0) (local.get $place)))
        (func $iovec (param $pointer i32) (param $length i32)
            (i32.store (i32.const 0) (local.get $pointer))
            (i32.store (i32.const 4) (local.get $length)))
        (func $say (param $pointer i32) (param $length i32)
            (call $iovec (local.get $pointer) (local.get $length))
            (call $must
                (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 99)))
        (func $_start (export "_start") (local $fd i32) (local $n i32)
            {body}))"#
    )
}

/// A subscription of 48 bytes, as a data segment's text: to a clock's span, or to an fd.
pub fn clock_subscription(userdata: u64, timeout_ns: u64) -> String {
    let mut record = [0; 48];
    record[..8].copy_from_slice(&userdata.to_le_bytes());
    record[16] = 1;
    record[24..32].copy_from_slice(&timeout_ns.to_le_bytes());
    escaped(&record)
}

pub fn read_subscription(userdata: u64, fd: u32) -> String {
    fd_subscription(userdata, 1, fd)
}

pub fn write_subscription(userdata: u64, fd: u32) -> String {
    fd_subscription(userdata, 2, fd)
}

fn fd_subscription(userdata: u64, tag: u8, fd: u32) -> String {
    let mut record = [0; 48];
    record[..8].copy_from_slice(&userdata.to_le_bytes());
    record[8] = tag;
    record[16..20].copy_from_slice(&fd.to_le_bytes());
    escaped(&record)
}

/// Bytes as a data segment's text.
pub fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("\\{byte:02x}"))
}

/// A guest of that body alone.
pub fn module(items: &str, body: &str) -> Module {
    Module::from_bytes("guest.wasm", text(items, body).as_bytes()).expect("the test's guest compiles")
}

/// Whether a thread waits in the system, by its folder in /proc. One that is gone doesn't.
pub fn sleeps(thread: &Path) -> bool {
    let stat = std::fs::read_to_string(thread.join("stat")).unwrap_or_default();
    // Behind its name, which may be anything in brackets.
    stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('S'))
}

/// A stdout, or trace, that tells each line as it is written.
pub struct Lines {
    line: Vec<u8>,
    lines: Sender<String>,
}

impl Lines {
    pub fn new() -> (Lines, Receiver<String>) {
        let (lines, told) = channel();
        (Lines { line: Vec::new(), lines }, told)
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for &byte in bytes {
            if byte == b'\n' {
                let line = String::from_utf8(std::mem::take(&mut self.line)).map_err(io::Error::other)?;
                // Nobody has to listen.
                let _ = self.lines.send(line);
            } else {
                self.line.push(byte);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
