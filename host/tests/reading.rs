//! `wasi-poll doctor` and `show`: what they say of a trace, what they write, and their exit codes.

mod guest;

use guest::{clock_subscription, module};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;
use wasi_poll_host::{Outcome, Runner, TraceFormat};

/// Accepts, reads, sends it back, and closes: all of it waiting.
const ECHO: &str = "
    (call $must (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)) (i32.const 1))
    (local.set $fd (i32.load (i32.const 32)))
    (call $iovec (i32.const 1024) (i32.const 64))
    (call $must (call $fd_read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 2))
    (call $iovec (i32.const 1024) (i32.load (i32.const 8)))
    (call $must (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 3))
    (call $must (call $fd_close (local.get $fd)) (i32.const 4))";

/// Polls a clock that is over at once, 40 times 5 times.
const SPIN: &str = "
    (loop $again
        (call $must (call $poll_oneoff (i32.const 64) (i32.const 512) (i32.const 1) (i32.const 8)) (i32.const 1))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $n) (i32.const 200))))";

const SENT: &[u8] = b"\x1b[2Jhello";

/// The trace of an echo, and the addresses of who talked: the guest, and the client.
fn echo(folder: &TempDir, data: bool) -> (PathBuf, String, String) {
    let path = folder.path().join("echo.json");
    let runner = Runner::new(&module("", ECHO))
        .and_then(|runner| runner.listen(None, (Ipv4Addr::LOCALHOST, 0).into()))
        .unwrap()
        .trace(File::create(&path).unwrap(), TraceFormat::Json)
        .trace_data(data);
    let server = runner.listeners()[0].address;
    let mut peer = TcpStream::connect(server).unwrap();
    peer.write_all(SENT).unwrap();
    assert_eq!(runner.run().unwrap(), Outcome::Exited(0));
    let mut echoed = Vec::new();
    peer.read_to_end(&mut echoed).unwrap();
    assert_eq!(echoed, SENT);
    (path, server.to_string(), peer.local_addr().unwrap().to_string())
}

fn spin(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("spin.json");
    let items = format!("(data (i32.const 64) \"{}\")", clock_subscription(5, 0));
    let runner =
        Runner::new(&module(&items, SPIN)).unwrap().trace(File::create(&path).unwrap(), TraceFormat::Json);
    assert_eq!(runner.run().unwrap(), Outcome::Exited(0));
    path
}

fn program(arguments: &[&str], trace: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasi-poll"));
    command.args(arguments).arg(trace).stdin(Stdio::null()).output().unwrap()
}

/// That it exits with `code`, and all of this is on stdout or stderr.
#[track_caller]
fn says(arguments: &[&str], trace: &Path, code: i32, told: &[&str]) {
    let output = program(arguments, trace);
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    assert_eq!(output.status.code(), Some(code), "{said}");
    for told in told {
        assert!(said.contains(told), "{said:?} doesn't say {told:?}");
    }
}

#[test]
fn the_doctor_exits_with_0_when_nothing_is_wrong() {
    let folder = TempDir::new().unwrap();
    says(&["doctor"], &echo(&folder, false).0, 0, &["the doctor finds nothing wrong in 5 calls"]);
}

#[test]
fn the_doctor_exits_with_1_when_something_is_as_bad_as_asked() {
    let folder = TempDir::new().unwrap();
    let trace = spin(&folder);
    let told = ["error: spinning, in guest.wasm", "what ", "calls  #1, #2", "why ", "do ", "1 errors"];
    says(&["doctor"], &trace, 1, &told);
    says(&["doctor", "--level", "error"], &trace, 1, &told);
    says(&["doctor", "--level", "awful"], &trace, 2, &["note, warning or error"]);

    // Half as many are a warning.
    let text = fs::read_to_string(&trace).unwrap();
    let some: String = text.split_inclusive('\n').take(101).collect();
    let short = folder.path().join("short.json");
    fs::write(&short, some).unwrap();
    says(&["doctor"], &short, 1, &["warning: spinning"]);
    says(&["doctor", "--level", "error"], &short, 0, &["warning: spinning"]);
}

