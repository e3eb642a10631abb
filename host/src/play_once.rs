//! One play with an observer: its trace, what the doctor says of it and its picture.

use crate::play_flags::Play as Flags;
use anyhow::Context;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use wasi_poll_host::play::{Failure, Play, Report, ScheduledFault};
use wasi_poll_host::{RunError, Trace, TraceFormat};
use wasi_poll_trace::doctor::{self, Finding, Level};
use wasi_poll_trace::picture::{Filter, Picture, Scale, svg, text};
use wasi_poll_trace::{Entry, Header, Observe, Trace as Entries};

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

/// Plays once, observed, and writes the trace the flags ask for.
pub fn observed(
    play: &Play,
    flags: &Flags,
    seed: u64,
    faults: Vec<ScheduledFault>,
) -> anyhow::Result<Observed> {
    let kept = Kept::default();
    let mut trace = Trace::new();
    if let Some(path) = &flags.trace {
        let file =
            File::create(path).with_context(|| format!("cannot write the trace to {}", path.display()))?;
        trace = trace.lines(BufWriter::new(file), TraceFormat::Json);
        trace.with_data(flags.trace_data);
    }
    trace.add(kept.clone());
    let report = play.play(seed, faults, Some(&trace))?;
    drop(trace);
    let mut kept = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
    let header = kept.0.take().context("the play has begun no trace")?;
    let trace = Entries { header, entries: std::mem::take(&mut kept.1), cut: false };
    let findings = doctor::examine(&trace);
    Ok(Observed { report, findings, trace })
}

/// Plays one of many seeds; observed only if the doctor is asked.
pub fn one_of_many(
    play: &Play,
    level: Option<Level>,
    seed: u64,
    faults: Vec<ScheduledFault>,
) -> Result<Report, RunError> {
    let Some(level) = level else { return play.play(seed, faults, None) };
    let kept = Kept::default();
    let mut trace = Trace::new();
    trace.add(kept.clone());
    let mut report = play.play(seed, faults, Some(&trace))?;
    let mut kept = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(header) = kept.0.take() {
        let trace = Entries { header, entries: std::mem::take(&mut kept.1), cut: false };
        report.failures.extend(failures(&doctor::examine(&trace), level));
    }
    Ok(report)
}

/// What the doctor found that is as bad as asked.
pub fn failures(findings: &[Finding], level: Level) -> Vec<Failure> {
    let bad = findings.iter().filter(|finding| finding.level >= level);
    bad.map(|finding| Failure::Finding { text: finding.to_string() }).collect()
}
