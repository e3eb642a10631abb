//! Recording a guest on real sockets, and replaying it without any.
#![cfg(not(target_family = "wasm"))]

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use conformance::{build, transcript};

const ANY: &str = "127.0.0.1:0";

/// Has the listener serve its clients on real sockets, recorded to `file`; what it printed.
fn record(file: &Path) -> Result<Vec<String>> {
    let mut command = Command::new(build::host());
    command.args(["run", "--listen", ANY, "--record"]).arg(file);
    command.arg(build::guest("guest-examples", "listener_reader")?).arg(ANY);
    let recorded = transcript::record(&mut command)?;
    recorded.end?;
    Ok(recorded.lines)
}

fn replay(file: &Path, guest: &str) -> Result<Output> {
    let guest = build::guest("guest-examples", guest)?;
    Ok(Command::new(build::host()).arg("replay").arg(file).arg(guest).output()?)
}

#[test]
fn a_recorded_run_is_replayed_without_sockets() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("run.jsonl");
    let printed = record(&file)?;
    let replayed = replay(&file, "listener_reader")?;
    let told = String::from_utf8_lossy(&replayed.stderr).into_owned();
    ensure!(replayed.status.success() && told.contains("the guest made the same"), "{told}");
    let again = String::from_utf8_lossy(&replayed.stdout).into_owned();
    ensure!(printed.len() > 90 && again.lines().eq(printed.iter().map(String::as_str)), "{again}");

    // Whatever reads traces reads recordings.
    let doctor = Command::new(build::host()).arg("doctor").arg(&file).output()?;
    ensure!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
    Ok(())
}

#[test]
fn a_guest_that_leaves_its_recording_is_told_of_at_the_first_call() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("run.jsonl");
    record(&file)?;

    let other = replay(&file, "timer")?;
    let told = String::from_utf8_lossy(&other.stderr).into_owned();
    ensure!(other.status.code() == Some(1) && told.contains("leaves the recording at call"), "{told}");
    ensure!(told.contains("another module than the recorded one"), "{told}");

    // The same guest, told of another fd by an accept: it subscribes to that one.
    let text = std::fs::read_to_string(&file)?;
    let line = text
        .lines()
        .find(|line| line.contains(r#"\"name\":\"sock_accept\""#) && line.contains(r#"\"result\":0"#));
    let line = line.context("it has accepted")?;
    let (_, bytes) = line.split_once(r#"\"wrote\":[["#).context("an accept writes an fd")?;
    let written = bytes.split(r#"\""#).nth(1).context("in base64")?;
    let changed = line.replacen(written, "YwAAAA==", 1);
    std::fs::write(&file, text.replacen(line, &changed, 1))?;
    let lied_to = replay(&file, "listener_reader")?;
    let told = String::from_utf8_lossy(&lied_to.stderr).into_owned();
    ensure!(lied_to.status.code() == Some(1), "{told}");
    ensure!(told.contains("the guest calls") && told.contains("the recording has"), "{told}");
    Ok(())
}

#[test]
fn a_trace_that_is_no_recording_is_told_so() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("trace.jsonl");
    std::fs::write(&file, "{\"wasi_poll_trace\":1,\"world\":\"run\",\"clock\":\"real\"}\n")?;
    let refused = replay(&file, "timer")?;
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(refused.status.code() == Some(2) && told.contains("run --record FILE"), "{told}");
    Ok(())
}
