//! One play with an observer: its trace, what the doctor says of it and its picture.

use crate::play_flags::{Play as Flags, Triggers};
use anyhow::Context;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use wasi_poll_host::play::{Failure, Play, Report, ScheduledFault, Trigger, differences};
use wasi_poll_host::{RunError, Trace, TraceFormat};
use wasi_poll_trace::doctor::{self, Finding, Level};
use wasi_poll_trace::picture::{Filter, Picture, Scale, svg, text};
use wasi_poll_trace::{Entry, Header, Kind, Observe, Trace as Entries};

/// What is drawn in a terminal, in cells.
const PICTURE_CELLS: (u16, u16) = (110, 24);

/// Keeps what is observed. Clones keep the same.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<(Option<Header>, Vec<Entry>)>>);

impl Observe for Kept {
    fn begin(&mut self, header: &Header) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = Some(header.clone());
    }

    fn entry(&mut self, entry: &Entry) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.push(entry.clone());
    }
}

/// A play, and all that was observed of it.
pub struct Observed {
    pub report: Report,
    pub findings: Vec<Finding>,
    trace: Entries,
}

impl Observed {
    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.trace.entries.len()
    }

    /// Draws it: in text for a terminal, or as SVG to a file.
    pub fn draw(&self, file: Option<&Path>) -> anyhow::Result<Option<String>> {
        let Some(file) = file else {
            let (width, height) = PICTURE_CELLS;
            return Ok(Some(text(&self.trace, width, height)));
        };
        let drawn = svg(&Picture::new(&self.trace), Scale::Time, &Filter(String::new()));
        std::fs::write(file, drawn)
            .with_context(|| format!("cannot write the picture to {}", file.display()))?;
        Ok(None)
    }
}

/// Plays once, observed, and writes the trace the flags ask for; by both triggers, if they ask for that: then what is told
/// is the level-triggered play, and in which the other differs.
pub fn observed(
    play: &Play,
    flags: &Flags,
    seed: u64,
    faults: Vec<ScheduledFault>,
) -> anyhow::Result<Observed> {
    let mut trace = Trace::new();
    if let Some(path) = &flags.trace {
        let file =
            File::create(path).with_context(|| format!("cannot write the trace to {}", path.display()))?;
        trace = trace.lines(BufWriter::new(file), TraceFormat::Json);
        trace.with_data(flags.trace_data);
    }
    match flags.trigger {
        Triggers::One(trigger) => Ok(kept(play, seed, faults, trigger, trace)?),
        Triggers::Both => Ok(both(play, seed, faults, trace)?),
    }
}

/// Plays one of many seeds; observed only if the doctor is asked, or it is played by both triggers.
pub fn one_of_many(
    play: &Play,
    flags: &Flags,
    seed: u64,
    faults: Vec<ScheduledFault>,
) -> Result<Report, RunError> {
    let mut observed = match (flags.trigger, flags.doctor) {
        (Triggers::One(trigger), None) => return play.play(seed, faults, trigger, None),
        (Triggers::One(trigger), Some(_)) => kept(play, seed, faults, trigger, Trace::new())?,
        (Triggers::Both, _) => both(play, seed, faults, Trace::new())?,
    };
    if let Some(level) = flags.doctor {
        observed.report.failures.extend(failures(&observed.findings, level));
    }
    Ok(observed.report)
}

/// Plays once, and keeps what is observed.
fn kept(
    play: &Play,
    seed: u64,
    faults: Vec<ScheduledFault>,
    trigger: Trigger,
    mut trace: Trace,
) -> Result<Observed, RunError> {
    let kept = Kept::default();
    trace.add(kept.clone());
    let mut report = play.play(seed, faults, trigger, Some(&trace))?;
    drop(trace);
    let mut kept = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
    let header = kept.0.take().expect("a play begins its trace");
    let trace = Entries { header, entries: std::mem::take(&mut kept.1), cut: false };
    let findings = doctor::examine(&trace);
    number(&mut report.failures, &trace);
    Ok(Observed { report, findings, trace })
}

/// Plays twice, and adds to the level-triggered play's failures what differs edge-triggered.
fn both(play: &Play, seed: u64, faults: Vec<ScheduledFault>, trace: Trace) -> Result<Observed, RunError> {
    let mut level = kept(play, seed, faults.clone(), Trigger::Level, trace)?;
    let edge = kept(play, seed, faults, Trigger::Edge, Trace::new())?;
    let (one, other) = ((&level.report, &*level.findings), (&edge.report, &*edge.findings));
    let differ = differences(play.scenario(), one, other);
    level.report.failures.extend(differ);
    Ok(level)
}

/// Gives the polls that told what wasn't drained their numbers.
fn number(failures: &mut [Failure], trace: &Entries) {
    let alone = trace.header.guests.len() == 1;
    for failure in failures {
        let Failure::Undrained { guest, userdata, told_ns, told_by, .. } = failure else { continue };
        let tells = |entry: &&Entry| {
            entry.call == "poll_oneoff"
                && entry.until_ns() == *told_ns
                && (alone || entry.guest.as_ref() == Some(&*guest))
                && entry.events.iter().any(|event| event.userdata == *userdata && event.kind == Kind::Read)
        };
        *told_by = trace.entries.iter().rfind(tells).map(|entry| entry.n);
    }
}

/// What the doctor found that is as bad as asked.
pub fn failures(findings: &[Finding], level: Level) -> Vec<Failure> {
    let bad = findings.iter().filter(|finding| finding.level >= level);
    bad.map(|finding| Failure::Finding { text: finding.to_string() }).collect()
}
