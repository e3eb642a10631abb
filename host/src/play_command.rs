//! `wasi-poll play`: plays what the command line names, once or with many seeds, and tells what came of it.

use crate::play_flags::{Play as Flags, Triggers};
use crate::play_once::{failures, observed, one_of_many};
use crate::{reading, say};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use wasi_poll_host::play::{
    GuestPart, PeerPart, Play, Report, Scenario, Schedule, ScheduledFault, Step, Trigger, shrink, sweep,
};

/// When a guest fails, or an expectation isn't met.
const FAILED: u8 = 1;

pub fn play(flags: &Flags) -> anyhow::Result<u8> {
    if flags.trigger == Triggers::Both && flags.trace.is_some() {
        anyhow::bail!("--trace writes one play, and --trigger both plays two; ask for level, and for edge");
    }
    let (scenario, folders) = scenario(flags)?;
    let play = Play::new(scenario, &folders)?;
    let schedule = flags.faults.as_deref().map(Schedule::load).transpose()?;
    if let Some(schedule) = &schedule {
        let names = play.scenario().names();
        if let Some(stranger) = schedule
            .faults
            .iter()
            .flat_map(ScheduledFault::names)
            .find(|name| !names.contains(&name.as_str()))
        {
            anyhow::bail!("a fault names {stranger}, and nobody in the scenario is called that");
        }
    }
    let faults = |seed| schedule.as_ref().map_or_else(|| play.faults(seed), |known| known.faults.clone());

    let seed = match &flags.seeds {
        None => flags.seed,
        Some(seeds) => match swept(seeds, flags, |seed| one_of_many(&play, flags, seed, faults(seed)))? {
            Some(failed) => failed,
            None => return Ok(0),
        },
    };
    let mut observed = observed(&play, flags, seed, faults(seed))?;
    if let Some(level) = flags.doctor {
        observed.report.failures.extend(failures(&observed.findings, level));
    }
    let report = &observed.report;
    if !flags.quiet {
        headline(&play, flags, seed, report);
        print(&play, report)?;
    }
    if let Some(file) = &flags.picture
        && let Some(drawn) = observed.draw(file.as_deref())?
    {
        io::stdout().write_all(drawn.as_bytes())?;
    }
    if !flags.quiet {
        io::stdout().write_all(reading::report(&observed.findings, observed.calls()).as_bytes())?;
    }
    if flags.show_faults {
        io::stdout().write_all(Schedule { faults: report.faults.clone() }.to_string().as_bytes())?;
    }
    for failure in &report.failures {
        say(format_args!("{failure}"));
    }
    if report.failures.is_empty() {
        say(format_args!("seed {seed} went well: {} of virtual time, {} turns", report.took, report.turns));
        return Ok(0);
    }
    say(format_args!("seed {seed} fails; play it again with: {}", again(flags, seed, None)));
    if let Some(file) = &flags.shrink {
        shrunk(&play, flags, seed, report, file.as_deref())?;
    }
    Ok(FAILED)
}

/// What the command line means: a scenario's file, or one made of a guest and the flags.
fn scenario(flags: &Flags) -> anyhow::Result<(Scenario, Vec<PathBuf>)> {
    let path = Path::new(&flags.what[0]);
    let beside = path.parent().unwrap_or(Path::new("")).to_path_buf();
    let folders = std::iter::once(beside).chain(flags.modules.iter().cloned()).collect();
    let mut scenario = if path.extension().is_some_and(|end| end == "toml") {
        if let Some(more) = flags.what.get(1) {
            anyhow::bail!("{more}: a scenario takes no arguments; its guests' stand in it");
        }
        Scenario::load(path)?
    } else {
        one_guest(flags, path).map_err(anyhow::Error::msg)?
    };
    scenario.until = flags.until.or(scenario.until);
    Ok((scenario, folders))
}

fn one_guest(flags: &Flags, path: &Path) -> Result<Scenario, String> {
    let mut steps = Vec::new();
    if !flags.send.is_empty() || !flags.expect.is_empty() {
        steps.push(Step::Connect(flags.connect));
        steps.extend(flags.send.iter().map(|line| Step::Send(format!("{line}\n"))));
        steps.extend(flags.expect.iter().cloned().map(Step::Expect));
        steps.push(Step::Close);
    }
    let peer = (!steps.is_empty()).then(|| PeerPart::new("peer", steps));
    let module = PathBuf::from(path.file_name().unwrap_or(path.as_os_str()));
    let guest = GuestPart { arguments: flags.what[1..].to_vec(), ..GuestPart::new("guest", module) };
    Scenario::of(vec![guest], peer.into_iter().collect())
}

