//! How a runner's guest is run: what it was given becomes a process, and a watchdog its limits of time.

use super::{Outcome, Runner};
use crate::RunError;
use crate::engine::{self, Setup};
use crate::preopens;
use crate::stdio::{STDERR, STDIN, STDOUT};
use crate::watchdog::{CpuMeter, Watchdog};
use wasi_poll_preview1::{Network, Process};
use wasi_poll_trace::{Clock, Header, World};

impl<N: Network + 'static> Runner<N> {
    /// Runs the guest on this thread, to its end. Its sockets are closed then.
    ///
    /// # Errors
    /// When it can't be started: what it was given doesn't fit its limits, or it doesn't fit this host.
    pub fn run(self) -> Result<Outcome, RunError> {
        let (module, killer) = (self.module.clone(), self.killer.clone());
        let watched = Watchdog::start(&self.limits, &killer, move || module.interrupt());
        let watched = watched.map_err(|error| RunError::no_thread(&error))?;
        let (_watchdog, cpu_meter) = watched.map_or((None, None), |(dog, meter)| (Some(dog), meter));
        let outcome = if self.module.is_component() {
            self.run_component(cpu_meter)
        } else {
            self.run_module(cpu_meter)
        };
        Ok(match outcome? {
            Outcome::Killed => killer.outcome().unwrap_or(Outcome::Killed),
            outcome => outcome,
        })
    }

    fn run_module(mut self, cpu_meter: Option<CpuMeter>) -> Result<Outcome, RunError> {
        for (name, value) in preopens::variables(&self.listeners) {
            // What the caller set by that name is meant to hold.
            if !self.variables.iter().any(|(known, _)| known == name) {
                self.variables.push((name.to_owned(), value));
            }
        }
        if let Some(trace) = &self.trace {
            let mut header = Header::new(World::Run, Clock::Real)
                .with_guest(self.module.name(), Some(self.module.sha256()));
            header.started_unix_ns = self.network.realtime_ns().saturating_sub(self.network.now_ns());
            header.data = trace.has_data();
            trace.begin(&header);
        }
        let mut process = Process::new(self.network);
        process.set_limits(self.limits.into());
        let past_limit = |_| {
            let fds = self.limits.fds;
            RunError::new(format!(
                "the listeners and directories are more than the guest's limit of {fds} fds; --max-fds sets it"
            ))
        };
        for (socket, listener) in self.sockets.into_iter().zip(&self.listeners) {
            let preopened = if listener.datagrams {
                process.preopen_datagrams(socket)
            } else {
                process.preopen_listener(socket)
            };
            preopened.map_err(past_limit)?;
        }
        for inner in 3..3 + self.directories.len() as u32 {
            process.insert_foreign(inner).map_err(past_limit)?;
        }
        process.grant(self.grants).map_err(past_limit)?;
        // Stdio is open from the start: this can't fail.
        for (number, source) in [STDIN, STDOUT, STDERR].into_iter().zip(self.stdio_sources) {
            if let Some(source) = source {
                process.set_foreign_source(number, source).map_err(past_limit)?;
            }
        }
        engine::run(
            &self.module,
            Setup {
                process,
                arguments: self.arguments,
                variables: self.variables,
                directories: self.directories,
                stdio: self.stdio,
                trace: self.trace,
                refusals: self.refusals,
                limits: self.limits,
                killer: self.killer,
                seed: None,
                cpu_meter,
            },
        )
    }
}
