//! The flags that grant the network: what they let through, what they say, and what never leaves.

mod guest;
mod program;

use guest::text;
use program::Program;
use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;

/// A guest that opens a path in `/net`, at fd 3, as often as said, and exits with the errno of the last.
fn opener(program: &Program, path: &str, times: usize) -> PathBuf {
    let open = format!(
        "(local.set $n (call $path_open (i32.const 3) (i32.const 1) (i32.const 8192) (i32.const {}) (i32.const 0)
            (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 32)))",
        path.len()
    );
    let items = format!("(data (i32.const 8192) {path:?})");
    let body = format!("{} (call $proc_exit (local.get $n))", open.repeat(times));
    program.file("guest.wasm", text(&items, &body))
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

const ACCES: i32 = 2;
const BADF: i32 = 8;

#[test]
fn a_granted_address_is_connected_to_and_nothing_is_said() {
    let program = Program::new();
    let (listener, address) = listener();
    let guest = opener(&program, &format!("tcp/connect/{address}"), 1);
    for rule in [address.to_string(), format!("localhost:{}", address.port()), "127.0.0.0/8".to_owned()] {
        let output = program.run(&["--allow-connect", &rule], &guest);
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{rule}");
        assert!(listener.accept().is_ok(), "{rule}");
    }
}

#[test]
fn a_refusal_is_a_line_that_names_the_flag_once() {
    let program = Program::new();
    let (listener, address) = listener();
    let guest = opener(&program, &format!("tcp/connect/{address}"), 3);
    let line = format!(
        "wasi-poll: the guest may not connect to {address}; --allow-connect {address} would allow it\n"
    );
    for rule in ["--allow-connect=127.0.0.1:1", "--allow-listen=*", "--allow-udp=*", "--allow-dns=*"] {
        let output = program.run(&[rule], &guest);
        assert_eq!(output.status.code(), Some(ACCES), "{rule}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), line, "{rule}");
    }
    let quiet = program.run(&["--quiet", "--allow-dns", "*"], &guest);
    assert_eq!((quiet.status.code(), quiet.stderr.as_slice()), (Some(ACCES), &b""[..]));
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn without_a_grant_there_is_no_directory_to_ask() {
    let program = Program::new();
    let (_listener, address) = listener();
    let output = program.run(&[], &opener(&program, &format!("tcp/connect/{address}"), 1));
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(BADF), &b""[..]));
}

#[test]
fn all_that_is_inherited_is_said() {
    let program = Program::new();
    let (listener, address) = listener();
    let guest = opener(&program, &format!("tcp/connect/{address}"), 1);
    program.says(
        &["--net-inherit"],
        &guest,
        0,
        "the guest may use all of this machine's network (--net-inherit)",
    );
    assert!(listener.accept().is_ok());
    assert!(program.run(&["--net-inherit", "--quiet"], &guest).stderr.is_empty());
}

#[test]
fn a_file_grants_beside_the_flags() {
    let program = Program::new();
    let (listener, address) = listener();
    let guest = opener(&program, &format!("tcp/connect/{address}"), 1);
    let file = program.file("net.toml", format!("connect = [\"{address}\"]\ndns = [\"*.example.org\"]\n"));
    let file = file.to_str().unwrap();
    assert_eq!(program.run(&["--grants", file], &guest).status.code(), Some(0));
    assert_eq!(program.run(&["--allow-udp", "*", "--grants", file], &guest).status.code(), Some(0));
    assert!(listener.accept().is_ok());
}

#[test]
fn a_bad_rule_is_2_and_names_the_flag_the_rule_and_what_is_wrong() {
    let program = Program::new();
    let guest = program.guest("");
    for (flag, rule, wrong) in [
        ("--allow-connect", "10.0.0.0/33", "`10.0.0.0/33` is no network such as 10.0.0.0/8"),
        ("--allow-connect", "a:b", "`b` is no port"),
        ("--allow-listen", "[::1", "`[::1` opens a bracket"),
        ("--allow-udp", "a b:53", "`a b` is neither an address, a network nor a name"),
        ("--allow-dns", "*example.org", "`*example.org` is neither an address"),
    ] {
        program.says(&[flag, rule], &guest, 2, &format!("invalid value '{rule}' for '{flag} <"));
        program.says(&[flag, rule], &guest, 2, wrong);
    }
}

#[test]
fn a_bad_file_is_2_and_names_the_file_the_key_and_what_is_wrong() {
    let program = Program::new();
    let guest = program.guest("");
    for (content, told) in [
        ("conect = []", "there is nothing to grant called \"conect\", only connect, listen, udp and dns"),
        ("listen = [\"a:b\"]", "listen: `b` is no port"),
        ("dns = \"*\"", "dns is not a list of texts"),
        ("[", "TOML parse error at line 1"),
    ] {
        let file = program.file("net.toml", content);
        let file = file.to_str().unwrap();
        program.says(&["--grants", file], &guest, 2, &format!("--grants {file}: "));
        program.says(&["--grants", file], &guest, 2, told);
        program.says(&["--net-inherit", "--grants", file], &guest, 2, told);
    }
    program.says(&["--grants", "/no/such.toml"], &guest, 2, "--grants /no/such.toml: No such file");
}

#[test]
fn the_help_has_an_example_of_each_flag() {
    let help = Command::new(env!("CARGO_BIN_EXE_wasi-poll")).args(["run", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for flag in ["allow-connect", "allow-listen", "allow-udp", "allow-dns", "grants", "net-inherit"] {
        assert!(help.contains(&format!("`--{flag}")), "{help}");
    }
}

/// Row 21, at the system's own door: no call that could make a packet names the address.
#[test]
fn nothing_leaves_the_host_for_what_is_not_granted() {
    let program = Program::new();
    let log = program.folder.path().join("strace");
    let traced = |grant: &str, guest: &PathBuf| {
        let run = program.command();
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-e", "trace=%network", "-o"]).arg(&log).arg(run.get_program());
        strace.args(run.get_args()).args(["--quiet", "--allow-connect", grant]).arg(guest);
        strace.env("WASI_POLL_CACHE", program.folder.path().join("cache"));
        let code = strace.output().ok()?.status.code()?;
        fs::read_to_string(&log).ok().map(|log| (code, log))
    };
    if Command::new("strace").args(["-f", "true"]).output().is_ok_and(|output| output.status.success()) {
        let (_listener, address) = listener();
        let port = format!("htons({})", address.port());
        let guest = opener(&program, &format!("tcp/connect/{address}"), 2);
        let (code, log) = traced("127.0.0.1:1", &guest).expect("strace runs the program");
        assert_eq!(code, ACCES);
        assert!(!log.contains(&port) && !log.contains("connect("), "{log}");
        // That strace would have seen it.
        let (code, log) = traced(&address.to_string(), &guest).expect("strace runs the program");
        assert_eq!(code, 0);
        assert_eq!(
            log.lines().filter(|line| line.contains("connect(") && line.contains(&port)).count(),
            2,
            "{log}"
        );
    } else {
        // Past the test harness, which keeps what a passing test prints: whoever counts skips sees this.
        let name = "nothing_leaves_the_host_for_what_is_not_granted";
        writeln!(io::stdout(), "test {name} ... ignored, strace is not installed here, or may not trace")
            .unwrap();
    }
}
