//! The network directory as a guest meets it: in its calls, and on the loopback interface.

mod guest;

use guest::script::Script;
use guest::{Lines, write_subscription};
use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use tempfile::TempDir;
use wasi_poll_host::{Grants, Outcome, TraceFormat};

const ACCES: u32 = 2;
const BADF: u32 = 8;
const CONNREFUSED: u32 = 14;
const ISDIR: u32 = 31;
const NOTSUP: u32 = 58;
const PERM: u32 = 63;
const XDEV: u32 = 75;
const NONBLOCK: u32 = 4;

/// Grants of one kind, by the kind's name.
fn grant(kind: &str, rule: &str) -> Grants {
    let mut grants = Grants::default();
    match kind {
        "connect" => grants.connect.push(rule.parse().unwrap()),
        "listen" => grants.listen.push(rule.parse().unwrap()),
        "udp" => grants.udp.push(rule.parse().unwrap()),
        _ => grants.dns.push(rule.parse().unwrap()),
    }
    grants
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// An address nobody listens on: bound, so that nobody else gets it, and not listening.
fn silent_address() -> (SocketAddr, std::os::fd::OwnedFd) {
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};
    let bound = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&bound, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    (getsockname(&bound).unwrap().try_into().unwrap(), bound)
}

/// Greets the first that connects, and answers its `hello`.
fn greeter() -> (SocketAddr, thread::JoinHandle<()>) {
    let (listener, address) = listener();
    let greeting = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"hello");
        stream.write_all(b"welcome").unwrap();
    });
    (address, greeting)
}

