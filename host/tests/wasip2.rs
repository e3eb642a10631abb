//! Components that rustc builds for wasm32-wasip2: what they are given, what they are refused, and how they end.

mod guest;
mod program;

use guest::{Lines, PATIENCE};
use program::Program;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wasi_poll_host::{Module, Outcome, Runner};

/// `wasip2/guest.rs`, built once.
static GUEST: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap();
    let guest = folder.path().join("guest.wasm");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wasip2/guest.rs");
    let status = Command::new("rustc")
        .args(["--edition=2024", "--target=wasm32-wasip2", "-Copt-level=1", "-Cpanic=abort", "-o"])
        .args([&guest, &source])
        .status()
        .unwrap();
    assert!(status.success(), "the guest builds for wasm32-wasip2");
    (folder, guest)
});

/// `wasi-poll run FLAGS guest.wasm ARGUMENTS`, with one cache for all tests.
fn command(flags: &[&str], arguments: &[&str]) -> Command {
    let mut command = Program::new().command();
    command.env("WASI_POLL_CACHE", GUEST.0.path().join("cache"));
    command.args(flags).arg(&GUEST.1).args(arguments);
    command
}

/// What it writes to stdout and stderr, and its exit code.
fn run(flags: &[&str], arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = command(flags, arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

#[track_caller]
fn says(flags: &[&str], arguments: &[&str], told: &str) {
    let (stdout, stderr, code) = run(flags, arguments);
    assert_eq!((stdout.trim_end(), code), (told, Some(0)), "{stderr}");
}

/// Starts one that listens, and tells where.
fn start(flags: &[&str], arguments: &[&str]) -> (Child, BufReader<ChildStdout>, SocketAddr) {
    let mut child = command(flags, arguments).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on ").expect("it says where it listens");
    (child, stdout, address.parse().unwrap())
}

#[test]
fn a_component_listens_on_a_granted_address_and_serves() {
    let any = "127.0.0.1:0";
    let (mut child, mut stdout, address) = start(&["--listen", any], &["echo", any]);
    let mut client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    for message in [&b"hello"[..], &[7; 4096]] {
        client.write_all(message).unwrap();
        let mut answer = vec![0; message.len()];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(answer, message);
    }
    let peer = client.local_addr().unwrap();
    drop(client);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, format!("peer {peer}\n"));
}

#[test]
fn the_echo_example_serves_as_a_component() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("wasm32-wasip2");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--target=wasm32-wasip2", "--package=guest-examples", "--bin=echo"]);
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).arg("--target-dir");
    assert!(cargo.arg(target.with_file_name("")).status().unwrap().success());

    let any = "127.0.0.1:0";
    let mut server = Program::new().command();
    let mut server =
        server.args(["--listen", any]).arg(target.join("debug/echo.wasm")).arg(any).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on ").expect("it says where it listens");
    let mut clients: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(address).unwrap()).collect();
    for round in 0..5_u8 {
        for client in &mut clients {
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            client.write_all(&[round; 300]).unwrap();
        }
        for client in &mut clients {
            let mut answer = [0; 300];
            client.read_exact(&mut answer).unwrap();
            assert_eq!(answer, [round; 300]);
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn a_bind_that_was_not_granted_is_refused_and_told() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    says(&["--listen", &free], &["bind", &free], "bound");
    says(&["--allow-listen", &free], &["bind", &free], "bound");
    says(&["--listen", "127.0.0.1:0"], &["bind", "127.0.0.1:0"], "bound");
    for (flags, address) in [
        (&[][..], "127.0.0.1:0"),
        (&["--listen", "127.0.0.1:0"], &free),
        (&["--listen", "127.0.0.1:0"], "127.0.0.2:0"),
        (&["--listen", &free], "127.0.0.1:0"),
        (&["--allow-connect", "*", "--allow-udp", "*"], &free),
    ] {
        let (stdout, stderr, _) = run(flags, &["bind", address]);
        assert_eq!(stdout, "PermissionDenied\n", "{flags:?}");
        let told = format!("may not listen on {address}; --allow-listen {address} would allow it");
        assert!(stderr.contains(&told), "{stderr}");
    }
    // What every connection begins with is no way to a listener.
    let (stdout, stderr, _) = run(&["--allow-connect", "*"], &["bind", "0.0.0.0:0"]);
    assert_eq!(stdout, "PermissionDenied\n");
    assert!(stderr.contains("may not listen on 0.0.0.0:"), "{stderr}");
}

#[test]
fn connections_and_datagrams_have_rules_of_their_own() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let by_name = format!("localhost:{}", address.port());
    let address = address.to_string();
    for rule in [&address, "127.0.0.0/8", &by_name] {
        says(&["--allow-connect", rule], &["connect", &address], "connected");
    }
    for rule in ["--allow-connect=127.0.0.1:1", "--allow-listen=*", "--allow-udp=*", "--allow-dns=*"] {
        let (stdout, stderr, _) = run(&[rule], &["connect", &address]);
        assert_eq!(stdout, "PermissionDenied\n", "{rule}");
        let line = format!(
            "wasi-poll: the guest may not connect to {address}; --allow-connect {address} would allow it\n"
        );
        assert_eq!(stderr, line, "{rule}");
    }

    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let send = ["send", "127.0.0.1:0", &address];
    says(&["--allow-udp", "127.0.0.1"], &send, "sent 5");
    assert_eq!(socket.recv(&mut [0; 9]).unwrap(), 5);
    says(&["--allow-udp", "127.0.0.1:0"], &send, "PermissionDenied");
    says(&["--allow-udp", &address], &send, "PermissionDenied");
    says(&["--allow-connect=*", "--allow-listen=*"], &send, "PermissionDenied");
}

