//! Files and directories beside sockets: every fd is the guest's own, and none is a neighbour's.

mod guest;

use guest::module;
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use wasi_poll_host::{Limits, Outcome, Runner};

/// The names of files, and a buffer at 1024.
const NAMES: &str = r#"(data (i32.const 512) "a.txt") (data (i32.const 520) "b.txt") (data (i32.const 528) "c.txt")
    (data (i32.const 536) "hello") (data (i32.const 544) "sub")
    (func $open (param $dir i32) (param $name i32) (param $flags i32) (param $fd i32) (param $place i32)
        (call $must
            (call $path_open (local.get $dir) (i32.const 0) (local.get $name) (i32.const 5) (local.get $flags)
                (i64.const 102) (i64.const 102) (i32.const 0) (i32.const 32))
            (local.get $place))
        (call $is (i32.load (i32.const 32)) (local.get $fd) (local.get $place)))
    (func $write (param $fd i32) (param $place i32)
        (call $iovec (i32.const 536) (i32.const 5))
        (call $must (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (local.get $place)))
    (func $read (param $fd i32) (param $place i32)
        (i64.store (i32.const 1024) (i64.const 0))
        (call $iovec (i32.const 1024) (i32.const 64))
        (call $must (call $fd_read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (local.get $place))
        (call $is (i32.load (i32.const 8)) (i32.const 5) (local.get $place))
        (call $is (i32.load (i32.const 1024)) (i32.load (i32.const 536)) (local.get $place)))
"#;

/// A guest with a listener at 3 and directories at 4 and 5.
struct Beside {
    first: TempDir,
    second: TempDir,
}

impl Beside {
    fn new() -> Beside {
        Beside { first: TempDir::new().unwrap(), second: TempDir::new().unwrap() }
    }

    fn runner(&self, body: &str) -> Runner {
        let runner = Runner::new(&module(NAMES, body)).unwrap();
        let runner = runner.listen(None, (Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        runner.dir(self.first.path(), "/first").unwrap().dir(self.second.path(), "/second").unwrap()
    }

    /// That nothing in the body goes wrong; a number is the place where something did.
    #[track_caller]
    fn runs(&self, body: &str) {
        assert_eq!(self.runner(body).run().unwrap(), Outcome::Exited(0));
    }
}

#[test]
fn a_scan_of_preopens_finds_the_directories_behind_a_socket() {
    Beside::new().runs(
        "(call $must (call $fd_prestat_get (i32.const 3) (i32.const 64)) (i32.const 1))
         (call $is (i32.load8_u (i32.const 64)) (i32.const 1) (i32.const 2))
         (call $must (call $fd_prestat_get (i32.const 4) (i32.const 64)) (i32.const 3))
         (call $is (i32.load8_u (i32.const 64)) (i32.const 0) (i32.const 4))
         (call $is (i32.load (i32.const 68)) (i32.const 6) (i32.const 5))
         (call $must (call $fd_prestat_dir_name (i32.const 4) (i32.const 1024) (i32.const 6)) (i32.const 6))
         (call $is (i32.load8_u (i32.const 1025)) (i32.const 102 (; f ;)) (i32.const 7))
         (call $is (call $fd_prestat_dir_name (i32.const 3) (i32.const 64) (i32.const 6)) (i32.const 54) (i32.const 8))
         (call $is (call $fd_prestat_get (i32.const 7) (i32.const 64)) (i32.const 8) (i32.const 9))",
    );
}

#[test]
fn a_file_is_created_written_sought_and_read_at_the_lowest_free_fd() {
    let beside = Beside::new();
    beside.runs(
        "(call $open (i32.const 4) (i32.const 512) (i32.const 1) (i32.const 7) (i32.const 1))
         (call $write (i32.const 7) (i32.const 2))
         (call $must (call $fd_tell (i32.const 7) (i32.const 64)) (i32.const 3))
         (call $is (i32.load (i32.const 64)) (i32.const 5) (i32.const 4))
         (call $must (call $fd_seek (i32.const 7) (i64.const 0) (i32.const 0) (i32.const 64)) (i32.const 5))
         (call $read (i32.const 7) (i32.const 6))
         (call $must (call $fd_filestat_get (i32.const 7) (i32.const 64)) (i32.const 7))
         (call $is (i32.load (i32.const 96)) (i32.const 5) (i32.const 8))
         (call $must (call $fd_fdstat_get (i32.const 7) (i32.const 64)) (i32.const 9))
         (call $is (i32.load8_u (i32.const 64)) (i32.const 4) (i32.const 10))
         (call $must (call $fd_pread (i32.const 7) (i32.const 0) (i32.const 1) (i64.const 1) (i32.const 8)) (i32.const 11))
         (call $is (i32.load (i32.const 8)) (i32.const 4) (i32.const 12))
         (call $must (call $fd_sync (i32.const 7)) (i32.const 13))
         (call $must (call $fd_close (i32.const 7)) (i32.const 14))
         (call $is (call $fd_tell (i32.const 7) (i32.const 64)) (i32.const 8) (i32.const 15))
         (call $open (i32.const 4) (i32.const 512) (i32.const 0) (i32.const 7) (i32.const 16))",
    );
    assert_eq!(fs::read(beside.first.path().join("a.txt")).unwrap(), b"hello");
}

#[test]
fn names_move_between_directories_by_the_guests_fds() {
    let beside = Beside::new();
    fs::write(beside.first.path().join("a.txt"), "hello").unwrap();
    beside.runs(
        "(call $must (call $path_rename (i32.const 4) (i32.const 512) (i32.const 5) (i32.const 5) (i32.const 520) (i32.const 5)) (i32.const 1))
         (call $must (call $path_link (i32.const 5) (i32.const 0) (i32.const 520) (i32.const 5) (i32.const 4) (i32.const 528) (i32.const 5)) (i32.const 2))
         (call $must (call $path_symlink (i32.const 528) (i32.const 5) (i32.const 4) (i32.const 512) (i32.const 5)) (i32.const 3))
         (call $must (call $path_readlink (i32.const 4) (i32.const 512) (i32.const 5) (i32.const 1024) (i32.const 64) (i32.const 8)) (i32.const 4))
         (call $is (i32.load (i32.const 1024)) (i32.load (i32.const 528)) (i32.const 5))
         (call $must (call $path_filestat_get (i32.const 5) (i32.const 0) (i32.const 520) (i32.const 5) (i32.const 64)) (i32.const 6))
         (call $must (call $path_create_directory (i32.const 5) (i32.const 544) (i32.const 3)) (i32.const 7))
         (call $must (call $path_remove_directory (i32.const 5) (i32.const 544) (i32.const 3)) (i32.const 8))
         (call $must (call $fd_readdir (i32.const 5) (i32.const 1024) (i32.const 512) (i64.const 0) (i32.const 8)) (i32.const 9))
         (call $is (i32.gt_u (i32.load (i32.const 8)) (i32.const 24)) (i32.const 1) (i32.const 10))
         (call $must (call $path_unlink_file (i32.const 5) (i32.const 520) (i32.const 5)) (i32.const 11))",
    );
    assert!(!beside.second.path().join("b.txt").exists());
    assert_eq!(fs::read(beside.first.path().join("c.txt")).unwrap(), b"hello");
    assert_eq!(fs::read_link(beside.first.path().join("a.txt")).unwrap().to_str(), Some("c.txt"));
}

#[test]
fn a_socket_is_refused_where_a_file_or_directory_is_due() {
    let beside = Beside::new();
    fs::write(beside.first.path().join("a.txt"), "hello").unwrap();
    // ENOTDIR 54, ESPIPE 70, EINVAL 28, ENOTSUP 58.
    beside.runs(
        "(call $is (call $path_open (i32.const 3) (i32.const 0) (i32.const 512) (i32.const 5) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 32)) (i32.const 54) (i32.const 1))
         (call $is (call $path_rename (i32.const 4) (i32.const 512) (i32.const 5) (i32.const 3) (i32.const 520) (i32.const 5)) (i32.const 54) (i32.const 2))
         (call $is (call $path_rename (i32.const 3) (i32.const 512) (i32.const 5) (i32.const 4) (i32.const 520) (i32.const 5)) (i32.const 54) (i32.const 3))
         (call $is (call $path_symlink (i32.const 512) (i32.const 5) (i32.const 3) (i32.const 520) (i32.const 5)) (i32.const 54) (i32.const 4))
         (call $is (call $fd_readdir (i32.const 3) (i32.const 1024) (i32.const 512) (i64.const 0) (i32.const 8)) (i32.const 54) (i32.const 5))
         (call $is (call $fd_seek (i32.const 3) (i64.const 0) (i32.const 0) (i32.const 64)) (i32.const 70) (i32.const 6))
         (call $is (call $fd_tell (i32.const 3) (i32.const 64)) (i32.const 70) (i32.const 7))
         (call $is (call $fd_sync (i32.const 3)) (i32.const 28) (i32.const 8))
         (call $is (call $fd_filestat_set_size (i32.const 3) (i64.const 0)) (i32.const 28) (i32.const 9))
         (call $is (call $fd_fdstat_set_rights (i32.const 3) (i64.const 0) (i64.const 0)) (i32.const 58) (i32.const 10))
         (call $is (call $sock_recv (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 8) (i32.const 12)) (i32.const 57) (i32.const 11))",
    );
    assert!(beside.first.path().join("a.txt").exists());
}

#[test]
fn fds_of_files_and_streams_come_from_one_table() {
    let beside = Beside::new();
    fs::write(beside.first.path().join("a.txt"), "hello").unwrap();
    // The file is renumbered onto the stream, which closes; then stdin onto the file.
    let runner = beside.runner(
        "(call $must (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)) (i32.const 1))
         (call $is (i32.load (i32.const 32)) (i32.const 7) (i32.const 2))
         (call $open (i32.const 4) (i32.const 512) (i32.const 0) (i32.const 8) (i32.const 3))
         (call $must (call $fd_renumber (i32.const 8) (i32.const 7)) (i32.const 4))
         (call $is (call $fd_tell (i32.const 8) (i32.const 64)) (i32.const 8) (i32.const 5))
         (call $read (i32.const 7) (i32.const 6))
         (call $must (call $fd_renumber (i32.const 0) (i32.const 7)) (i32.const 7))
         (call $read (i32.const 7) (i32.const 8))
         (call $open (i32.const 4) (i32.const 512) (i32.const 0) (i32.const 0) (i32.const 9))
         (call $read (i32.const 0) (i32.const 10))",
    );
    let mut peer = TcpStream::connect(runner.listeners()[0].address).unwrap();
    peer.write_all(b"not this").unwrap();
    assert_eq!(runner.stdin(&b"hello"[..]).run().unwrap(), Outcome::Exited(0));
}

/// A stdout that is kept.
struct Said(Arc<Mutex<Vec<u8>>>);
impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_file_opened_after_stdout_was_closed_is_a_file() {
    let said = Arc::new(Mutex::new(Vec::new()));
    let beside = Beside::new();
    let runner = beside.runner(
        "(call $write (i32.const 1) (i32.const 1))
         (call $must (call $fd_close (i32.const 1)) (i32.const 2))
         (call $open (i32.const 4) (i32.const 512) (i32.const 1) (i32.const 1) (i32.const 3))
         (call $write (i32.const 1) (i32.const 4))
         (call $open (i32.const 4) (i32.const 520) (i32.const 1) (i32.const 7) (i32.const 5))",
    );
    assert_eq!(runner.stdout(Said(Arc::clone(&said))).run().unwrap(), Outcome::Exited(0));
    assert_eq!(said.lock().unwrap().as_slice(), b"hello");
    assert_eq!(fs::read(beside.first.path().join("a.txt")).unwrap(), b"hello");
}

#[test]
fn at_the_limit_of_fds_nothing_is_opened_or_created() {
    let beside = Beside::new();
    let runner = beside.runner(
        "(call $is (call $path_open (i32.const 4) (i32.const 0) (i32.const 512) (i32.const 5) (i32.const 1) (i64.const 102) (i64.const 102) (i32.const 0) (i32.const 32)) (i32.const 33) (i32.const 1))
         (call $must (call $fd_close (i32.const 0)) (i32.const 2))
         (call $open (i32.const 5) (i32.const 520) (i32.const 1) (i32.const 0) (i32.const 3))",
    );
    assert_eq!(runner.limits(Limits { fds: 7, ..Limits::default() }).run().unwrap(), Outcome::Exited(0));
    assert!(!beside.first.path().join("a.txt").exists());
    assert!(beside.second.path().join("b.txt").exists());
}

#[test]
fn a_guest_stays_in_its_directory() {
    let beside = Beside::new();
    // ENOTCAPABLE is what some hosts say; wasmtime-wasi says EPERM.
    beside.runs(
        "(i32.store (i32.const 512) (i32.const 0x612f2e2e (; ../a ;)))
         (call $is (call $path_open (i32.const 4) (i32.const 0) (i32.const 512) (i32.const 4) (i32.const 1) (i64.const 102) (i64.const 102) (i32.const 0) (i32.const 32)) (i32.const 63) (i32.const 1))",
    );
}
