//! Faults as a file has them, to be read and written: which, on whom, when and for how long. What one does is
//! `wasi-poll-preview1`'s.

use super::{Scenario, Span};
use crate::RunError;
use serde::Deserialize;
use std::fmt::{self, Write};
use std::path::Path;
use wasi_poll_preview1::{Fault, Machines};

/// The faults there are, by the names of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Receives take at most `amount` bytes; 1 unless it says.
    ShortReads,
    /// Sends take at most `amount` bytes; 1 unless it says.
    ShortWrites,
    /// The next `amount` calls on ready sockets answer `EAGAIN`; 5 unless it says. Each socket is ready again after a
    /// millisecond.
    Again,
    /// Readiness is told up to `late` late, and so in another order.
    LateReadiness,
    /// Every socket is reported readable once, at `at`.
    Spurious,
    /// Nothing can be opened: `EMFILE`.
    Full,
    /// The wall clock jumps by `by`, or back by `back`.
    ClockJump,
    /// One connection breaks, at `at`: the one numbered `amount`, modulo how many there are.
    Reset,
    /// The other end of one connection sends no more, from `at` on: the one numbered `amount`.
    HalfClose,
    /// It reaches nobody, or only not `from`.
    Partition,
    /// Its links carry `amount` bytes a second; 1000 unless it says.
    Slow,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScheduledFault {
    /// When it begins.
    pub at: Span,
    /// On which guest or peer.
    pub on: String,
    /// Which.
    pub kind: FaultKind,
    /// How long it lasts, if it is one that lasts; a second unless it says.
    #[serde(rename = "for")]
    pub lasts: Option<Span>,
    /// How many, of what the kind counts.
    pub amount: Option<u64>,
    /// The longest that a readiness is late; 10 ms unless it says.
    pub late: Option<Span>,
    /// How far the clock jumps.
    pub by: Option<Span>,
    /// How far it jumps back.
    pub back: Option<Span>,
    /// From whom a partition parts it, and with whom it has the connection that breaks; anybody unless it says.
    pub from: Option<String>,
}

/// A schedule of faults by itself, as shrinking writes one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The faults.
    #[serde(rename = "fault", default)]
    pub faults: Vec<ScheduledFault>,
}

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// What is wrong, with the file's name and the line where there is one.
    pub fn load(path: &Path) -> Result<Schedule, RunError> {
        let cannot =
            |why: String| RunError::new(format!("cannot read the faults in {}: {why}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| cannot(crate::error::plain(&error)))?;
        toml::from_str(&text).map_err(|error| cannot(error.to_string()))
    }
}

impl fmt::Display for Schedule {
    /// As TOML, which [`load`](Schedule::load) reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.faults.iter().try_for_each(|fault| write!(f, "[[fault]]\n{fault}\n"))
    }
}

impl ScheduledFault {
    /// One with nothing but what every fault has.
    pub fn new(kind: FaultKind, on: &str, at: Span) -> ScheduledFault {
        let (lasts, amount, late, by, back, from) = (None, None, None, None, None, None);
        ScheduledFault { at, on: on.to_owned(), kind, lasts, amount, late, by, back, from }
    }

    /// Whom it names.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.on).chain(&self.from)
    }

    /// How long it lasts, in nanoseconds.
    pub fn lasts_ns(&self) -> u64 {
        self.lasts.map_or(1_000_000_000, Span::ns)
    }

    /// Has it happen in a play.
    pub(super) fn plan(&self, scenario: &Scenario, machines: &Machines) {
        let place = |name: &str| scenario.names().iter().position(|known| *known == name);
        let Some(machine) = place(&self.on) else { return };
        let from = self.from.as_deref().and_then(place).map(|place| scenario.addresses()[place]);
        let amount = |unless| self.amount.unwrap_or(unless);
        let jump_ns = |span: Span| i64::try_from(span.ns()).unwrap_or(i64::MAX);
        let bytes = || usize::try_from(amount(1)).unwrap_or(usize::MAX);
        let fault = match self.kind {
            FaultKind::ShortReads => Fault::ShortReads { bytes: bytes() },
            FaultKind::ShortWrites => Fault::ShortWrites { bytes: bytes() },
            FaultKind::Again => {
                Fault::Again { calls: u32::try_from(amount(5)).unwrap_or(u32::MAX), again_ns: 1_000_000 }
            }
            FaultKind::LateReadiness => {
                Fault::LateReadiness { up_to_ns: self.late.map_or(10_000_000, Span::ns) }
            }
            FaultKind::Spurious => Fault::Spurious,
            FaultKind::Full => Fault::Full,
            FaultKind::ClockJump => {
                let by_ns = self.by.map_or(0, jump_ns) - self.back.map_or(0, jump_ns);
                Fault::ClockJump { by_ns }
            }
            FaultKind::Reset => Fault::Reset { nth: amount(0), with: from },
            FaultKind::HalfClose => Fault::HalfClose { nth: amount(0), with: from },
            FaultKind::Partition => Fault::Partition { from },
            FaultKind::Slow => Fault::Slow { bytes_per_second: amount(1_000) },
        };
        machines.plan(machine, fault, self.at.ns(), self.at.ns().saturating_add(self.lasts_ns()));
    }
}

impl FaultKind {
    /// All of them.
    pub const ALL: [FaultKind; 11] = [
        FaultKind::ShortReads,
        FaultKind::ShortWrites,
        FaultKind::Again,
        FaultKind::LateReadiness,
        FaultKind::Spurious,
        FaultKind::Full,
        FaultKind::ClockJump,
        FaultKind::Reset,
        FaultKind::HalfClose,
        FaultKind::Partition,
        FaultKind::Slow,
    ];

    /// Its name in a scenario.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::ShortReads => "short-reads",
            FaultKind::ShortWrites => "short-writes",
            FaultKind::Again => "again",
            FaultKind::LateReadiness => "late-readiness",
            FaultKind::Spurious => "spurious",
            FaultKind::Full => "full",
            FaultKind::ClockJump => "clock-jump",
            FaultKind::Reset => "reset",
            FaultKind::HalfClose => "half-close",
            FaultKind::Partition => "partition",
            FaultKind::Slow => "slow",
        }
    }

    /// Whether it lasts for a while.
    pub fn lasts(self) -> bool {
        !matches!(self, FaultKind::Spurious | FaultKind::ClockJump | FaultKind::Reset | FaultKind::HalfClose)
    }
}

impl fmt::Display for ScheduledFault {
    /// Its keys and values, as TOML has them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        let mut line = |key: &str, value: &dyn fmt::Display| writeln!(text, "{key} = \"{value}\"");
        line("kind", &self.kind.name())?;
        line("on", &self.on)?;
        line("at", &self.at)?;
        let spans = [("for", self.lasts), ("late", self.late), ("by", self.by), ("back", self.back)];
        for (key, span) in spans {
            span.map_or(Ok(()), |span| line(key, &span))?;
        }
        self.from.as_ref().map_or(Ok(()), |from| line("from", from))?;
        if let Some(amount) = self.amount {
            writeln!(text, "amount = {amount}")?;
        }
        f.write_str(&text)
    }
}
