//! The program: its exit codes, and what it says.

mod guest;
mod program;

use guest::text;
use program::Program;
use std::fs;
use std::net::TcpListener;

#[test]
fn the_exit_code_is_the_guests() {
    let program = Program::new();
    for code in [0, 1, 42, 255] {
        let guest = program.guest(&format!("(call $proc_exit (i32.const {code}))"));
        assert_eq!(program.run(&[], &guest).status.code(), Some(code));
    }
    let returns = program.guest("");
    assert_eq!(program.run(&[], &returns).status.code(), Some(0));
}

#[test]
fn a_trap_is_134_with_the_functions_on_stderr() {
    let program = Program::new();
    let guest = program.file("guest.wasm", text("(func $breaks unreachable)", "(call $breaks)"));
    let output = program.run(&[], &guest);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(134), "{stderr}");
    for told in ["the guest trapped: ", "unreachable", "breaks", "_start"] {
        assert!(stderr.contains(told), "{stderr:?} doesn't say {told:?}");
    }
}

#[test]
fn a_terminal_does_not_obey_the_names_in_a_guest() {
    let program = Program::new();
    let items = "(func $breaks (@name \"break\\1b[2Js\") unreachable)";
    program.says(&[], &program.file("guest.wasm", text(items, "(call $breaks)")), 134, "break\\u{1b}[2Js");
}

#[test]
fn what_is_no_guest_is_2_and_says_what_it_is() {
    let program = Program::new();
    let memory = "(memory (export \"memory\") 1)";
    let start = "(func (export \"_start\"))";
    let missing = program.folder.path().join("missing.wasm");
    program.says(&[], &missing, 2, "missing.wasm: no such file or directory");
    program.says(&[], &program.folder.path().to_path_buf(), 2, "it is a directory");
    program.says(&[], &program.file("a.txt", "hello"), 2, "it is not a WebAssembly module");
    program.says(&[], &program.file("empty", ""), 2, "it is not a WebAssembly module");
    program.says(&[], &program.file("cut", b"\0asm\x01\0\0\0\x01"), 2, "it doesn't compile");
    for (content, told) in [
        (
            format!(
                "(module (import \"env\" \"host\" (func)) (import \"a\\1b[2J\" \"b\" (func)) {memory} {start})"
            ),
            "doesn't have: env::host, a\\u{1b}[2J::b",
        ),
        (
            format!(
                "(module (import \"wasi_unstable\" \"fd_close\" (func (param i32) (result i32))) {memory} {start})"
            ),
            "wasi_unstable, the WASI before preview1",
        ),
        (format!("(module {memory})"), "no _start function"),
        (
            format!("(module {memory} (func (export \"_start\") (param i32)))"),
            "its _start isn't a function without arguments",
        ),
        (format!("(module {start})"), "doesn't export its memory"),
        (
            "(module (import \"env\" \"memory\" (memory 1 2 shared)) (func (export \"_start\")))".to_owned(),
            "shared",
        ),
        (format!("(module (memory (export \"memory\") 1 2 shared) {start})"), "shared"),
        (
            format!(
                "(module (import \"wasi_snapshot_preview1\" \"fd_close\" (func (result i32))) {memory} {start})"
            ),
            "fd_close",
        ),
    ] {
        program.says(&[], &program.file("guest.wat", content), 2, told);
    }
}

#[test]
fn what_cannot_be_granted_is_2_and_says_why() {
    let program = Program::new();
    let guest = program.guest("");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let told = format!("cannot listen on {address}: address already in use");
    program.says(&["--listen", &address], &guest, 2, &told);
    program.says(
        &["--listen", "192.0.2.1:0"],
        &guest,
        2,
        "cannot listen on 192.0.2.1:0: this machine has no such",
    );
    program.says(&["--listen", "8080"], &guest, 2, "8080 has no port; an address looks like 127.0.0.1:8080");
    program.says(&["--dir", "/no/such"], &guest, 2, "the directory /no/such: no such file or directory");
    program.says(&["--env", "NO_SUCH_VARIABLE_HERE"], &guest, 2, "--env NO_SUCH_VARIABLE_HERE");
    program.says(&["--trace=/no/such/file"], &guest, 2, "cannot write the trace to /no/such/file");
    program.says(&["--trace-format", "xml"], &guest, 2, "text or json");
    program.says(&["--no-such-flag"], &guest, 2, "--no-such-flag");
}

#[test]
fn a_module_that_wants_more_than_its_limits_is_told_which() {
    let program = Program::new();
    let guest = program.guest("");
    program.says(&["--max-memory", "65536"], &guest, 2, "its limit is 65536; --max-memory sets it");
    program.says(
        &["--max-fds", "3", "--listen", "127.0.0.1:0"],
        &guest,
        2,
        "limit of 3 fds; --max-fds sets it",
    );
}

