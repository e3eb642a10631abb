//! A runner whose guest is a component: what of a runner doesn't fit one, and what it is given instead.

use super::{Outcome, Runner};
use crate::engine::{self, ComponentSetup};
use crate::watchdog::CpuMeter;
use crate::{OsNetwork, RunError};
use std::any::TypeId;
use std::net::SocketAddr;
use wasi_poll_preview1::Network;

impl<N: Network + 'static> Runner<N> {
    /// Where a component may listen. Only it knows where it does; for a module there are
    /// [`listeners`](Self::listeners).
    pub fn may_listen_on(&self) -> &[SocketAddr] {
        self.permits.listeners()
    }

    pub(super) fn run_component(self, cpu_meter: Option<CpuMeter>) -> Result<Outcome, RunError> {
        let cannot = |why| Err(RunError::new(format!("cannot run {}: {why}", self.module.name())));
        if self.trace.is_some() {
            return cannot(
                "it is a component, whose calls can't be traced; leave out the trace, or build the guest for \
                 wasm32-wasip1",
            );
        }
        if TypeId::of::<N>() != TypeId::of::<OsNetwork>() {
            return cannot(
                "it is a component, which knows no other network than the system's; build the guest for \
                 wasm32-wasip1",
            );
        }
        let mut permits = self.permits;
        permits.grants = self.grants;
        engine::run_component(
            &self.module,
            ComponentSetup {
                arguments: self.arguments,
                variables: self.variables,
                directories: self.directories,
                stdio: self.stdio,
                permits,
                refusals: self.refusals,
                limits: self.limits,
                killer: self.killer,
                cpu_meter,
            },
        )
    }
}
