//! The commands that read a trace: `doctor` and `show`. What they find or draw is `wasi-poll-trace`'s.

use anyhow::Context;
use clap::Args;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use wasi_poll_trace::Trace;
use wasi_poll_trace::doctor::{self, Finding, Level};
use wasi_poll_trace::pcap;
use wasi_poll_trace::picture::{Filter, Picture, Scale, show, svg};

/// When something as bad as asked for was found.
const FOUND: u8 = 1;

#[derive(Debug, Args)]
pub struct Doctor {
    /// Exit with 1 when something this bad, or worse, is found: note, warning or error
    #[arg(long, value_name = "LEVEL", default_value = "warning")]
    level: Level,

    /// The trace: what `wasi-poll run --trace=FILE --trace-format json` wrote; - reads it from stdin
    #[arg(value_name = "TRACE")]
    trace: PathBuf,
}

impl Doctor {
    /// Prints what is found, the worst first.
    pub fn run(&self) -> anyhow::Result<u8> {
        let trace = read(&self.trace)?;
        let findings = doctor::examine(&trace);
        print(&report(&findings, trace.entries.len()))?;
        Ok(if findings.iter().any(|finding| finding.level >= self.level) { FOUND } else { 0 })
    }
}

/// What the doctor says, for people.
pub fn report(findings: &[Finding], calls: usize) -> String {
    let mut said: Vec<String> = findings.iter().map(|finding| format!("{finding}\n")).collect();
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    said.push(match findings {
        [] => format!("the doctor finds nothing wrong in {calls} calls"),
        _ => format!(
            "{calls} calls: {} errors, {} warnings, {} notes",
            count(Level::Error),
            count(Level::Warning),
            count(Level::Note)
        ),
    });
    said.join("\n") + "\n"
}

#[derive(Debug, Args)]
pub struct Show {
    /// Write the picture as SVG, instead of showing it
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Write what crossed the sockets as pcapng, for Wireshark and tshark; the trace needs --trace-data
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,

    /// Of the SVG: let left to right be the calls, each as wide as any other, rather than time
    #[arg(long)]
    calls: bool,

    /// Of the SVG: only these sockets: "fd 5", a userdata such as 0x2, or a part of a name
    #[arg(long, value_name = "TEXT", default_value = "")]
    filter: String,

    /// The trace: what `wasi-poll run --trace=FILE --trace-format json` wrote
    #[arg(value_name = "TRACE")]
    trace: PathBuf,
}

impl Show {
    /// Writes the files that are asked for, or else shows the trace in the terminal.
    pub fn run(&self) -> anyhow::Result<u8> {
        let trace = read(&self.trace)?;
        if let Some(path) = &self.svg {
            let scale = if self.calls { Scale::Calls } else { Scale::Time };
            let drawn = svg(&Picture::new(&trace), scale, &Filter(self.filter.clone()));
            std::fs::write(path, drawn)
                .with_context(|| format!("cannot write the picture to {}", path.display()))?;
        }
        if let Some(path) = &self.pcap {
            let cannot = || format!("cannot write the packets to {}", path.display());
            if !trace.header.data {
                // Before the file is emptied.
                pcap::write(&trace, io::sink()).with_context(cannot)?;
            }
            let mut file = BufWriter::new(File::create(path).with_context(cannot)?);
            pcap::write(&trace, &mut file).and_then(|_| file.flush()).with_context(cannot)?;
        }
        if self.svg.is_none() && self.pcap.is_none() {
            if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
                anyhow::bail!(
                    "a trace is shown in a terminal, and this is none; --svg FILE writes the same picture"
                );
            }
            show(&trace).context("cannot draw in this terminal")?;
        }
        Ok(0)
    }
}

fn read(path: &Path) -> anyhow::Result<Trace> {
    let cannot = || format!("cannot read the trace {}", path.display());
    if path == Path::new("-") {
        return Trace::read(io::stdin().lock()).with_context(cannot);
    }
    let file = File::open(path).with_context(cannot)?;
    Trace::read(BufReader::new(file)).with_context(cannot)
}

/// Whoever reads it may have read enough.
fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