#[test]
fn a_guest_finds_its_listeners_and_what_the_host_says_is_the_address_it_got() {
    // Writes all its variables, and nothing else.
    let body = "
        (call $must (call $environ_sizes_get (i32.const 64) (i32.const 68)) (i32.const 1))
        (call $must (call $environ_get (i32.const 1024) (i32.const 4096)) (i32.const 2))
        (call $say (i32.const 4096) (i32.load (i32.const 68)))
        (call $must (call $fd_fdstat_get (i32.const 3) (i32.const 512)) (i32.const 3))
        (call $is (call $fd_fdstat_get (i32.const 5) (i32.const 512)) (i32.const 8) (i32.const 4))";
    let program = Program::new();
    let output = program.run(
        &["--listen", "web=127.0.0.1:0", "--listen", "127.0.0.1:0", "--env", "A=b"],
        &program.guest(&body.replace("i32.const 5)", "i32.const 9)")),
    );
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let said: Vec<&str> = stderr.lines().collect();
    let address = |line: &str, fd| {
        let line = line.strip_prefix("wasi-poll: listening on ").unwrap();
        line.strip_suffix(&format!(" (fd {fd})")).unwrap().to_owned()
    };
    let addresses = format!("{},{}", address(said[0], 3), address(said[1], 4));
    let mut variables: Vec<&str> = stdout.trim_end_matches('\0').split('\0').collect();
    variables.sort_unstable();
    assert_eq!(
        variables,
        [
            "A=b",
            "FD_COUNT=5",
            "FD_NAMES=stdin:stdout:stderr:web:unknown",
            &format!("LISTEN_FDADDRS={addresses}"),
            "LISTEN_FDNAMES=web:unknown",
            "LISTEN_FDS=2",
        ]
    );
}

#[test]
fn without_a_grant_there_is_no_network_and_no_variable() {
    let body = "
        (call $is (call $fd_fdstat_get (i32.const 3) (i32.const 512)) (i32.const 8) (i32.const 1))
        (call $must (call $environ_sizes_get (i32.const 64) (i32.const 68)) (i32.const 2))
        (call $is (i32.load (i32.const 64)) (i32.const 0) (i32.const 3))";
    let program = Program::new();
    let output = program.run(&[], &program.guest(body));
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}

#[test]
fn listeners_may_come_from_the_environment() {
    let program = Program::new();
    let mut command = program.command();
    command.env("WASI_POLL_LISTEN", "127.0.0.1:0,web=127.0.0.1:0").arg(program.guest(""));
    let stderr = String::from_utf8(command.output().unwrap().stderr).unwrap();
    assert_eq!(stderr.lines().filter(|line| line.contains("listening on 127.0.0.1:")).count(), 2, "{stderr}");
    let none = command.env("WASI_POLL_LISTEN", "").output().unwrap();
    assert_eq!((none.status.code(), none.stderr.as_slice()), (Some(0), &b""[..]));
    let wrong = command.env("WASI_POLL_LISTEN", "8080").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("WASI_POLL_LISTEN: 8080 has no port"));
}

#[test]
fn arguments_behind_the_guest_are_the_guests() {
    let body = "
        (call $must (call $args_sizes_get (i32.const 64) (i32.const 68)) (i32.const 1))
        (call $must (call $args_get (i32.const 1024) (i32.const 4096)) (i32.const 2))
        (call $say (i32.const 4096) (i32.load (i32.const 68)))";
    let program = Program::new();
    let output = program
        .command()
        .arg("--quiet")
        .arg(program.guest(body))
        .args(["--help", "--listen", "ä"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "guest.wasm\0--help\0--listen\0ä\0");
}

#[test]
fn a_second_start_finds_the_compiled_module() {
    let program = Program::new();
    let guest = program.guest("");
    program.run(&[], &guest);
    let kept = program.folder.path().join("cache/wasmtime/modules");
    assert!(fs::read_dir(kept).is_ok_and(|mut entries| entries.next().is_some()));
    assert_eq!(program.run(&[], &guest).status.code(), Some(0));
    // The cache empties its folder at will: it must not be the one that was named, which may hold more.
    let named = fs::read_dir(program.folder.path().join("cache")).unwrap();
    assert_eq!(named.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>(), ["wasmtime"]);
}

#[test]
fn a_cache_that_cannot_be_written_is_no_error() {
    let program = Program::new();
    let blocked = program.file("file", "");
    let output = program
        .command()
        .env("WASI_POLL_CACHE", blocked.join("below"))
        .arg(program.guest(""))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}
