//! Programs under strace, where a machine has it and lets it.

use std::path::Path;
use std::process::Command;

/// Why a test that wants it can't run.
pub const MISSING: &str = "strace is not installed here, or may not trace";

/// Whether this machine lets programs be traced.
pub fn works() -> bool {
    let output = Command::new("strace").args(["-f", "-c", "true"]).output();
    output.is_ok_and(|output| output.status.success())
}

/// The same program, traced into a file.
pub fn start(flags: &[&str], into: &Path, program: &mut Command) -> Command {
    let mut strace = Command::new("strace");
    strace.args(flags).arg("-o").arg(into).arg(program.get_program()).args(program.get_args());
    strace
}
