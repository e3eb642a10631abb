//! Sockets that the program was started with, as systemd hands them over.

mod guest;
mod program;

use guest::text;
use program::Program;
use std::fs::File;
use std::io::Read;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

/// The program with `first` at fd 3 and `second` at fd 4, as a service's main process: a shell makes its own stdin and
/// stdout those two, and becomes the program.
fn command(program: &Program, first: impl Into<OwnedFd>, second: Option<OwnedFd>) -> Command {
    let plain = program.command();
    let mut command = Command::new("sh");
    let count = if second.is_some() { "2" } else { "1" };
    let handed = if second.is_some() { "3<&0 4<&1 0</dev/null 1>&2" } else { "3<&0 0</dev/null" };
    command.args(["-c", &format!("LISTEN_PID=$$ exec \"$0\" \"$@\" {handed}")]);
    command.arg(plain.get_program()).args(plain.get_args()).arg("--listen-fds");
    for (name, value) in plain.get_envs() {
        value.map(|value| command.env(name, value));
    }
    command.env("LISTEN_FDS", count).env_remove("LISTEN_FDNAMES");
    command.stdin(first.into()).stderr(Stdio::piped());
    command.stdout(second.map_or_else(Stdio::piped, Stdio::from));
    command
}

#[track_caller]
fn is_refused(command: &mut Command, guest: &Path, told: &str) {
    let output = command.arg(guest).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains(told), "{stderr:?} doesn't say {told:?}");
}

/// Accepts at an fd, sends all of its variables, and ends.
fn server(fd: u32) -> String {
    format!(
        "(call $must (call $environ_sizes_get (i32.const 64) (i32.const 68)) (i32.const 1))
        (call $must (call $environ_get (i32.const 1024) (i32.const 4096)) (i32.const 2))
        (call $must (call $sock_accept (i32.const {fd}) (i32.const 0) (i32.const 32)) (i32.const 3))
        (call $iovec (i32.const 4096) (i32.load (i32.const 68)))
        (call $must
            (call $fd_write (i32.load (i32.const 32)) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 5))"
    )
}

/// The variables that a guest sends who connects.
fn variables(listener: std::net::SocketAddr) -> Vec<String> {
    let mut answer = String::new();
    TcpStream::connect(listener).unwrap().read_to_string(&mut answer).unwrap();
    let mut variables: Vec<String> = answer.trim_end_matches('\0').split('\0').map(str::to_owned).collect();
    variables.sort_unstable();
    variables
}

#[test]
fn a_listener_that_was_handed_over_is_the_guests() {
    let program = Program::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut command = command(&program, listener, None);
    command.env("LISTEN_FDNAMES", "web").args(["--listen", "own=127.0.0.1:0", "--inherit-env"]);
    let mut child = command.arg(program.guest(&server(3))).spawn().unwrap();
    let told = variables(address);
    let has = |variable: &str| told.iter().any(|told| told.starts_with(variable));
    assert!(has("LISTEN_FDS=2") && has("LISTEN_FDNAMES=web:own"), "{told:?}");
    assert!(has(&format!("LISTEN_FDADDRS={address},127.0.0.1:")), "{told:?}");
    assert!(has("PATH=") && !has("LISTEN_PID="), "{told:?}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn two_that_were_handed_over_keep_their_order() {
    let program = Program::new();
    let (first, second) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("[::1]:0").unwrap());
    let addresses = [first.local_addr().unwrap(), second.local_addr().unwrap()];
    let mut child =
        command(&program, first, Some(second.into())).arg(program.guest(&server(4))).spawn().unwrap();
    let told = variables(addresses[1]);
    assert!(told.contains(&format!("LISTEN_FDADDRS={},{}", addresses[0], addresses[1])), "{told:?}");
    assert!(told.contains(&"LISTEN_FDNAMES=unknown:unknown".to_owned()), "{told:?}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn workers_take_turns_at_a_listener_that_was_handed_over() {
    let program = Program::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let guest = program.guest(&server(3));
    let mut child = command(&program, listener, None).arg("--workers=2").arg(guest).spawn().unwrap();
    // Each serves one, and ends: whoever takes the second is the other one.
    let number = |told: Vec<String>| told.into_iter().find(|told| told.starts_with("WASI_POLL_WORKER="));
    let (one, other) = (number(variables(address)).unwrap(), number(variables(address)).unwrap());
    assert_ne!(one, other);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_datagram_socket_that_was_handed_over_is_claimed_by_its_address() {
    let program = Program::new();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    // Only a grant makes `/net`, behind the socket; it names another address.
    let path = format!("udp/bind/{address}");
    let items = format!("(data (i32.const 8192) {path:?})");
    let body = format!(
        "(call $must
            (call $path_open (i32.const 4) (i32.const 1) (i32.const 8192) (i32.const {}) (i32.const 0)
                (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 32))
            (i32.const 1))
        (call $is (i32.load (i32.const 32)) (i32.const 3) (i32.const 2))
        (call $iovec (i32.const 1024) (i32.const 512))
        (call $must (call $fd_read (i32.const 3) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 3))
        ;; Back to where it came from, address and all.
        (call $iovec (i32.const 1024) (i32.load (i32.const 8)))
        (call $must (call $fd_write (i32.const 3) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 4))",
        path.len()
    );
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let grant = format!("--allow-udp={}", peer.local_addr().unwrap());
    let guest = program.file("guest.wasm", text(&items, &body));
    let mut child = command(&program, socket, None).arg(grant).arg(guest).spawn().unwrap();
    peer.send_to(b"back", address).unwrap();
    let mut answer = [0; 16];
    peer.set_read_timeout(Some(guest::PATIENCE)).unwrap();
    assert_eq!(peer.recv_from(&mut answer).unwrap(), (4, address));
    assert_eq!(&answer[..4], b"back");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_cannot_be_a_guests_is_refused_with_its_number() {
    let program = Program::new();
    let guest = program.guest("");
    let file = File::open(&guest).unwrap();
    is_refused(&mut command(&program, file, None), &guest, "fd 3: it is neither a TCP listener nor a UDP");
    let unix = UnixListener::bind(program.folder.path().join("socket")).unwrap();
    is_refused(
        command(&program, unix, None).env("LISTEN_FDNAMES", "control"),
        &guest,
        "fd 3 (control): it is neither",
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    is_refused(
        &mut command(&program, listener, Some(stream.into())),
        &guest,
        "fd 4: it is a stream and doesn't",
    );
}

#[test]
fn a_variable_that_is_not_meant_for_this_process_is_refused() {
    let program = Program::new();
    let guest = program.guest("");
    program.says(&["--listen-fds"], &guest, 2, "LISTEN_FDS is not set");
    for (count, told) in [("many", "\"many\""), ("0", "\"0\""), ("4000000000", "from 1 to 1024")] {
        let mut command = program.command();
        is_refused(command.arg("--listen-fds").env("LISTEN_FDS", count), &guest, told);
    }
    let mut command = program.command();
    command.arg("--listen-fds").env("LISTEN_FDS", "1").env("LISTEN_PID", "1");
    is_refused(&mut command, &guest, "LISTEN_PID is \"1\", and this process is");
}

#[test]
fn without_the_flag_nothing_is_taken_over() {
    let program = Program::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = program.command();
    command.stdin(OwnedFd::from(listener)).env("LISTEN_FDS", "1");
    // No socket, and no variable that the host was told.
    let body = "
        (call $is (call $fd_fdstat_get (i32.const 3) (i32.const 512)) (i32.const 8) (i32.const 1))";
    let output = command.arg(program.guest(body)).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
