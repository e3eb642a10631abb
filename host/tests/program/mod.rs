//! The program `wasi-poll` as a test runs it: with a cache of its own, and a folder for guests.
#![allow(dead_code, reason = "each test program uses some of it")]

use crate::guest::text;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The program with a cache of its own, and a folder for guests.
pub struct Program {
    pub folder: TempDir,
    /// A library that is there before all others.
    preloaded: Option<PathBuf>,
}

impl Program {
    pub fn new() -> Program {
        Program { folder: TempDir::new().unwrap(), preloaded: None }
    }

    /// On a system whose look-ups of names never end, as where the server of names is silent.
    pub fn on_silent_names() -> Program {
        let mut program = Program::new();
        let source = program.file("silent.c", "int pause(void); int getaddrinfo(void) { for (;;) pause(); }");
        let library = program.folder.path().join("silent.so");
        let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status();
        assert!(compiled.unwrap().success());
        program.preloaded = Some(library);
        program
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// A guest of that body.
    pub fn guest(&self, body: &str) -> PathBuf {
        self.file("guest.wasm", text("", body))
    }

    /// `wasi-poll run` with nothing of this process's environment that could change it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wasi-poll"));
        command
            .arg("run")
            .env_remove("WASI_POLL_LISTEN")
            .env("WASI_POLL_CACHE", self.folder.path().join("cache"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(self.preloaded.iter().map(|library| ("LD_PRELOAD", library)));
        command
    }

    pub fn run(&self, arguments: &[&str], guest: &PathBuf) -> Output {
        self.command().args(arguments).arg(guest).output().unwrap()
    }

    /// That it exits with `code` and says `told`.
    #[track_caller]
    pub fn says(&self, arguments: &[&str], guest: &PathBuf, code: i32, told: &str) {
        let output = self.run(arguments, guest);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains(told), "{stderr:?} doesn't say {told:?}");
    }
}

/// Starts a guest with pipes, and waits until it says `ready`.
pub fn start(program: &Program, guest: &PathBuf, stdin: Stdio) -> (Child, BufReader<ChildStdout>) {
    let mut child = program.command().arg("--listen=127.0.0.1:0").arg(guest).stdin(stdin).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    (child, stdout)
}

/// The address of a listener whose queue is full, so that no connect to it is answered; and what keeps it so.
pub fn full_listener() -> (SocketAddr, (OwnedFd, Vec<TcpStream>)) {
    use rustix::net::{AddressFamily, SocketType, bind, listen, socket};
    let listener = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&listener, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    listen(&listener, 0).unwrap();
    let address = SocketAddr::try_from(rustix::net::getsockname(&listener).unwrap()).unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        waiting.push(stream);
        assert!(waiting.len() < 100, "the queue doesn't fill");
    }
    (address, (listener, waiting))
}
