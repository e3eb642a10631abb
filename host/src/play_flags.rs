//! The command line of `wasi-poll play`. Nothing is played here.

use clap::Args;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;
use wasi_poll_host::play::{Span, Trigger};
use wasi_poll_trace::doctor::Level;

#[derive(Debug, Args)]
#[command(
    override_usage = "wasi-poll play [OPTIONS] SCENARIO.toml\n       wasi-poll play [OPTIONS] GUEST.wasm [ARGS]... [-- ARGS...]"
)]
pub struct Play {
    /// What jitter, loss, random numbers, the order of turns and the random faults follow from
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub seed: u64,

    /// Play all of these seeds, over the machine's cores, until one fails; the last is left out
    #[arg(long, value_name = "FROM..TO", value_parser = seeds, conflicts_with = "seed")]
    pub seeds: Option<Range<u64>>,

    /// When it fails, look for the smallest schedule of faults that still does, and write it to this file
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "not there, there, and there with a file")]
    pub shrink: Option<Option<PathBuf>>,

    /// Play with the faults in this file, instead of the scenario's own and those by the seed
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,

    /// Say which faults there are
    #[arg(long)]
    pub show_faults: bool,

    /// Where the guests' modules are, beside the scenario's own folder
    #[arg(long, value_name = "FOLDER")]
    pub modules: Vec<PathBuf>,

    /// End at the latest after so much virtual time
    #[arg(long, value_name = "SPAN")]
    pub until: Option<Span>,

    /// Write the trace to this file: JSON lines, for `wasi-poll doctor` and `wasi-poll show`
    #[arg(long, value_name = "FILE", conflicts_with = "seeds")]
    pub trace: Option<PathBuf>,

    /// Write the bytes that are moved to the trace, too
    #[arg(long, requires = "trace")]
    pub trace_data: bool,

    /// Draw the timeline: in the terminal, or as SVG to this file
    #[arg(long, value_name = "FILE.svg", num_args = 0..=1, require_equals = true, conflicts_with = "seeds")]
    #[expect(clippy::option_option, reason = "not there, there, and there with a file")]
    pub picture: Option<Option<PathBuf>>,

    /// Fail when the poll doctor finds something this bad, or worse: note, warning or error
    #[arg(long, value_name = "LEVEL")]
    pub doctor: Option<Level>,

    /// How polls tell that a socket is ready: as long as it is (level, as preview1 does), once, as epoll with EPOLLET does
    /// (edge); or play it both ways, and fail when a guest behaves in another way
    #[arg(long, value_name = "level|edge|both", default_value = "level")]
    pub trigger: Triggers,

    /// How many threads play seeds; as many as there are cores unless it says
    #[arg(long, value_name = "NUMBER")]
    pub threads: Option<usize>,

    /// Don't print what the guests print
    #[arg(long, short)]
    pub quiet: bool,

    /// For one guest: a connection to this address sends what --send says
    #[arg(long, value_name = "ADDR", default_value = "10.0.0.1:8080")]
    pub connect: std::net::SocketAddr,

    /// For one guest: what a peer sends, a line each time it is given
    #[arg(long, value_name = "TEXT")]
    pub send: Vec<String>,

    /// For one guest: what the peer must receive after all that
    #[arg(long, value_name = "TEXT")]
    pub expect: Vec<String>,

    /// A scenario, or a guest and its arguments, those with a dash behind `--`; it has the address 10.0.0.1
    #[arg(
        value_name = "SCENARIO.toml",
        required = true,
        num_args = 1..
    )]
    pub what: Vec<String>,
}

/// By which triggers it is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triggers {
    One(Trigger),
    Both,
}

impl FromStr for Triggers {
    type Err = String;

    fn from_str(name: &str) -> Result<Triggers, String> {
        match name {
            "level" => Ok(Triggers::One(Trigger::Level)),
            "edge" => Ok(Triggers::One(Trigger::Edge)),
            "both" => Ok(Triggers::Both),
            _ => Err("a trigger is level or edge, or both".to_owned()),
        }
    }
}

impl fmt::Display for Triggers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Triggers::One(trigger) => trigger.fmt(f),
            Triggers::Both => f.write_str("both"),
        }
    }
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let wrong = || format!("{text:?} is no range of seeds; one looks like 0..1000");
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let (from, to) = (from.parse().map_err(|_| wrong())?, to.parse().map_err(|_| wrong())?);
    if from < to { Ok(from..to) } else { Err(format!("there is no seed in {text}")) }
}

#[cfg(test)]
mod tests {
    use super::seeds;

    #[test]
    fn a_range_of_seeds_leaves_its_end_out() {
        assert_eq!(seeds("0..1000"), Ok(0..1000));
        assert!(seeds("7").unwrap_err().contains("looks like 0..1000"));
        assert!(seeds("7..7").unwrap_err().contains("no seed"));
    }
}
