//! A case's guest half in a process of its own, natively or under the host's binary, whose stdio its other half holds.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail, ensure};

use crate::verdict::CASE_TIME;
use crate::{Case, World, build, native, wasip1};

/// A process, killed when dropped, or when its time is over: then its pipes end, and so does every wait for them.
#[derive(Debug)]
pub struct Process {
    child: Arc<Mutex<Child>>,
    /// Dropped, it ends the watch over the time.
    _alive: Sender<()>,
    /// Its stdin, if that is a pipe and still open.
    pub stdin: Option<ChildStdin>,
    /// Its stdout, if that is a pipe.
    pub stdout: Option<BufReader<ChildStdout>>,
    stderr: BufReader<ChildStderr>,
}

impl Process {
    /// Starts a case's guest half.
    ///
    /// # Errors
    /// When it doesn't build, or start.
    pub fn start(name: &str, case: &Case, world: World, stdin: Stdio, stdout: Stdio) -> Result<Process> {
        let addresses = native::addresses(case);
        let mut command = command(world, &addresses)?;
        command.args([name, &world.to_string(), "-"]).args(addresses.iter().map(ToString::to_string));
        command.stdin(stdin).stdout(stdout).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("start {command:?}"))?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().map(BufReader::new));
        let stderr = BufReader::new(child.stderr.take().context("its stderr is a pipe")?);
        let child = Arc::new(Mutex::new(child));
        let (alive, ended) = mpsc::channel::<()>();
        let watched = Arc::clone(&child);
        thread::spawn(move || {
            if ended.recv_timeout(CASE_TIME) == Err(mpsc::RecvTimeoutError::Timeout) {
                end(&watched);
            }
        });
        Ok(Process { child, _alive: alive, stdin, stdout, stderr })
    }

    /// Its stdin, which is a pipe.
    ///
    /// # Errors
    /// When it isn't, or is closed.
    pub fn stdin(&mut self) -> Result<&mut ChildStdin> {
        self.stdin.as_mut().context("its stdin is no pipe of ours")
    }

    /// The next line on its stdout, which begins like this; what follows.
    ///
    /// # Errors
    /// When it is another, or it has ended.
    pub fn hear(&mut self, beginning: &str) -> Result<String> {
        let mut line = String::new();
        self.stdout.as_mut().context("its stdout is no pipe of ours")?.read_line(&mut line)?;
        self.rest(&line, beginning)
    }

    /// The next line on its stderr, which begins like this; what follows.
    ///
    /// # Errors
    /// When it is another, or it has ended.
    pub fn hear_on_stderr(&mut self, beginning: &str) -> Result<String> {
        let mut line = String::new();
        self.stderr.read_line(&mut line)?;
        self.rest(&line, beginning)
    }

    /// Reads the rest of what it prints, and sees it end well.
    ///
    /// # Errors
    /// When it doesn't.
    pub fn ends_well(mut self) -> Result<Vec<u8>> {
        drop(self.stdin.take());
        let mut printed = Vec::new();
        if let Some(mut stdout) = self.stdout.take() {
            stdout.read_to_end(&mut printed)?;
        }
        let complaints = self.complaints();
        let status = self.child.lock().unwrap_or_else(PoisonError::into_inner).wait()?;
        ensure!(status.success(), "{status}\n{complaints}");
        Ok(printed)
    }

    fn rest(&mut self, line: &str, beginning: &str) -> Result<String> {
        if let Some(rest) = line.strip_suffix('\n').and_then(|line| line.strip_prefix(beginning)) {
            return Ok(rest.to_owned());
        }
        end(&self.child);
        bail!("it was to say {beginning:?}, not {line:?}\n{}", self.complaints())
    }

    fn complaints(&mut self) -> String {
        let mut complaints = String::new();
        // What can't be read says nothing.
        let _ = self.stderr.read_to_string(&mut complaints);
        complaints
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&self.child);
    }
}

fn end(child: &Mutex<Child>) {
    let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

fn command(world: World, addresses: &[SocketAddr]) -> Result<Command> {
    if !world.is_guest() {
        return Ok(Command::new(build::native("conformance", "guest")?));
    }
    let mut command = wasip1::host(addresses);
    // It would say where the guest listens, on the guest's stderr.
    command.arg("--quiet").arg(build::case_guest());
    Ok(command)
}
