//! A pointer that is no guest's is a trap with the call's name, before anything has happened: every pointer of every
//! call, on everything it can be made on.

mod guest;

use guest::{FUNCTIONS, read_subscription, text};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::IoSlice;
use std::os::unix::fs::symlink;
use std::path::Path;
use tempfile::TempDir;
use wasi_poll_host::{Grants, Killer, Module, Outcome, Runner};
use wasi_poll_preview1::{MemoryNetwork, Network};

/// Calls that succeed. `P4:64` is a pointer to 64 that must be a multiple of 4, `L7` a number of 64 bits, the others
/// are of 32. The fds: 3 a listener with a connection pending, 4 a directory, 5 the network directory, 6 a file in the
/// directory, 7 a stream with bytes to read. What stands in memory: an iovec of 16 bytes at 0, a subscription at 2048,
/// and the texts of [`TEXTS`].
const CALLS: &[&str] = &[
    "args_get P4:64 P1:128",
    "args_sizes_get P4:64 P4:68",
    "clock_res_get 1 P8:64",
    "clock_time_get 1 L0 P8:64",
    "environ_get P4:64 P1:128",
    "environ_sizes_get P4:64 P4:68",
    "fd_fdstat_get 1 P8:64",
    "fd_fdstat_get 3 P8:64",
    "fd_fdstat_get 4 P8:64",
    "fd_fdstat_get 5 P8:64",
    "fd_fdstat_get 6 P8:64",
    "fd_fdstat_get 7 P8:64",
    "fd_filestat_get 1 P8:64",
    "fd_filestat_get 3 P8:64",
    "fd_filestat_get 4 P8:64",
    "fd_filestat_get 5 P8:64",
    "fd_filestat_get 6 P8:64",
    "fd_filestat_get 7 P8:64",
    "fd_pread 6 P4:0 1 L0 P4:8",
    "fd_prestat_dir_name 4 P1:64 6",
    "fd_prestat_dir_name 5 P1:64 4",
    "fd_prestat_get 3 P4:64",
    "fd_prestat_get 4 P4:64",
    "fd_prestat_get 5 P4:64",
    "fd_pwrite 6 P4:0 1 L0 P4:8",
    "fd_read 0 P4:0 1 P4:8",
    "fd_read 6 P4:0 1 P4:8",
    "fd_read 7 P4:0 1 P4:8",
    "fd_readdir 4 P1:1024 256 L0 P4:8",
    "fd_seek 6 L0 0 P8:64",
    "fd_tell 6 P8:64",
    "fd_write 1 P4:0 1 P4:8",
    "fd_write 6 P4:0 1 P4:8",
    "fd_write 7 P4:0 1 P4:8",
    "path_create_directory 4 P1:8208 3",
    "path_filestat_get 4 0 P1:8192 4 P8:64",
    "path_filestat_get 5 0 P1:8272 12 P8:64",
    "path_filestat_set_times 4 0 P1:8192 4 L0 L0 5",
    "path_link 4 0 P1:8192 4 4 P1:8208 3",
    "path_open 4 0 P1:8208 3 1 L64 L0 0 P4:64",
    "path_open 5 0 P1:8240 20 0 L0 L0 0 P4:64",
    "path_readlink 4 P1:8224 4 P1:1024 100 P4:64",
    "path_readlink 5 P1:8272 12 P1:1024 100 P4:64",
    "path_remove_directory 4 P1:8216 6",
    "path_rename 4 P1:8192 4 4 P1:8208 3",
    "path_symlink P1:8192 4 4 P1:8208 3",
    "path_symlink P1:8304 1 5 P1:8272 12",
    "path_unlink_file 4 P1:8192 4",
    "poll_oneoff P8:2048 P8:4096 1 P4:64",
    "random_get P1:64 16",
    "sock_accept 3 0 P4:64",
    "sock_recv 7 P4:0 1 0 P4:8 P2:12",
    "sock_send 7 P4:0 1 0 P4:8",
];

const TEXTS: [(u32, &str); 7] = [
    (8192, "file"),
    (8208, "new"),
    (8216, "folder"),
    (8224, "link"),
    (8240, "udp/bind/127.0.0.1:0"),
    (8272, "fd/7/nodelay"),
    (8304, "1"),
];

/// The two pages that guests have.
const MEMORY_BYTES: u64 = 2 * 65_536;
/// Near the end of what 32 bits can say, and a multiple of 8.
const OUTSIDE: u64 = 0xFFFF_FFF8;

fn number(word: &str) -> u64 {
    word.trim_start_matches(|letter: char| letter.is_ascii_uppercase()).parse().expect("a number")
}

