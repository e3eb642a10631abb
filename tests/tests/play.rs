//! The shipped scenarios, played: that they go well, that what they print is what happens natively, and that the known
//! bug is found and shrunk.
#![cfg(not(target_family = "wasm"))]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use conformance::{World, build, example, transcript};

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

/// Plays a scenario with the guests it needs.
fn play(scenario: &str, guest: &str, flags: &[&str]) -> Result<Output> {
    let module = build::guest("guest-examples", guest)?;
    let folder = module.parent().context("a module is in a folder")?;
    let mut command = Command::new(build::host());
    command.arg("play").args(flags).arg("--modules").arg(folder).arg(scenarios().join(scenario));
    Ok(command.output()?)
}

fn goes_well(scenario: &str, guest: &str, flags: &[&str]) -> Result<Output> {
    let output = play(scenario, guest, flags)?;
    ensure!(output.status.success(), "{scenario}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output)
}

/// What the guests printed, without times and names.
fn printed(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter_map(|line| Some(line.split_once("| ")?.1.to_owned())).collect()
}

#[test]
fn the_listener_prints_what_it_prints_natively() -> Result<()> {
    let native = transcript::record(&mut example::command("listener_reader", World::Native)?)?;
    native.end?;
    let played = printed(&goes_well("listener_reader.toml", "listener_reader", &[])?);
    // The first line has the address.
    assert_eq!(native.lines[1..], played[1..]);
    Ok(())
}

#[test]
fn the_chat_goes_well_with_every_seed() -> Result<()> {
    goes_well("chat.toml", "chat", &["--seeds", "0..40"]).map(drop)
}

#[test]
fn slow_clients_keep_nobody_from_the_http_server() -> Result<()> {
    goes_well("slow_loris.toml", "http", &["--seeds", "0..10"]).map(drop)
}

#[test]
fn the_counter_goes_well_with_every_seed() -> Result<()> {
    goes_well("counter.toml", "counter", &["--seeds", "0..40"]).map(drop)
}

#[test]
fn the_counters_bug_is_found_shrunk_and_played_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("least.toml");
    let shrink = format!("--shrink={}", file.display());
    let output = play("counter_forgets.toml", "counter", &["--seeds", "0..400", &shrink])?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(1), "{told}");
    let seed =
        told.split("play --seed ").nth(1).and_then(|rest| rest.split(' ').next()).context(told.clone())?;

    let least = std::fs::read_to_string(&file)?;
    let faults = least.matches("[[fault]]").count();
    ensure!((1..=3).contains(&faults), "{least}");
    let faults = file.to_str().context("a path that is text")?;
    let again = play("counter_forgets.toml", "counter", &["--seed", seed, "--faults", faults])?;
    ensure!(again.status.code() == Some(1), "{}", String::from_utf8_lossy(&again.stderr));
    // The same replicas without the bug live with these faults.
    goes_well("counter.toml", "counter", &["--seed", seed, "--faults", faults]).map(drop)
}

#[test]
fn a_seed_makes_the_same_trace_every_time() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let traced = |seed: &str, name: &str| -> Result<Vec<u8>> {
        let file = folder.path().join(name);
        let path = file.to_str().context("a path that is text")?;
        goes_well("counter.toml", "counter", &["--seed", seed, "--trace", path])?;
        Ok(std::fs::read(file)?)
    };
    let (first, second) = (traced("5", "first")?, traced("5", "second")?);
    ensure!(first == second, "the traces differ");
    ensure!(first.len() > 10_000 && first != traced("6", "other")?, "another seed is another play");
    Ok(())
}

#[test]
fn the_scenarios_are_the_same_level_triggered_and_edge_triggered() -> Result<()> {
    let all = [
        ("listener_reader", "listener_reader"),
        ("chat", "chat"),
        ("counter", "counter"),
        ("slow_loris", "http"),
    ];
    for (scenario, guest) in all {
        goes_well(&format!("{scenario}.toml"), guest, &["--seeds", "0..4", "--trigger", "both"])?;
    }
    Ok(())
}

#[test]
fn the_doctor_has_nothing_to_say_of_the_examples() -> Result<()> {
    for (scenario, guest) in [("chat.toml", "chat"), ("counter.toml", "counter"), ("slow_loris.toml", "http")]
    {
        let output = goes_well(scenario, guest, &["--doctor", "warning", "--picture"])?;
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(told.contains("the doctor finds nothing wrong in"), "{told}");
        ensure!(told.contains("polls") && told.contains("█"), "{told}");
        // Some of these have storms of EAGAIN in them.
        goes_well(scenario, guest, &["--doctor", "warning", "--seeds", "0..12"])?;
    }
    Ok(())
}