#[track_caller]
fn nobody_connected(listener: &TcpListener) {
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_scan_of_preopens_finds_the_directory_behind_listeners_and_directories() {
    let folder = TempDir::new().unwrap();
    let mut script = Script::default();
    script
        .answers("(call $fd_prestat_get (i32.const 4) (i32.const 64))", 0)
        .answers("(i32.load (i32.const 68))", 6)
        .answers("(call $fd_prestat_get (i32.const 5) (i32.const 64))", 0)
        .answers("(i32.load8_u (i32.const 64))", 0)
        .answers("(i32.load (i32.const 68))", 4)
        .answers("(call $fd_prestat_dir_name (i32.const 5) (i32.const 1024) (i32.const 4))", 0)
        .holds(1024, "(i32.const 4)", "/net")
        .answers("(call $fd_fdstat_get (i32.const 5) (i32.const 64))", 0)
        .answers("(i32.load8_u (i32.const 64))", 3)
        .answers("(call $fd_filestat_get (i32.const 5) (i32.const 64))", 0)
        .answers("(i32.load8_u (i32.const 80))", 3)
        .answers("(call $fd_prestat_get (i32.const 6) (i32.const 64))", BADF);
    let runner = script.runner(Grants::all()).listen(None, (Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    script.ends(runner.dir(folder.path(), "/first").unwrap());
}

#[test]
fn without_a_grant_there_is_no_directory() {
    Script::default()
        .answers("(call $fd_prestat_get (i32.const 3) (i32.const 64))", BADF)
        .runs(Grants::default());
}

#[test]
fn a_granted_connection_is_there_when_a_blocking_open_returns() {
    let (address, greeting) = greeter();
    let mut script = Script::default();
    script.opens(&format!("tcp/connect/{address}"), 0, 0);
    script.answers("(i32.load (i32.const 32))", 4);
    script.reads("fd/4/peer", &address.to_string());
    script.sends(4, "hello").receives(4, 0).holds(1024, "(i32.load (i32.const 40))", "welcome");
    script.runs(grant("connect", &address.to_string()));
    greeting.join().unwrap();
}

#[test]
fn a_refused_connection_is_told_by_a_blocking_open() {
    let (address, _bound) = silent_address();
    let mut script = Script::default();
    script.opens(&format!("tcp/connect/{address}"), 0, CONNREFUSED);
    script.answers("(call $fd_close (i32.const 4))", BADF).runs(grant("connect", "127.0.0.0/8"));
}

#[test]
fn a_refused_connection_makes_a_nonblocking_stream_writable_and_its_error_is_told_once() {
    let (address, _bound) = silent_address();
    let mut script = Script::default();
    write!(script.items, "(data (i32.const 64) \"{}\")", write_subscription(1, 4)).unwrap();
    script.opens(&format!("tcp/connect/{address}"), NONBLOCK, 0);
    script
        .answers("(call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8))", 0)
        .reads("fd/4/error", "14")
        .reads("fd/4/error", "0")
        .runs(grant("connect", "127.0.0.0/8"));
}

#[test]
fn a_blocked_connect_ends_when_it_is_killed() {
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
    // Its queue has room for one, and nobody accepts it: the next waits for ever.
    let full = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&full, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    listen(&full, 0).unwrap();
    let address: SocketAddr = getsockname(&full).unwrap().try_into().unwrap();
    let _first = TcpStream::connect(address).unwrap();
    let mut script = Script::default();
    script.body.push_str("(call $say (i32.const 16) (i32.const 6))");
    script.opens(&format!("tcp/connect/{address}"), 0, 0);
    let (stdout, lines) = Lines::new();
    let runner = script.runner(grant("connect", "127.0.0.1")).stdout(stdout);
    let killer = runner.killer();
    let running = thread::spawn(move || runner.run());
    assert_eq!(lines.recv_timeout(guest::PATIENCE).unwrap(), "ready");
    killer.kill();
    assert_eq!(running.join().unwrap().unwrap(), Outcome::Killed);
}

#[test]
fn what_is_not_granted_is_refused_told_once_and_never_reaches_the_network() {
    let (listener, address) = listener();
    let (sender, told) = channel();
    let mut script = Script::default();
    for flags in [0, NONBLOCK, 0] {
        script.opens(&format!("tcp/connect/{address}"), flags, ACCES);
    }
    script.opens(&format!("tcp/listen/{address}"), 0, ACCES);
    script.opens(&format!("udp/bind/{address}"), 0, ACCES);
    script.reads_link("dns/www.example.org", ACCES);
    let runner = script.runner(grant("connect", "127.0.0.1:1"));
    script.ends(runner.on_refusal(move |refusal| sender.send(refusal.to_string()).unwrap()));
    assert_eq!(
        told.iter().collect::<Vec<_>>(),
        [
            format!("the guest may not connect to {address}; --allow-connect {address} would allow it"),
            format!("the guest may not listen on {address}; --allow-listen {address} would allow it"),
            format!(
                "the guest may not send datagrams from or to {address}; --allow-udp {address} would allow it"
            ),
            "the guest may not look up www.example.org; --allow-dns www.example.org would allow it"
                .to_owned(),
        ]
    );
    nobody_connected(&listener);
}

#[test]
fn a_rule_on_a_name_allows_the_addresses_it_has() {
    let (address, greeting) = greeter();
    let mut script = Script::default();
    script.opens(&format!("tcp/connect/127.0.0.2:{}", address.port()), 0, ACCES);
    script.opens(&format!("tcp/connect/{address}"), 0, 0);
    script.sends(4, "hello").receives(4, 0);
    script.runs(grant("connect", &format!("localhost:{}", address.port())));
    greeting.join().unwrap();
}

#[test]
fn a_granted_name_is_looked_up() {
    let mut script = Script::default();
    script.reads_link("dns/localhost", 0).answers("(i32.gt_u (i32.load (i32.const 40)) (i32.const 2))", 1);
    script.reads_link("dns/localhost.example.org", ACCES);
    script.runs(grant("dns", "localhost"));
    let mut script = Script::default();
    script.reads_link("dns/localhost", ACCES).runs(grant("listen", "127.0.0.1"));
}

#[test]
fn a_listener_of_the_guests_own_accepts() {
    let mut script = Script::default();
    script.opens("tcp/listen/127.0.0.1:0", 0, 0).reads_link("fd/4/local", 0);
    // Its address to stdout, with a line's end.
    script.body.push_str(
        "(i32.store8 (i32.add (i32.const 1024) (i32.load (i32.const 40))) (i32.const 10))
         (call $say (i32.const 1024) (i32.add (i32.load (i32.const 40)) (i32.const 1)))",
    );
    script.answers("(call $sock_accept (i32.const 4) (i32.const 0) (i32.const 32))", 0).sends(5, "hello");
    let (stdout, lines) = Lines::new();
    let runner = script.runner(grant("listen", "127.0.0.1")).stdout(stdout);
    let running = thread::spawn(move || runner.run());
    let address: SocketAddr = lines.recv_timeout(guest::PATIENCE).unwrap().parse().unwrap();
    let mut heard = String::new();
    TcpStream::connect(address).unwrap().read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "hello");
    assert_eq!(running.join().unwrap().unwrap(), Outcome::Exited(0));
}

#[test]
fn a_connected_datagram_socket_echoes() {
    let echo = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = echo.local_addr().unwrap();
    let echoing = thread::spawn(move || {
        let mut heard = [0; 64];
        let (length, from) = echo.recv_from(&mut heard).unwrap();
        echo.send_to(&heard[..length], from).unwrap();
    });
    let mut script = Script::default();
    script.opens("udp/bind/127.0.0.1:0", 0, 0);
    script.sets("fd/4/peer", "127.0.0.2:9", ACCES).sets("fd/4/peer", &address.to_string(), 0);
    script.reads("fd/4/peer", &address.to_string());
    script.sends(4, "hello").receives(4, 0).holds(1024, "(i32.load (i32.const 40))", "hello");
    script.runs(grant("udp", "127.0.0.1"));
    echoing.join().unwrap();
}

#[test]
fn an_attribute_that_is_set_is_read_back() {
    let (listener, address) = listener();
    let mut script = Script::default();
    script.opens(&format!("tcp/connect/{address}"), 0, 0);
    for (path, value) in [("fd/4/nodelay", "1"), ("fd/4/nodelay", "0"), ("fd/4/ttl", "17")] {
        script.sets(path, value, 0).reads(path, value);
    }
    script.runs(grant("connect", "*"));
    drop(listener);
}

#[test]
fn nothing_is_created_moved_or_read_in_the_directory() {
    let folder = TempDir::new().unwrap();
    let mut script = Script::default();
    let path = script.text("tcp");
    // The directory of files is at 3, and this one at 4.
    for (call, errno) in [
        (format!("(call $path_rename (i32.const 3) {path} (i32.const 4) {path})"), XDEV),
        (format!("(call $path_rename (i32.const 4) {path} (i32.const 3) {path})"), XDEV),
        (format!("(call $path_rename (i32.const 4) {path} (i32.const 4) {path})"), PERM),
        (format!("(call $path_rename (i32.const 4) {path} (i32.const 9) {path})"), BADF),
        (format!("(call $path_link (i32.const 3) (i32.const 0) {path} (i32.const 4) {path})"), XDEV),
        (format!("(call $path_link (i32.const 4) (i32.const 0) {path} (i32.const 4) {path})"), PERM),
        (format!("(call $path_unlink_file (i32.const 4) {path})"), PERM),
        (format!("(call $path_create_directory (i32.const 4) {path})"), PERM),
        (format!("(call $path_remove_directory (i32.const 4) {path})"), PERM),
        (
            "(call $fd_readdir (i32.const 4) (i32.const 1024) (i32.const 64) (i64.const 0) (i32.const 8))"
                .into(),
            NOTSUP,
        ),
        ("(call $fd_read (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 8))".into(), ISDIR),
        ("(call $fd_write (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 8))".into(), ISDIR),
        ("(call $fd_seek (i32.const 4) (i64.const 0) (i32.const 0) (i32.const 8))".into(), ISDIR),
        ("(call $fd_fdstat_set_flags (i32.const 4) (i32.const 4))".into(), ISDIR),
    ] {
        script.answers(&call, errno);
    }
    script.ends(script.runner(Grants::all()).dir(folder.path(), "/first").unwrap());
}

#[test]
fn the_directory_can_be_renumbered_and_closed() {
    Script::default()
        .answers("(call $fd_renumber (i32.const 3) (i32.const 0))", 0)
        .answers("(call $fd_prestat_get (i32.const 0) (i32.const 64))", 0)
        .answers("(call $fd_close (i32.const 0))", 0)
        .answers("(call $fd_prestat_get (i32.const 0) (i32.const 64))", BADF)
        .runs(Grants::all());
}

/// The lines of a trace of a few calls.
fn trace(format: TraceFormat) -> Receiver<String> {
    let mut script = Script::default();
    script.opens("udp/bind/127.0.0.1:0", 0, 0).sets("fd/4/ttl", "9", 0);
    // A path that a terminal must not obey.
    let path = script.text("dns/\u{7f}[2J");
    script.answers(
        &format!("(call $path_readlink (i32.const 3) {path} (i32.const 1024) (i32.const 8) (i32.const 40))"),
        28,
    );
    let (sink, lines) = Lines::new();
    script.ends(script.runner(Grants::all()).trace(sink, format));
    lines
}

#[test]
fn a_trace_names_the_paths_escaped() {
    let told: Vec<String> = trace(TraceFormat::Text)
        .iter()
        .map(|line| line.split_once(' ').unwrap().1.rsplit_once(" [").unwrap().0.to_owned())
        .collect();
    assert_eq!(
        told,
        [
            r#"path_open fd 3 "udp/bind/127.0.0.1:0": fd 4"#,
            r#"path_symlink fd 3 "fd/4/ttl" to "9": done"#,
            r#"path_readlink fd 3 "dns/\u{7f}[2J": EINVAL"#,
            "end: exit code 0",
        ]
    );
    let objects: Vec<serde_json::Value> =
        trace(TraceFormat::Json).iter().skip(1).map(|line| serde_json::from_str(&line).unwrap()).collect();
    assert_eq!((&objects[0]["path"], &objects[0]["new_fd"]), (&"udp/bind/127.0.0.1:0".into(), &4.into()));
    assert_eq!((&objects[1]["path"], &objects[1]["target"]), (&"fd/4/ttl".into(), &"9".into()));
    assert_eq!((&objects[2]["path"], &objects[2]["errno"]), (&"dns/\u{7f}[2J".into(), &"EINVAL".into()));
}
