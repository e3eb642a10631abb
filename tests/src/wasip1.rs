//! The wasip1 world: the guest half in the host's own process, on the operating system's sockets.

use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::os_peer::Os;
use crate::verdict::{self, CASE_TIME, Said};
use crate::{Case, Peer, World, build, native};

/// What a guest finds its directory as.
pub const GUEST_DIRECTORY: &str = "/data";

/// Runs a case.
///
/// # Panics
/// When it fails.
pub fn run(name: &str, case: &Case) {
    let (said, heard, log) = verdict::lines();
    let directory = case.directory.then(native::greeting);
    let addresses = native::addresses(case);
    let path = directory.as_ref().map(tempfile::TempDir::path);

    let mut hosted = Hosted::start(build::case_guest(), path, &addresses, &[], &{
        let mut args = vec![name.into(), World::Wasip1.to_string()];
        args.push(path.map_or("-".into(), |_| GUEST_DIRECTORY.into()));
        args.extend(addresses.iter().map(ToString::to_string));
        args
    })
    .expect("the host starts");
    hosted.pass_lines_to(said);

    let peer = (case.peer)(&mut Peer::new(Os(heard)));
    let guest = hosted.end();
    verdict::judge(name, World::Wasip1, &log, guest, peer);
}

/// A guest on the host's binary. Killed when dropped.
#[derive(Debug)]
pub struct Hosted {
    child: Child,
    deadline: Instant,
}

impl Hosted {
    /// Starts a guest. Its standard output is still to be read.
    ///
    /// # Errors
    /// When the host can't be started.
    pub fn start(
        module: &Path,
        directory: Option<&Path>,
        listen: &[SocketAddr],
        options: &[&str],
        args: &[String],
    ) -> io::Result<Hosted> {
        let mut command = Command::new(build::host());
        command.arg("run").args(options);
        for address in listen {
            command.arg("--listen").arg(address.to_string());
        }
        if let Some(directory) = directory {
            command.arg("--dir").arg(format!("{}::{GUEST_DIRECTORY}", directory.display()));
        }
        command.arg(module).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(Hosted { child: command.spawn()?, deadline: Instant::now() + CASE_TIME })
    }

    /// Passes on what the guest prints, from a thread.
    ///
    /// # Panics
    /// When its output was taken before.
    pub fn pass_lines_to(&mut self, said: Said) {
        let output = self.child.stdout.take().expect("the output is taken once");
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                said.say(&line);
            }
        });
    }

    /// The host's process.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it isn't a good one, or doesn't come: what the guest complained of.
    pub fn end(mut self) -> Result<()> {
        let status = self.wait()?;
        if status.is_some_and(|status| status.success()) {
            return Ok(());
        }
        // Without this, reading what it complained of could take for ever.
        let _ = self.child.kill();
        let mut complaint = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            errors.read_to_string(&mut complaint)?;
        }
        match status {
            Some(status) => bail!("{status}\n{complaint}"),
            None => bail!("not at all, in {CASE_TIME:?}\n{complaint}"),
        }
    }

    fn wait(&mut self) -> io::Result<Option<ExitStatus>> {
        while Instant::now() < self.deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(None)
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