#[test]
fn only_granted_names_are_looked_up() {
    let look_up = ["look-up", "localhost"];
    for pattern in ["localhost", "*"] {
        let (stdout, ..) = run(&["--allow-dns", pattern], &look_up);
        assert!(["127.0.0.1\n", "::1\n"].contains(&stdout.as_str()), "{stdout}");
    }
    for flag in ["--allow-dns=example.org", "--allow-connect=*"] {
        let (stdout, stderr, _) = run(&[flag], &look_up);
        assert!(!stdout.contains("127.0.0.1") && !stdout.contains("::1"), "{stdout}");
        let told = "the guest may not look up localhost; --allow-dns localhost would allow it";
        assert!(stderr.contains(told), "{stderr}");
    }
}

#[test]
fn arguments_variables_and_directories_are_what_was_given() {
    let told = "[\"--help\", \"ä\"]\n[(\"C\", \"d\"), (\"A\", \"b\")]";
    says(&["--env", "A=x", "--env", "C=d", "--env", "A=b"], &["tell", "--help", "ä"], told);
    says(&[], &["tell"], "[]\n[]");

    let program = Program::new();
    program.file("from", "content");
    let dir = format!("{}::/data", program.folder.path().display());
    says(&["--dir", &dir], &["copy", "/data/from", "/data/to"], "");
    assert_eq!(fs::read_to_string(program.folder.path().join("to")).unwrap(), "content");
    says(&["--dir", &dir], &["open", "/data/from"], "content");
    let outside = GUEST.1.to_str().unwrap();
    let (stdout, ..) = run(&["--dir", &dir], &["open", outside]);
    assert!(stdout.contains("NotFound") || stdout.contains("Uncategorized"), "{stdout}");
    let (stdout, ..) = run(&["--dir", &dir], &["open", "/data/../../etc/passwd"]);
    assert!(!stdout.contains("root"), "{stdout}");
}

#[test]
fn the_exit_code_is_what_std_tells() {
    // Rust's std for wasm32-wasip2 only tells whether it failed.
    for (code, told) in [("0", 0), ("1", 1), ("42", 1)] {
        assert_eq!(run(&[], &["exit", code]).2, Some(told), "{code}");
    }
    let (_, stderr, code) = run(&[], &["panic"]);
    assert_eq!(code, Some(134), "{stderr}");
    for told in ["so it was told", "the guest trapped: ", "guest::main"] {
        assert!(stderr.contains(told), "{stderr:?} doesn't say {told:?}");
    }
}

