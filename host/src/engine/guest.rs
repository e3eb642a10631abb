//! What a running guest's store holds.

use super::limiter::Limiter;
use super::suspended::{Sharing, Suspended};
use crate::Killer;
use crate::memory::{HasMemory, MemoryHandle};
use crate::refusals::Refusals;
use crate::stdio::Stdio;
use crate::trace::Trace;
use crate::watchdog::CpuMeter;
use wasi_poll_preview1::{Network, Process, Stop};
use wasmtime::{Error, Result};
use wasmtime_wasi::p1::WasiP1Ctx;

/// A guest: its fds and sockets, its files, its stdio.
pub struct Guest<N: Network> {
    /// Every fd, and the sockets.
    pub process: Process<N>,
    /// Files and directories, by numbers of their own.
    pub files: WasiP1Ctx,
    /// stdin, stdout and stderr.
    pub stdio: Stdio,
    /// Set as soon as there is an instance.
    pub memory: MemoryHandle,
    /// Who observes it, if anybody does.
    pub trace: Option<Trace>,
    /// Who hears what of the network it was refused.
    pub refusals: Refusals,
    /// What ends it.
    pub killer: Killer,
    /// Who is told of its CPU time, where that is limited.
    pub cpu_meter: Option<CpuMeter>,
    /// What one call may move, in bytes.
    pub call_bytes: u32,
    /// How much memory it may have.
    pub limiter: Limiter,
    /// Set when it shares its thread with others.
    pub sharing: Option<Sharing>,
}

impl<N: Network> Guest<N> {
    /// Waits for what the blocked call waits for; also over networks that know of no kill switch. A guest that shares
    /// its thread doesn't: the call fails with [`Suspended`], to be made again.
    pub fn wait(&mut self) -> Result<()> {
        if self.sharing.is_some() {
            let is_killed = self.killer.is_killed();
            return Err(if is_killed { Error::new(Stop::Killed) } else { Error::new(Suspended) });
        }
        self.process.wait().map_err(Error::new)?;
        if self.killer.is_killed() { Err(Error::new(Stop::Killed)) } else { Ok(()) }
    }

    /// Tells what the call that just failed was refused, if that was for want of a grant or by a limit.
    #[cold]
    pub fn tell_refusal(&mut self) {
        if let Some(refusal) = self.process.take_refusal() {
            self.refusals.tell(&refusal);
        }
    }
}

impl<N: Network> HasMemory for Guest<N> {
    fn memory(&self) -> MemoryHandle {
        self.memory
    }
}
