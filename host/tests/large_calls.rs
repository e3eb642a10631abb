//! Calls on files that name more bytes than the host moves or copies at once: what is moved, what is refused, and that
//! nothing else changes.

mod guest;

use guest::module;
use std::fmt::Write;
use std::fs;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use wasi_poll_host::{Limits, Outcome, Runner};

const ENAMETOOLONG: u32 = 37;
const ENOMEM: u32 = 48;

/// Runs a guest with a directory at 3 and in it a file, which it has opened as 4.
fn run(limits: Limits, file: &[u8], body: &str) -> (Outcome, Vec<u8>) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), file).unwrap();
    let open = "(call $must (call $path_open (i32.const 3) (i32.const 0) (i32.const 8192) (i32.const 4) (i32.const 0)
        (i64.const 102) (i64.const 0) (i32.const 0) (i32.const 64)) (i32.const 91))";
    let items = "(data (i32.const 8192) \"file\") (data (i32.const 8208) \"HELLO\")";
    let runner = Runner::new(&module(items, &format!("{open} {body}"))).unwrap();
    let ended = runner.dir(folder.path(), "/files").unwrap().limits(limits).run().unwrap();
    (ended, fs::read(folder.path().join("file")).unwrap())
}

/// Iovecs at 1024, the first of them empty.
fn behind_an_empty_one(pointer: u32, length: u32) -> String {
    format!(
        "(i64.store (i32.const 1024) (i64.const 8208))
         (i32.store (i32.const 1032) (i32.const {pointer})) (i32.store (i32.const 1036) (i32.const {length}))"
    )
}

const TRANSFERS: [&str; 4] = [
    "fd_write (i32.const 4) (i32.const 1024) (i32.const 2) (i32.const 32)",
    "fd_read (i32.const 4) (i32.const 1024) (i32.const 2) (i32.const 32)",
    "fd_pwrite (i32.const 4) (i32.const 1024) (i32.const 2) (i64.const 8) (i32.const 32)",
    "fd_pread (i32.const 4) (i32.const 1024) (i32.const 2) (i64.const 0) (i32.const 32)",
];

#[test]
fn a_transfer_on_a_file_moves_no_more_than_the_limit_of_bytes_in_a_call() {
    let limits = Limits { call_bytes: 3, ..Limits::default() };
    let mut body = behind_an_empty_one(8208, 5);
    for call in TRANSFERS {
        // Three bytes, and the guest's own length is what it was.
        let _ = write!(
            body,
            "(i32.store (i32.const 32) (i32.const 77))
             (call $must (call ${call}) (i32.const 1)) (call $is (i32.load (i32.const 32)) (i32.const 3) (i32.const 2))
             (call $is (i32.load (i32.const 1036)) (i32.const 5) (i32.const 3))"
        );
    }
    // What was read, from the place behind what was written; then that was written to 8; then the file's start read.
    body += "(call $is (i32.load (i32.const 8208)) (i32.const 0x4c4c4548 (; HELL ;)) (i32.const 4))";
    let (ended, file) = run(limits, b"---def---", &body);
    assert_eq!(ended, Outcome::Exited(0));
    assert_eq!(file, b"HELdef--def");
}

#[test]
fn a_buffer_of_any_size_is_filled_from_a_file_call_by_call() {
    // 192 MiB, more than wasmtime-wasi would copy.
    let large = 192 << 20;
    let body = format!(
        "(call $is (memory.grow (i32.const 3072)) (i32.const 2) (i32.const 5)) {} (local.set $fd (i32.const 131072))
         (loop $more
            (i32.store (i32.const 1032) (local.get $fd))
            (i32.store (i32.const 1036) (i32.sub (i32.const {}) (local.get $fd)))
            (call $must (call $fd_read (i32.const 4) (i32.const 1024) (i32.const 2) (i32.const 32)) (i32.const 1))
            (local.set $fd (i32.add (local.get $fd) (i32.load (i32.const 32))))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $more (i32.load (i32.const 32))))
         (call $is (local.get $n) (i32.const 4) (i32.const 2))
         (call $is (i32.load8_u (i32.sub (local.get $fd) (i32.const 1))) (i32.const 9) (i32.const 3))",
        behind_an_empty_one(0, large),
        large + 131_072
    );
    // At 16 MiB a call, three calls, and one that finds the end.
    let (ended, _) = run(Limits::default(), &vec![9; 40 << 20], &body);
    assert_eq!(ended, Outcome::Exited(0));
}

