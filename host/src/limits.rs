//! What one guest may use up.

/// What one guest may use up. Whoever goes past a limit is refused as preview1 or wasm has it; a module that
/// wants more from the start is not run, and told which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open fds, files and stdio included; one more is `EMFILE`.
    pub fds: u32,
    /// Subscriptions in one `poll_oneoff`; one more is `ENOMEM`.
    pub subscriptions: u32,
    /// Buffers in one read, write, send or receive; one more is `ENOMEM`.
    pub iovecs: u32,
    /// Linear memory in bytes, all memories together.
    pub memory_bytes: u64,
    /// Elements of tables, all tables together.
    pub table_elements: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        let calls = wasi_poll_preview1::Limits::default();
        Limits {
            fds: calls.fds,
            subscriptions: calls.subscriptions,
            iovecs: calls.iovecs,
            memory_bytes: 1 << 32,
            table_elements: 10_000_000,
        }
    }
}

impl From<Limits> for wasi_poll_preview1::Limits {
    fn from(limits: Limits) -> wasi_poll_preview1::Limits {
        let Limits { fds, subscriptions, iovecs, .. } = limits;
        wasi_poll_preview1::Limits { fds, subscriptions, iovecs, ..wasi_poll_preview1::Limits::default() }
    }
}
