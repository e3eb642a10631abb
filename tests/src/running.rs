//! A program that runs beside the test: its lines, its end, and no way to outlive the test.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::verdict::{CASE_TIME, Said};

/// A program, killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    deadline: Instant,
    complaints: Arc<Mutex<String>>,
    /// What reads its output and its errors: they end when it has.
    readers: Vec<thread::JoinHandle<()>>,
}

impl Running {
    /// Starts it, and passes on what it prints.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(command: &mut Command, said: Said) -> Result<Running> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("start {command:?}"))?;
        let output = child.stdout.take().context("its output is a pipe")?;
        let errors = child.stderr.take().context("and so are its errors")?;
        let reading = thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                said.say(&line);
            }
        });
        let complaints = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&complaints);
        // Nobody may ask for these, but a talkative program would wait for its pipe.
        let complaining = thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                let mut complaints = heard.lock().unwrap_or_else(PoisonError::into_inner);
                complaints.push_str(&line);
                complaints.push('\n');
            }
        });
        let deadline = Instant::now() + CASE_TIME;
        Ok(Running { child, deadline, complaints, readers: vec![reading, complaining] })
    }

    /// What it wrote to standard error, so far.
    pub fn complaints(&self) -> String {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, when all it printed has been passed on, and returns what it wrote to standard error.
    ///
    /// # Errors
    /// When it isn't a good one, or doesn't come: what the program complained of.
    pub fn end(mut self) -> Result<String> {
        let status = self.wait()?;
        let complaints = self.stop();
        match status {
            Some(status) if status.success() => Ok(complaints),
            Some(status) => bail!("{status}\n{complaints}"),
            None => bail!("not at all, in {CASE_TIME:?}\n{complaints}"),
        }
    }

    /// Ends it, and returns what it wrote to standard error.
    pub fn stop(&mut self) -> String {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        for reader in self.readers.drain(..) {
            // It only reads, and its end is the program's.
            let _ = reader.join();
        }
        self.complaints()
    }

    /// Waits for its end, for as long as a case may take.
    ///
    /// # Errors
    /// Those of waiting.
    pub fn wait(&mut self) -> io::Result<Option<ExitStatus>> {
        while Instant::now() < self.deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(None)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
