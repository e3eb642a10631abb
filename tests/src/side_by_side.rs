//! Two transcripts in two columns, and whether they are the same.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::build;
use crate::transcript::{self, Transcript};

/// Wide enough for every line of the transcript.
const COLUMN: usize = 44;

/// Builds the server for both worlds, runs it in each and compares.
///
/// # Errors
/// When something doesn't build or start.
pub fn run() -> Result<ExitCode> {
    eprintln!("building listener_reader for this machine");
    let native = build::native("guest-examples", "listener_reader")?;
    eprintln!("building the same file for wasm32-wasip1");
    let guest = build::guest("guest-examples", "listener_reader")?;
    eprintln!("building the host");
    let host = build::host();

    eprintln!("running it natively");
    let native = transcript::record(Command::new(native).arg("127.0.0.1:0"))?;
    eprintln!("running it as a guest");
    let mut command = Command::new(host);
    command.args(["run", "--listen", "127.0.0.1:0"]).arg(guest).arg("127.0.0.1:0");
    let guest = transcript::record(&mut command)?;

    Ok(show(&native, &guest))
}

fn show(native: &Transcript, guest: &Transcript) -> ExitCode {
    println!("{:COLUMN$} │ as a wasm32-wasip1 guest", "native");
    println!("{:─<COLUMN$}─┼─{:─<COLUMN$}", "", "");
    let count = native.lines.len().max(guest.lines.len());
    let mut differ = 0;
    for index in 0..count {
        let (left, right) = (native.lines.get(index), guest.lines.get(index));
        let same = left.map(|line| masked(line)) == right.map(|line| masked(line));
        let line = |line: Option<&String>| line.map_or("", String::as_str).to_owned();
        println!("{:COLUMN$} {} {}", line(left), if same { '│' } else { '≠' }, line(right));
        differ += usize::from(!same);
    }
    println!();

    let mut well = differ == 0;
    for (world, transcript) in [("natively", native), ("as a guest", guest)] {
        if let Err(error) = &transcript.end {
            println!("{world} it did not end well: {error:#}");
            well = false;
        }
    }
    if well {
        let sockets = native.lines.iter().filter(|line| line.contains("accepted")).count();
        let bytes = native.bytes;
        println!("identical: {sockets} sockets, {bytes} bytes, the same {count} lines in both worlds");
        ExitCode::SUCCESS
    } else {
        println!("different: {differ} of {count} lines, marked ≠");
        ExitCode::FAILURE
    }
}

/// The line without the port, which the system chooses.
fn masked(line: &str) -> &str {
    match line.strip_prefix("listening on ") {
        Some(address) => &line[..line.len() - address.rsplit(':').next().map_or(0, str::len)],
        None => line,
    }
}