#[test]
fn a_large_transfer_over_its_own_iovec_is_enomem_and_moves_nothing() {
    let limits = Limits { call_bytes: 3, ..Limits::default() };
    let mut body = "(call $is (memory.grow (i32.const 64)) (i32.const 2) (i32.const 5))".to_owned();
    body += &behind_an_empty_one(0, 3 << 20);
    for call in TRANSFERS {
        let _ = write!(body, "(call $is (call ${call}) (i32.const {ENOMEM}) (i32.const 1))");
    }
    let _ = write!(body, "(call $is (i32.load (i32.const 1036)) (i32.const {}) (i32.const 2))", 3 << 20);
    let (ended, file) = run(limits, b"as it was", &body);
    assert_eq!((ended, file.as_slice()), (Outcome::Exited(0), &b"as it was"[..]));
}

#[test]
fn more_buffers_than_allowed_are_told_of_files_too() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let folder = TempDir::new().unwrap();
    let body = "(call $is (call $fd_read (i32.const 3) (i32.const 1024) (i32.const 3) (i32.const 32))
        (i32.const 48) (i32.const 1))";
    let keep = Arc::clone(&told);
    let runner = Runner::new(&module("", body)).unwrap().dir(folder.path(), "/files").unwrap();
    let runner = runner.limits(Limits { iovecs: 2, ..Limits::default() });
    let ended = runner.on_refusal(move |refusal| keep.lock().unwrap().push(refusal.to_string())).run();
    assert_eq!(ended.unwrap(), Outcome::Exited(0));
    assert_eq!(
        *told.lock().unwrap(),
        ["the guest is at its limit of 2 buffers in a call; --max-iovecs sets it"]
    );
}

#[test]
fn a_path_longer_than_any_systems_is_enametoolong_before_it_is_copied() {
    let (path, short) = ("(i32.const 0) (i32.const 65537)", "(i32.const 8192) (i32.const 4)");
    for call in [
        format!("path_create_directory (i32.const 3) {path}"),
        format!("path_filestat_get (i32.const 3) (i32.const 0) {path} (i32.const 64)"),
        format!(
            "path_filestat_set_times (i32.const 3) (i32.const 0) {path} (i64.const 0) (i64.const 0) (i32.const 5)"
        ),
        format!("path_link (i32.const 3) (i32.const 0) {path} (i32.const 3) {short}"),
        format!("path_link (i32.const 3) (i32.const 0) {short} (i32.const 3) {path}"),
        format!(
            "path_open (i32.const 3) (i32.const 0) {path} (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0)
                (i32.const 64)"
        ),
        format!("path_readlink (i32.const 3) {path} (i32.const 64) (i32.const 8) (i32.const 32)"),
        format!("path_remove_directory (i32.const 3) {path}"),
        format!("path_rename (i32.const 3) {path} (i32.const 3) {short}"),
        format!("path_rename (i32.const 3) {short} (i32.const 3) {path}"),
        format!("path_symlink {path} (i32.const 3) {short}"),
        format!("path_symlink {short} (i32.const 3) {path}"),
        format!("path_unlink_file (i32.const 3) {path}"),
    ] {
        let body = format!("(call $is (call ${call}) (i32.const {ENAMETOOLONG}) (i32.const 1))");
        assert_eq!(run(Limits::default(), b"", &body).0, Outcome::Exited(0), "{call}");
        // And outside the memory, of whatever length, a trap.
        let outside = call.replace(path, "(i32.const 8) (i32.const -8)");
        let (ended, _) = run(Limits::default(), b"", &format!("(drop (call ${outside}))"));
        assert!(matches!(ended, Outcome::Trapped { .. }), "{outside}: {ended:?}");
    }
}
