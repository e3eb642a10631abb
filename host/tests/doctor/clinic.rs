//! Guests written step by step, the peer they talk to on a deterministic network, and what the doctor says of them.

use super::guest::{Lines, module};
use std::fmt::Write as _;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::sync::LazyLock;
use wasi_poll_host::{Killer, Outcome, Runner, TraceFormat};
use wasi_poll_preview1::{MemoryNetwork, Network, SocketId};
use wasi_poll_trace::Trace;
use wasi_poll_trace::doctor::{self, Finding, Rule};

/// Where a guest's listener is.
pub const LISTENER: u32 = 3;
/// Where its first stream is: behind whatever a guest with a listener is given.
pub fn stream() -> u32 {
    static STREAM: LazyLock<u32> = LazyLock::new(|| {
        let text = Guest::new().accepts().trace(|_| {});
        Trace::read(text.as_bytes()).unwrap().entries[0].new_fd.unwrap()
    });
    *STREAM
}

/// A guest, step by step. Its subscriptions stand where each says, in steps of 48 from 64 on.
#[derive(Clone, Default)]
pub struct Guest {
    items: String,
    body: String,
}

impl Guest {
    pub fn new() -> Guest {
        Guest::default()
    }

    pub fn reads(self, at: u32, fd: u32, userdata: u64) -> Guest {
        self.subscription(at, &super::guest::read_subscription(userdata, fd))
    }

    pub fn writes(self, at: u32, fd: u32, userdata: u64) -> Guest {
        self.subscription(at, &super::guest::write_subscription(userdata, fd))
    }

    pub fn clock(self, at: u32, timeout_ns: u64) -> Guest {
        self.subscription(at, &super::guest::clock_subscription(u64::MAX, timeout_ns))
    }

    fn subscription(mut self, at: u32, record: &str) -> Guest {
        write!(self.items, "(data (i32.const {at}) \"{record}\")").unwrap();
        self
    }

    /// Takes a connection; it doesn't block.
    pub fn accepts(self) -> Guest {
        self.step("(call $must (call $sock_accept (i32.const 3) (i32.const 4) (i32.const 32)) (i32.const 1))")
    }

    /// Polls so many subscriptions from `at` on.
    pub fn poll(self, at: u32, count: u32) -> Guest {
        self.step(&format!(
            "(call $must (call $poll_oneoff (i32.const {at}) (i32.const 512) (i32.const {count}) (i32.const 8))
                (i32.const 2))"
        ))
    }

    pub fn read(self, fd: u32, bytes: u32) -> Guest {
        self.step(&format!(
            "(call $iovec (i32.const 1024) (i32.const {bytes}))
             (drop (call $fd_read (i32.const {fd}) (i32.const 0) (i32.const 1) (i32.const 8)))"
        ))
    }

    /// Waits for what it reads.
    pub fn blocking_read(self, fd: u32, bytes: u32) -> Guest {
        let set = |flags| {
            format!(
                "(call $must (call $fd_fdstat_set_flags (i32.const {fd}) (i32.const {flags})) (i32.const 3))"
            )
        };
        self.step(&set(0)).read(fd, bytes).step(&set(4))
    }

    pub fn write(self, fd: u32, bytes: u32) -> Guest {
        self.step(&format!(
            "(call $iovec (i32.const 1024) (i32.const {bytes}))
             (drop (call $fd_write (i32.const {fd}) (i32.const 0) (i32.const 1) (i32.const 8)))"
        ))
    }

    pub fn close(self, fd: u32) -> Guest {
        self.step(&format!("(call $must (call $fd_close (i32.const {fd})) (i32.const 4))"))
    }

    /// Does the steps again and again.
    pub fn times(mut self, times: u32, steps: impl FnOnce(Guest) -> Guest) -> Guest {
        let once = steps(Guest::new());
        assert!(once.items.is_empty(), "subscriptions stand before the loop");
        let place = self.body.len();
        write!(
            self.body,
            "(local.set $n (i32.const 0))
             (loop $again{place} {}
                (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br_if $again{place} (i32.lt_u (local.get $n) (i32.const {times}))))",
            once.body
        )
        .unwrap();
        self
    }

    fn step(mut self, call: &str) -> Guest {
        self.body.push_str(call);
        self
    }

    /// Runs it to its end, with a peer that has connected, and examines the trace.
    #[track_caller]
    pub fn findings(&self, peer: impl FnOnce(&mut Peer<'_>)) -> Findings {
        let text = self.trace(peer);
        let trace = Trace::read(text.as_bytes()).unwrap();
        Findings { findings: doctor::examine(&trace), text }
    }

    #[track_caller]
    fn trace(&self, peer: impl FnOnce(&mut Peer<'_>)) -> String {
        let address: SocketAddr = "10.0.0.1:80".parse().unwrap();
        let (sink, lines) = Lines::new();
        let mut runner =
            Runner::on_network(&module(&self.items, &self.body), MemoryNetwork::new(), Killer::new())
                .listen(None, address)
                .unwrap()
                .trace(sink, TraceFormat::Json);
        let network = runner.network();
        let stream = network.connect(address).unwrap();
        peer(&mut Peer { network, address, stream });
        assert_eq!(runner.run().unwrap(), Outcome::Exited(0), "{}", self.body);
        lines.iter().map(|line| line + "\n").collect()
    }
}

/// Who talks to the guest: a stream that is connected when the guest starts.
pub struct Peer<'a> {
    pub network: &'a mut MemoryNetwork,
    pub address: SocketAddr,
    pub stream: SocketId,
}

/// The peer sends this then.
pub fn sends(peer: &mut Peer<'_>, at_ns: u64, bytes: &[u8]) {
    let (stream, bytes) = (peer.stream, bytes.to_vec());
    peer.network.schedule_at(at_ns, move |network| {
        // A guest that has ended is sent nothing.
        let _ = network.send(stream, &[IoSlice::new(&bytes)]);
    });
}

/// What the doctor said.
pub struct Findings {
    findings: Vec<Finding>,
    text: String,
}

impl Findings {
    /// This, and nothing else.
    #[track_caller]
    pub fn only(&self, rule: Rule) -> &Finding {
        assert_eq!(self.findings.len(), 1, "{}", self.all());
        self.among(rule)
    }

    #[track_caller]
    pub fn among(&self, rule: Rule) -> &Finding {
        let found = self.findings.iter().find(|finding| finding.rule == rule);
        found.unwrap_or_else(|| panic!("no {rule} in {}", self.all()))
    }

    #[track_caller]
    pub fn none(&self) {
        assert!(self.findings.is_empty(), "{}", self.all());
    }

    fn all(&self) -> String {
        let said: Vec<String> = self.findings.iter().map(ToString::to_string).collect();
        format!("{}\nof\n{}", said.join("\n"), self.text)
    }
}
