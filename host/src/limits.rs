//! What one guest may use up.

use std::time::Duration;

/// What one guest may use up. Whoever goes past a limit is refused as preview1 or wasm has it, or ended, and
/// [`Runner::on_refusal`](crate::Runner::on_refusal) tells of it; a module that wants more from the start is not run, and
/// told which limit. Of the flags of `wasi-poll run`, each has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `--max-fds`: open fds, files and stdio included; one more is `EMFILE`. A component may have eight handles for
    /// each.
    pub fds: u32,
    /// `--max-subscriptions`: subscriptions in one `poll_oneoff`; one more is `ENOMEM`.
    pub subscriptions: u32,
    /// `--max-iovecs`: buffers in one read, write, send or receive; one more is `ENOMEM`.
    pub iovecs: u32,
    /// `--max-readiness-sets`: open readiness sets; one more is `EMFILE`. Each can hold as many subscriptions as one
    /// `poll_oneoff`.
    pub readiness_sets: u32,
    /// `--max-call-bytes`: bytes moved by one call on a stream, stdio or a file, which leaves what is more to the next;
    /// and random bytes asked for at once, of which one more is `ENOMEM`.
    pub call_bytes: u32,
    /// `--max-connects`: streams that are connecting at once; one more is `ENOBUFS`.
    pub connects: u32,
    /// `--max-lookups`: names looked up in a minute, for the guest and for the rules on names that its calls need; one
    /// more is `ENOBUFS`.
    pub lookups: u32,
    /// `--max-memory`: linear memory in bytes, all memories together; more is `memory.grow`'s -1.
    pub memory_bytes: u64,
    /// `--max-table-elements`: elements of tables, all tables together; more is `table.grow`'s -1.
    pub table_elements: u64,
    /// `--max-tables`: tables.
    pub tables: u32,
    /// `--max-instances`: instances of core modules; a module for wasm32-wasip1 is one.
    pub instances: u32,
    /// `--timeout`: how long it may run, by the clock. It is ended then with
    /// [`Outcome::TimedOut`](crate::Outcome::TimedOut).
    pub wall_time: Option<Duration>,
    /// `--max-cpu`: how much CPU time its thread may use, in wasm and in the host's calls. It is ended then with
    /// [`Outcome::OutOfCpuTime`](crate::Outcome::OutOfCpuTime), at most some 10 ms later.
    pub cpu_time: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Limits {
        let calls = wasi_poll_preview1::Limits::default();
        Limits {
            fds: calls.fds,
            subscriptions: calls.subscriptions,
            iovecs: calls.iovecs,
            readiness_sets: calls.readiness_sets,
            call_bytes: calls.call_bytes,
            connects: calls.connects,
            lookups: calls.lookups,
            memory_bytes: 1 << 30,
            table_elements: 10_000_000,
            tables: 100,
            instances: 100,
            wall_time: None,
            cpu_time: None,
        }
    }
}

impl From<Limits> for wasi_poll_preview1::Limits {
    fn from(limits: Limits) -> wasi_poll_preview1::Limits {
        let Limits { fds, subscriptions, iovecs, readiness_sets, call_bytes, connects, lookups, .. } = limits;
        wasi_poll_preview1::Limits {
            fds,
            subscriptions,
            iovecs,
            readiness_sets,
            call_bytes,
            connects,
            lookups,
        }
    }
}