#[test]
fn stdin_reaches_stdout_through_pipes() {
    let mut child = command(&[], &["cat"]).stdin(Stdio::piped()).spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let message: Vec<u8> = (0..1_000_000_u32).map(|index| (index % 251) as u8).collect();
    let sent = message.clone();
    let sending = thread::spawn(move || stdin.write_all(&sent));
    let mut answer = Vec::new();
    stdout.read_to_end(&mut answer).unwrap();
    sending.join().unwrap().unwrap();
    assert!(answer == message, "{} of {} bytes", answer.len(), message.len());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_embedders_streams_are_the_guests() {
    let module = Module::load(&GUEST.1).unwrap();
    let (stdout, lines) = Lines::new();
    let runner = Runner::new(&module).unwrap().arg("cat").stdin(&b"one\ntwo\n"[..]).stdout(stdout);
    assert_eq!(runner.run().unwrap(), Outcome::Exited(0));
    assert_eq!(lines.iter().collect::<Vec<_>>(), ["one", "two"]);
}

#[test]
fn the_kill_switch_ends_what_waits() {
    let module = Module::load(&GUEST.1).unwrap();
    for endless in ["accept", "sleep"] {
        let (stdout, lines) = Lines::new();
        let runner = Runner::new(&module).unwrap().arg(endless).stdout(stdout);
        let runner = runner.listen(None, ([127, 0, 0, 1], 0).into()).unwrap();
        let killer = runner.killer();
        let running = thread::spawn(move || runner.run());
        assert_eq!(lines.recv_timeout(PATIENCE).unwrap(), "ready");
        let pulled = Instant::now();
        killer.kill();
        assert_eq!(running.join().unwrap().unwrap(), Outcome::Killed, "{endless}");
        assert!(pulled.elapsed() < Duration::from_secs(1), "{endless} took {:?}", pulled.elapsed());
    }
}

#[test]
fn signals_end_it_in_every_state() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        for endless in ["accept", "sleep", "read", "write"] {
            let mut command = command(&["--listen=127.0.0.1:0"], &[endless]);
            let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
            // Until the end: waiting would close it.
            let (_stdin, mut stdout) = (child.stdin.take(), child.stdout.take().unwrap());
            // `write` fills the pipe; the others say that they are ready.
            stdout.read_exact(&mut [0; 6]).unwrap();
            let sent = Instant::now();
            let id = child.id().to_string();
            assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
            assert_eq!(child.wait().unwrap().code(), Some(code), "{endless}");
            assert!(sent.elapsed() < Duration::from_secs(1), "{endless} took {:?}", sent.elapsed());
        }
    }
}

#[test]
fn a_component_that_never_waits_hears_of_connections() {
    let (mut child, _stdout, address) = start(&["--listen=127.0.0.1:0"], &["accept-busily"]);
    let _client = TcpStream::connect(address).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_component_that_holds_more_than_its_limits_is_told_which() {
    let (_, stderr, code) = run(&["--listen=127.0.0.1:0", "--max-fds=20"], &["hold"]);
    assert_eq!(code, Some(134), "{stderr}");
    assert!(stderr.contains("it holds more than its limit of 20 fds; --max-fds sets it"), "{stderr}");
}

#[test]
fn a_second_start_finds_the_compiled_component() {
    let program = Program::new();
    let cache = program.folder.path().join("cache");
    let mut command = command(&["--listen=127.0.0.1:0"], &["exit", "0"]);
    command.env("WASI_POLL_CACHE", &cache);
    for _ in 0..2 {
        assert_eq!(command.status().unwrap().code(), Some(0));
        assert!(fs::read_dir(cache.join("wasmtime/modules")).unwrap().next().is_some());
    }
}
