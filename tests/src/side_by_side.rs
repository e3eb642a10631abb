//! Two transcripts in two columns, and whether they are the same: of each program that has one.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::transcript::{self, Transcript};
use crate::{World, build, example};

/// Wide enough for every line of the transcripts.
const COLUMN: usize = 44;

/// A program's name, and how its transcript comes about.
type Program = (&'static str, fn(&mut Command) -> Result<Transcript>);

const PROGRAMS: [Program; 2] = [
    // A server, and a client that is no guest.
    ("listener_reader", transcript::record),
    // mio's `Token` example: both in one loop.
    ("token", transcript::record_alone),
];

/// Builds the programs for both worlds, runs them in each and compares.
///
/// # Errors
/// When something doesn't build or start.
pub fn run() -> Result<ExitCode> {
    eprintln!("building the host");
    build::host();
    let mut sum = Sum::default();
    for (name, record) in PROGRAMS {
        eprintln!("building {name} for this machine, and the same file for wasm32-wasip1");
        let mut native = example::command(name, World::Native)?;
        let mut guest = example::command(name, World::Wasip1)?;
        eprintln!("running it natively, and as a guest");
        let (native, guest) = (record(&mut native)?, record(&mut guest)?);
        sum.add(name, &native, &guest);
    }
    Ok(sum.show())
}

/// What all comparisons have come to.
#[derive(Debug, Default)]
struct Sum {
    lines: usize,
    differ: usize,
    ended_badly: usize,
    sockets: usize,
    bytes: usize,
}

impl Sum {
    /// Shows one program's two transcripts.
    fn add(&mut self, name: &str, native: &Transcript, guest: &Transcript) {
        println!("{:COLUMN$} │ as a wasm32-wasip1 guest", format!("{name}, native"));
        println!("{:─<COLUMN$}─┼─{:─<COLUMN$}", "", "");
        let count = native.lines.len().max(guest.lines.len());
        for index in 0..count {
            let (left, right) = (native.lines.get(index), guest.lines.get(index));
            let same = left.map(|line| masked(line)) == right.map(|line| masked(line));
            let line = |line: Option<&String>| line.map_or("", String::as_str).to_owned();
            println!("{:COLUMN$} {} {}", line(left), if same { '│' } else { '≠' }, line(right));
            self.differ += usize::from(!same);
        }
        println!();
        self.lines += count;

        for (world, transcript) in [("natively", native), ("as a guest", guest)] {
            if let Err(error) = &transcript.end {
                println!("{world} it did not end well: {error:#}\n");
                self.ended_badly += 1;
            }
        }
        if let Some((sockets, bytes)) = native.counted() {
            self.sockets += sockets;
            self.bytes += bytes;
        }
    }

    fn show(&self) -> ExitCode {
        let Sum { lines, differ, ended_badly, sockets, bytes } = self;
        if *differ == 0 && *ended_badly == 0 {
            println!("identical: {sockets} sockets, {bytes} bytes, the same {lines} lines in both worlds");
            ExitCode::SUCCESS
        } else {
            println!("different: {differ} of {lines} lines, marked ≠; {ended_badly} runs did not end well");
            ExitCode::FAILURE
        }
    }
}

/// The line without the port, which the system chooses.
fn masked(line: &str) -> &str {
    match line.strip_prefix("listening on ") {
        Some(address) => &line[..line.len() - address.rsplit(':').next().map_or(0, str::len)],
        None => line,
    }
}
