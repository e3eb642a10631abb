//! Every limit has a flag, and is named by it when it is met.

mod guest;
mod program;

use guest::text;
use program::{Program, full_listener};

/// That a guest of these items and that body, which checks what it is answered, ends well, and the limit is told.
#[track_caller]
fn is_told(arguments: &[&str], items: &str, body: &str, told: &str) {
    let program = Program::new();
    let guest = program.file("guest.wasm", text(items, body));
    program.says(arguments, &guest, 0, told);
}

#[test]
fn every_limit_has_a_flag_with_its_unit_and_its_default() {
    let help = Program::new().command().arg("--help").env("COLUMNS", "200").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for (flag, unit, default) in [
        ("timeout", "DURATION", ""),
        ("max-cpu", "DURATION", ""),
        ("max-memory", "BYTES", "1GiB"),
        ("max-stack", "BYTES", "512KiB"),
        ("max-tables", "NUMBER", "100"),
        ("max-table-elements", "NUMBER", "10000000"),
        ("max-instances", "NUMBER", "100"),
        ("max-fds", "NUMBER", "16384"),
        ("max-subscriptions", "NUMBER", "65536"),
        ("max-iovecs", "NUMBER", "1024"),
        ("max-readiness-sets", "NUMBER", "32"),
        ("max-call-bytes", "BYTES", "16MiB"),
        ("max-connects", "NUMBER", "1024"),
        ("max-lookups", "NUMBER", "6000"),
    ] {
        let from =
            help.find(&format!("--{flag} <{unit}>")).unwrap_or_else(|| panic!("{flag} is not in {help}"));
        let about = help[from + 2..].split("\n      --").next().unwrap();
        assert!(about.contains(&format!("[default: {default}]")) != default.is_empty(), "{about}");
    }
}

#[test]
fn a_module_that_wants_too_much_from_the_start_is_not_run() {
    let program = Program::new();
    let refused = |flag: &str, items: &str, told: &str| {
        program.says(&[flag], &program.file("guest.wasm", text(items, "")), 2, told);
    };
    refused("--max-memory=64KiB", "", "its limit is 65536; --max-memory sets it");
    refused("--max-table-elements=9", "(table 10 funcref)", "its limit is 9; --max-table-elements sets it");
    refused("--max-tables=1", "(table 1 funcref) (table 1 funcref)", "--max-tables sets the limit");
    refused("--max-instances=0", "", "--max-instances sets the limit");
}

#[test]
fn memory_and_tables_do_not_grow_past_their_limits() {
    is_told(
        &["--max-memory=192KiB"],
        "",
        "(call $is (memory.grow (i32.const 1)) (i32.const 2) (i32.const 1))
         (call $is (memory.grow (i32.const 1)) (i32.const -1) (i32.const 2))",
        "the guest is at its limit of 196608 bytes of memory; --max-memory sets it",
    );
    is_told(
        &["--max-table-elements=10"],
        "(table $t 9 funcref)",
        "(call $is (table.grow $t (ref.null func) (i32.const 1)) (i32.const 9) (i32.const 1))
         (call $is (table.grow $t (ref.null func) (i32.const 1)) (i32.const -1) (i32.const 2))",
        "the guest is at its limit of 10 elements of tables; --max-table-elements sets it",
    );
}

#[test]
fn a_call_stack_has_a_limit() {
    let deep = "(func $deep (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.const 0))))";
    let program = Program::new();
    let guest = program.file("guest.wasm", text(deep, "(drop (call $deep (i32.const 100000)))"));
    program.says(&["--max-stack=64KiB"], &guest, 134, "larger than its limit; --max-stack sets it");
    assert_eq!(program.run(&["--max-stack=64MiB"], &guest).status.code(), Some(0));
    program.says(&["--max-stack=1KiB"], &guest, 2, "not within 64.0 KiB and 1.0 GiB");
}