/// The call as wasm's text, its `bad`th pointer replaced.
fn written(call: &str, bad: Option<(usize, u64)>) -> String {
    let mut words = call.split(' ');
    let name = words.next().expect("a name");
    let mut pointers = 0;
    let mut text = format!("(call ${name}");
    for word in words {
        if let Some((_, place)) = word.split_once(':') {
            let replaced = bad.filter(|(at, _)| *at == pointers).map(|(_, pointer)| pointer);
            let _ = write!(text, " (i32.const {})", replaced.unwrap_or_else(|| number(place)));
            pointers += 1;
        } else {
            let _ = write!(
                text,
                " ({}.const {})",
                if word.starts_with('L') { "i64" } else { "i32" },
                number(word)
            );
        }
    }
    text + ")"
}

/// The pointers of a call: their alignment and where they point.
fn pointers(call: &str) -> Vec<(u64, u64)> {
    call.split(' ')
        .filter_map(|word| word.split_once(':'))
        .map(|(kind, at)| (number(kind), number(at)))
        .collect()
}

/// Everything in a folder: names, and what is in the files.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            (entry.file_name().into_string().expect("text"), fs::read(entry.path()).unwrap_or_default())
        })
        .collect()
}

/// Runs a guest that makes this call with everything it may need there: how it ended, and whether anything changed
/// in its directory.
fn run(call: &str) -> (Outcome, bool) {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("file"), "the content of a file").expect("room");
    fs::create_dir(folder.path().join("folder")).expect("room");
    symlink("file", folder.path().join("link")).expect("room");
    let before = tree(folder.path());
    let mut items = format!("(data (i32.const 2048) \"{}\")", read_subscription(1, 0));
    for (at, text) in TEXTS {
        let _ = write!(items, "(data (i32.const {at}) \"{text}\")");
    }
    let body = format!(
        "{} {} (call $iovec (i32.const 1024) (i32.const 16)) (call $must {call} (i32.const 3))",
        // The rights to read and to write.
        "(call $must (call $path_open (i32.const 4) (i32.const 0) (i32.const 8192) (i32.const 4) (i32.const 0)
            (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 64)) (i32.const 1))",
        "(call $must (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 64)) (i32.const 2))"
    );
    let guest = Module::from_bytes("guest.wasm", text(&items, &body).as_bytes()).expect("it compiles");
    let mut runner = Runner::on_network(&guest, MemoryNetwork::new(), Killer::new())
        .listen(None, ([127, 0, 0, 1], 80).into())
        .and_then(|runner| runner.dir(folder.path(), "/files"))
        .expect("it is all there")
        .grants(Grants::all())
        .stdin(&b"stdin's bytes"[..]);
    for _ in 0..2 {
        let network = runner.network();
        let peer = network.connect(([127, 0, 0, 1], 80).into()).expect("the guest listens");
        network.send(peer, &[IoSlice::new(b"the peer's bytes")]).expect("room");
    }
    let outcome = runner.run().expect("it starts");
    (outcome, tree(folder.path()) != before)
}

#[track_caller]
fn traps(call: &str, text: &str) {
    let name = call.split(' ').next().expect("a name");
    match run(text) {
        (Outcome::Trapped { message, .. }, changed) => {
            assert!(message.starts_with(&format!("{name}: ")), "{text} is told as {message:?}");
            assert!(!changed, "{text} has changed the directory");
        }
        (outcome, _) => panic!("{text} is {outcome:?}"),
    }
}

#[test]
fn every_call_succeeds_with_good_pointers() {
    for call in CALLS {
        assert_eq!(run(&written(call, None)).0, Outcome::Exited(0), "{call}");
    }
}

#[test]
fn every_call_with_a_pointer_is_tried() {
    let is_tried = |name: &str| CALLS.iter().any(|call| call.split(' ').next() == Some(name));
    let without = [
        "fd_advise",
        "fd_allocate",
        "fd_close",
        "fd_datasync",
        "fd_fdstat_set_flags",
        "fd_fdstat_set_rights",
        "fd_filestat_set_size",
        "fd_filestat_set_times",
        "fd_renumber",
        "fd_sync",
        "proc_exit",
        "proc_raise",
        "sched_yield",
        "sock_shutdown",
    ];
    for (name, _) in FUNCTIONS {
        assert!(is_tried(name) != without.contains(name), "{name}");
    }
}

#[test]
fn a_pointer_outside_the_memory_traps_before_anything_happens() {
    for call in CALLS {
        for place in 0..pointers(call).len() {
            for outside in [MEMORY_BYTES, OUTSIDE] {
                traps(call, &written(call, Some((place, outside))));
            }
        }
    }
}

#[test]
fn a_misaligned_pointer_traps_before_anything_happens() {
    for call in CALLS {
        for (place, (alignment, at)) in pointers(call).into_iter().enumerate().filter(|(_, (at, _))| *at > 1)
        {
            traps(call, &written(call, Some((place, at + alignment / 2))));
        }
    }
}