/// Plays all seeds; the first that fails, if any did.
fn swept(
    seeds: &Range<u64>,
    flags: &Flags,
    once: impl Fn(u64) -> Result<Report, wasi_poll_host::RunError> + Sync,
) -> anyhow::Result<Option<u64>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let bar = ProgressBar::new(seeds.end - seeds.start).with_style(
        ProgressStyle::with_template("{wide_bar} {pos} of {len} seeds, {per_sec}, {eta} left")
            .expect("the template is a constant"),
    );
    let begun = std::time::Instant::now();
    let swept = sweep(seeds.clone(), flags.threads.unwrap_or(cores), once, || bar.inc(1))?;
    bar.finish_and_clear();
    let took = begun.elapsed().as_secs_f64();
    match &swept.failed {
        None => say(format_args!("{} seeds went well in {took:.1} s", swept.played)),
        Some((seed, _)) => {
            say(format_args!(
                "of {} seeds played in {took:.1} s, {seed} is the first that fails",
                swept.played
            ));
        }
    }
    Ok(swept.failed.map(|(seed, _)| seed))
}

/// Says what is played: the scenario's own words, and what goes wrong in it.
fn headline(play: &Play, flags: &Flags, seed: u64, report: &Report) {
    let about = Some(play.scenario().about.trim()).filter(|about| !about.is_empty());
    let faults = match report.faults.len() {
        0 => "no faults".to_owned(),
        1 => "1 fault (--show-faults)".to_owned(),
        count => format!("{count} faults (--show-faults)"),
    };
    let about = about.map_or_else(|| format!("{}.", flags.what[0]), str::to_owned);
    say(format_args!("{about} Seed {seed}, {faults}."));
}

/// Prints what the guests printed, a line each with its guest and time before it, and no escapes of theirs.
fn print(play: &Play, report: &Report) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in report.lines() {
        let name = &play.scenario().guests[line.guest].name;
        let (seconds, micros) = (line.at_ns / 1_000_000_000, line.at_ns / 1_000 % 1_000_000);
        writeln!(out, "{seconds:>7}.{micros:06} {name}| {}", line.text)?;
    }
    out.flush()
}

/// Looks for the least that fails, and writes it where it can be played from.
fn shrunk(play: &Play, flags: &Flags, seed: u64, report: &Report, file: Option<&Path>) -> anyhow::Result<()> {
    let mut plays = 0u64;
    let bar = ProgressBar::new_spinner().with_message("shrinking");
    let faults = shrink(report.faults.clone(), |faults| {
        plays += 1;
        bar.tick();
        one_of_many(play, flags, seed, faults.to_vec()).is_ok_and(|report| !report.failures.is_empty())
    });
    bar.finish_and_clear();
    let stem = Path::new(&flags.what[0]).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let file = file.map_or_else(|| PathBuf::from(format!("{stem}.seed-{seed}.toml")), Path::to_path_buf);
    let (count, least) = (report.faults.len(), faults.len());
    let text = Schedule { faults }.to_string();
    std::fs::write(&file, &text).map_err(|error| {
        anyhow::anyhow!(
            "cannot write the shrunk faults to {}: {error}; --shrink=FILE names another",
            file.display()
        )
    })?;
    say(format_args!(
        "of {count} faults {least} are enough, after {plays} plays; they are in {}:",
        file.display()
    ));
    io::stdout().write_all(text.as_bytes())?;
    say(format_args!("play them with: {}", again(flags, seed, Some(&file))));
    Ok(())
}

/// The command that plays a seed again.
fn again(flags: &Flags, seed: u64, faults: Option<&Path>) -> String {
    let quoted = |word: &str| {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@%+,".contains(letter);
        if !word.is_empty() && word.chars().all(plain) {
            word.to_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    // By the path it was started by: it may be on no search path.
    let program = std::env::args().next().unwrap_or_else(|| "wasi-poll".to_owned());
    let mut words = vec![quoted(&program), "play".to_owned(), "--seed".to_owned(), seed.to_string()];
    let mut flag = |name: &str, value: String| words.extend([name.to_owned(), quoted(&value)]);
    flags.modules.iter().for_each(|folder| flag("--modules", folder.display().to_string()));
    if let Some(faults) = faults.or(flags.faults.as_deref()) {
        flag("--faults", faults.display().to_string());
    }
    if let Some(level) = flags.doctor {
        flag("--doctor", level.to_string());
    }
    if flags.trigger != Triggers::One(Trigger::Level) {
        flag("--trigger", flags.trigger.to_string());
    }
    if let Some(until) = flags.until {
        flag("--until", until.to_string());
    }
    if !flags.send.is_empty() || !flags.expect.is_empty() {
        flag("--connect", flags.connect.to_string());
    }
    flags.send.iter().for_each(|text| flag("--send", text.clone()));
    flags.expect.iter().for_each(|text| flag("--expect", text.clone()));
    words.extend(flags.what.iter().map(|word| quoted(word)));
    words.join(" ")
}