#[test]
fn limits_of_the_calls_are_told() {
    // ENOMEM is 48, EMFILE 33.
    is_told(
        &["--max-subscriptions=2"],
        "",
        "(call $is
            (call $poll_oneoff (i32.const 64) (i32.const 1024) (i32.const 3) (i32.const 8))
            (i32.const 48) (i32.const 1))",
        "limit of 2 subscriptions in a poll; --max-subscriptions sets it",
    );
    is_told(
        &["--max-iovecs=2"],
        "",
        "(call $is
            (call $fd_write (i32.const 1) (i32.const 64) (i32.const 3) (i32.const 8)) (i32.const 48) (i32.const 1))",
        "limit of 2 buffers in a call; --max-iovecs sets it",
    );
    is_told(
        &["--max-call-bytes=4"],
        "",
        "(call $is (call $random_get (i32.const 64) (i32.const 5)) (i32.const 48) (i32.const 1))
         (call $must (call $random_get (i32.const 64) (i32.const 4)) (i32.const 2))
         (call $iovec (i32.const 16) (i32.const 6))
         (call $must (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 3))
         (call $is (i32.load (i32.const 8)) (i32.const 4) (i32.const 4))",
        "limit of 4 random bytes in a call; --max-call-bytes sets it",
    );
    let open_set = |errno| {
        format!(
            "(call $is
                (call $path_open (i32.const 3) (i32.const 0) (i32.const 8192) (i32.const 4) (i32.const 0)
                    (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 32))
                (i32.const {errno}) (i32.const 1))"
        )
    };
    is_told(
        &["--max-readiness-sets=1", "--allow-dns=*"],
        "(data (i32.const 8192) \"poll\")",
        &(open_set(0) + &open_set(33)),
        "limit of 1 readiness sets; --max-readiness-sets sets it",
    );
    is_told(
        &["--max-lookups=1", "--allow-dns=*"],
        "(data (i32.const 8192) \"dns/localhost\")",
        "(call $must
            (call $path_readlink (i32.const 3) (i32.const 8192) (i32.const 13)
                (i32.const 1024) (i32.const 512) (i32.const 40))
            (i32.const 1))
         ;; ENOBUFS.
         (call $is
            (call $path_readlink (i32.const 3) (i32.const 8192) (i32.const 13)
                (i32.const 1024) (i32.const 512) (i32.const 40))
            (i32.const 42) (i32.const 2))",
        "limit of 1 look-ups of names in a minute; --max-lookups sets it",
    );
}

#[test]
fn open_fds_have_a_limit_for_sockets_and_files() {
    // The network directory is the fourth, the first opened one the fifth.
    let open = |errno, place| {
        format!(
            "(call $is
                (call $path_open (i32.const 3) (i32.const 0) (i32.const 8192) (i32.const 22) (i32.const 0)
                    (i64.const 0) (i64.const 0) (i32.const 4) (i32.const 32))
                (i32.const {errno}) (i32.const {place}))"
        )
    };
    let told = "limit of 5 open fds; --max-fds sets it";
    is_told(
        &["--max-fds=5", "--allow-listen=127.0.0.1"],
        "(data (i32.const 8192) \"tcp/listen/127.0.0.1:0\")",
        &(open(0, 1) + &open(33, 2)),
        told,
    );
    let folder = tempfile::TempDir::new().unwrap();
    let name = "a-file-of-22-letters-x";
    std::fs::write(folder.path().join(name), "").unwrap();
    is_told(
        &["--max-fds=5", &format!("--dir={}::/d", folder.path().display())],
        &format!("(data (i32.const 8192) {name:?})"),
        &(open(0, 1) + &open(33, 2)),
        told,
    );
}

#[test]
fn connections_being_made_have_a_limit() {
    let (address, _open) = full_listener();
    let path = format!("tcp/connect/{address}");
    let open = |errno| {
        format!(
            "(call $is
                (call $path_open (i32.const 3) (i32.const 0) (i32.const 8192) (i32.const {}) (i32.const 0)
                    (i64.const 0) (i64.const 0) (i32.const 4) (i32.const 32))
                (i32.const {errno}) (i32.const 1))",
            path.len()
        )
    };
    is_told(
        &["--max-connects=2", "--allow-connect=127.0.0.1"],
        &format!("(data (i32.const 8192) {path:?})"),
        // ENOBUFS; and one that is closed counts no more.
        &(open(0)
            + &open(0)
            + &open(42)
            + "(call $must (call $fd_close (i32.const 4)) (i32.const 2))"
            + &open(0)),
        "limit of 2 connects at once; --max-connects sets it",
    );
}
