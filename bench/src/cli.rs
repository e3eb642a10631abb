//! The command line: what is measured, how often, and where the results go.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::contender::Contender;
use crate::measure::Spans;
use crate::work::Work;

/// What `--quick` does of all works: each kind, with the fewest and the most idle connections.
const QUICK: [&str; 10] = ["a-512", "b-0", "b-9000", "c", "d", "e-1", "e-9000", "f-memory", "f-start", "i"];

/// Measures servers on this project's poller beside their peers, all in one run, and prints a table.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub struct Cli {
    /// Less of everything, in under two minutes, and without the peer that takes long to build
    #[arg(long)]
    pub quick: bool,

    /// Only works whose name begins so: a, a-64, b-9000, … Separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    work: Vec<String>,

    /// Only these contenders, separated by commas
    #[arg(long, value_name = "CONTENDER", value_delimiter = ',')]
    contender: Vec<Contender>,

    /// How often each is measured, in turn [default: 3, quick: 1]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,

    /// How long one round counts, in seconds [default: 1, quick: 0.3]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<f64>,

    /// Don't keep the server and its clients on a core each
    #[arg(long)]
    pub any_core: bool,

    /// Write every figure of every round there
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Write the plots into that folder
    #[arg(long, value_name = "DIR")]
    pub svg: Option<PathBuf>,

    /// Write the table and the goals there, as Markdown
    #[arg(long, value_name = "FILE")]
    pub table: Option<PathBuf>,

    /// Run this program in place of the `wasi-poll` that is built here
    #[arg(long, value_name = "PROGRAM")]
    pub host: Option<PathBuf>,
}

impl Cli {
    /// The rounds of each.
    pub fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 1 } else { 3 })
    }

    /// How long everything takes.
    pub fn spans(&self) -> Spans {
        let measured = Duration::from_secs_f64(self.seconds.unwrap_or(if self.quick { 0.3 } else { 1.0 }));
        let connecting = Duration::from_secs(if self.quick { 6 } else { 12 });
        Spans { warm_up: measured / 4, measured, connecting }
    }

    /// The contenders, in the table's order.
    pub fn contenders(&self) -> Vec<Contender> {
        let mut all = Contender::ALL.to_vec();
        // Another wasmtime takes minutes to build.
        let by_default = |contender: Contender| !self.quick || contender != Contender::WasiCommon;
        all.retain(|&contender| match &self.contender[..] {
            [] => by_default(contender),
            chosen => chosen.contains(&contender),
        });
        all
    }

    /// The works, in the table's order.
    pub fn works(&self) -> Vec<Work> {
        let is_chosen = |work: &Work| {
            let begins = |name: &String| {
                work.name
                    .strip_prefix(name.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            };
            match &self.work[..] {
                [] => !self.quick || QUICK.contains(&work.name.as_str()),
                chosen => chosen.iter().any(begins),
            }
        };
        Work::all().into_iter().filter(is_chosen).collect()
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.05..=600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a round counts for 0.05 to 600 seconds".to_owned()),
    }
}
