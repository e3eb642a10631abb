//! What a process uses of the machine, as Linux tells it in `/proc`.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A process by its number.
#[derive(Clone, Debug)]
pub struct Usage {
    folder: PathBuf,
}

impl Usage {
    /// That of the process `id`.
    ///
    /// # Errors
    /// When there is no such process, or the system doesn't tell.
    pub fn of(id: u32) -> Result<Usage> {
        let usage = Usage { folder: format!("/proc/{id}").into() };
        usage.cpu().with_context(|| format!("{} tells no CPU time", usage.folder.display()))?;
        Ok(usage)
    }

    /// How long its threads have run, those that have ended left out.
    ///
    /// # Errors
    /// When it has ended.
    pub fn cpu(&self) -> io::Result<Duration> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(self.folder.join("task"))? {
            // A thread may end while it is asked.
            let text = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
            nanoseconds += text.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// How long it runs while `span` passes.
    ///
    /// # Errors
    /// When it ends.
    pub fn cpu_in(&self, span: Duration) -> io::Result<Duration> {
        let before = self.cpu()?;
        thread::sleep(span);
        Ok(self.cpu()?.saturating_sub(before))
    }

    /// How many files and sockets it has open.
    ///
    /// # Errors
    /// When it has ended.
    pub fn open_files(&self) -> io::Result<usize> {
        Ok(fs::read_dir(self.folder.join("fd"))?.count())
    }

    /// How much memory it has, in bytes.
    ///
    /// # Errors
    /// When it has ended.
    pub fn resident_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(self.folder.join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes * 1024)
    }

    /// Waits until it is stopped.
    ///
    /// # Errors
    /// When it isn't, soon.
    pub fn wait_until_stopped(&self) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            let told = fs::read_to_string(self.folder.join("stat"))?;
            if told.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T')) {
                return Ok(());
            }
            thread::yield_now();
        }
        bail!("{} isn't stopped", self.folder.display())
    }
}