#[test]
fn what_is_no_trace_is_2_and_its_line_is_told() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("missing.json");
    let path = missing.display().to_string();
    for command in ["doctor", "show"] {
        says(&[command], &missing, 2, &["cannot read the trace", &path]);
    }
    let text = folder.path().join("text.trace");
    fs::write(&text, "0.000000001 fd_close fd 3: done [5 ns]\n").unwrap();
    says(&["doctor"], &text, 2, &["line 1: ", "--trace-format json"]);
    let (trace, ..) = echo(&folder, false);
    fs::write(&text, fs::read_to_string(trace).unwrap().replace("fd_write", "fd_write\u{1}\"")).unwrap();
    says(&["doctor"], &text, 2, &["line 4: "]);
}

#[test]
fn a_picture_is_written_with_a_row_for_each_socket() {
    let folder = TempDir::new().unwrap();
    let (trace, _, client) = echo(&folder, false);
    let svg = folder.path().join("echo.svg");
    says(&["show", "--svg", svg.to_str().unwrap()], &trace, 0, &[]);
    let drawn = fs::read_to_string(svg).unwrap();
    assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"));
    assert!(drawn.contains(&format!("← {client}</text>")), "{drawn}");
}

#[test]
fn a_trace_is_shown_in_a_terminal_alone() {
    let folder = TempDir::new().unwrap();
    says(&["show"], &echo(&folder, false).0, 2, &["in a terminal, and this is none", "--svg"]);
}

#[test]
fn packets_need_the_bytes_in_the_trace_and_leave_the_file_alone_without() {
    let folder = TempDir::new().unwrap();
    let packets = folder.path().join("echo.pcapng");
    fs::write(&packets, "kept").unwrap();
    let arguments = ["show", "--pcap", packets.to_str().unwrap()];
    says(&arguments, &echo(&folder, false).0, 2, &["echo.pcapng", "--trace-data"]);
    assert_eq!(fs::read_to_string(packets).unwrap(), "kept");
}

#[test]
fn tshark_reads_what_crossed_the_sockets() {
    let version = Command::new("tshark").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        // Past the test harness, which keeps what a passing test prints: whoever counts skips sees this.
        let skipped = "test tshark_reads_what_crossed_the_sockets ... ignored, tshark is not installed here";
        writeln!(io::stdout(), "{skipped}").unwrap();
        return;
    }
    let folder = TempDir::new().unwrap();
    let (trace, server, client) = echo(&folder, true);
    let packets = folder.path().join("echo.pcapng");
    says(&["show", "--pcap", packets.to_str().unwrap()], &trace, 0, &[]);

    let tshark = |arguments: &[&str]| {
        let mut command = Command::new("tshark");
        command
            .args(["-r", packets.to_str().unwrap()])
            .args(["-o", "tcp.check_checksum:TRUE"])
            .args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let port = |address: &str| address.rsplit(':').next().unwrap().to_owned();
    let (server, client) = (port(&server), port(&client));
    let hello = SENT.iter().fold(String::new(), |hello, byte| hello + &format!("{byte:02x}"));
    let fields = ["-T", "fields", "-e", "tcp.srcport", "-e", "tcp.dstport", "-e", "tcp.payload"];
    let payloads = tshark(&[&fields[..], &["-Y", "tcp.payload"]].concat());
    assert_eq!(payloads, format!("{client}\t{server}\t{hello}\n{server}\t{client}\t{hello}\n"));
    let flags = tshark(&["-T", "fields", "-e", "tcp.flags.str", "-Y", "tcp"]);
    assert_eq!(flags.lines().count(), 6, "a handshake, two ways, and the guest's end: {flags}");
    let wrong = "_ws.malformed || tcp.checksum.status == \"Bad\" || tcp.analysis.flags";
    assert_eq!(tshark(&["-Y", wrong]), "", "tshark takes offence at nothing");
}

#[test]
fn a_guest_shown_live_without_a_terminal_is_a_line_a_second_on_stderr() {
    let folder = TempDir::new().unwrap();
    let items = format!("(data (i32.const 64) \"{}\")", clock_subscription(5, 10_000_000));
    let guest = folder.path().join("guest.wat");
    fs::write(&guest, guest::text(&items, SPIN)).unwrap();
    let output = program(&["run", "--live"], &guest);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let polls = |line: &str| Some(line.split(", ").nth(1)?.strip_suffix(" polls/s")?.parse::<u64>().unwrap());
    let lines: Vec<u64> = stderr.lines().filter_map(polls).collect();
    assert!(lines.len() >= 2, "200 polls of 10 ms and more: {stderr}");
    // The last is of whatever time was left.
    assert!((1..=110).contains(&lines[0]), "{stderr}");
}
