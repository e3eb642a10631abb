//! `bench`: one server source in every world, one run, one table. What is measured is in `work.rs`, by whom in
//! `contender.rs`.
#![forbid(unsafe_code)]

mod build;
mod cli;
mod contender;
mod cores;
mod goals;
mod instructions;
mod load;
mod machine;
mod measure;
mod plot;
mod results;
mod running;
mod table;
mod work;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use build::Programs;
use cli::Cli;
use cores::Cores;
use machine::Machine;
use results::{Results, Row};
use running::Setting;
use work::Kind;

fn main() -> ExitCode {
    run(&Cli::parse()).unwrap_or_else(|error| {
        eprintln!("bench: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(cli: &Cli) -> Result<ExitCode> {
    allow_many_sockets();
    let (contenders, works) = (cli.contenders(), cli.works());
    ensure!(!works.is_empty(), "no work has that name; bench without --work does them all");
    let mut servers: Vec<_> = works.iter().map(|work| work.kind.server()).collect();
    servers.sort();
    servers.dedup();
    eprintln!("bench: building");
    let programs = Programs::build(&contenders, &servers, cli.host.as_deref())?;
    let cache = tempfile::tempdir()?;
    let cores = Cores::of_this_process(cli.any_core);
    let setting = Setting { cores: &cores, cache: cache.path() };

    let rows = works.iter().map(Row::new).collect();
    let mut results = Results { machine: Machine::this(), rows, host_calls: Vec::new() };
    let mut failures = Vec::new();
    // Round by round over the contenders of one work: what disturbs the machine for a while disturbs all of them.
    for (work, row) in works.iter().zip(&mut results.rows) {
        for round in 0..cli.rounds() {
            for &contender in &contenders {
                let cell = row.cells.entry(contender).or_default();
                if cell.missing.is_some() {
                    continue;
                }
                let key = (contender, work.kind.server());
                let Some(program) = programs.built.get(&key) else {
                    cell.missing = programs.missing.get(&key).cloned();
                    continue;
                };
                eprintln!("bench: {}, round {}, {}", work.name, round + 1, contender.title());
                match measure::measure(work.kind, program, &setting, cli.spans()) {
                    Ok(figures) => cell.add(figures),
                    Err(error) => {
                        let failure = format!("{}: {error:#}", work.name);
                        let failure = failure.split_whitespace().collect::<Vec<_>>().join(" ");
                        eprintln!("bench: {failure}");
                        cell.missing = Some(failure.clone());
                        // What a peer can't do is a result, too.
                        if contender.is_ours() {
                            failures.push(format!("{}: {failure}", contender.title()));
                        }
                    }
                }
            }
        }
    }

    if works.iter().any(|work| work.kind == Kind::Instructions) && instructions::can_be_counted() {
        eprintln!("bench: instructions of host calls");
        results.host_calls = instructions::host_calls(&build::host_calls()?)?;
    }

    let (measured, reached) = (table::table(&results, &contenders), goals::table(&results));
    let calls = table::host_calls(&results);
    let text = format!("{}\n\n{measured}\n{reached}\n{calls}", results.machine.line());
    println!("{text}");
    if let Some(path) = &cli.json {
        write(path, &serde_json::to_string_pretty(&results)?)?;
    }
    if let Some(folder) = &cli.svg {
        plot::draw(&results, &contenders, folder)?;
    }
    if let Some(path) = &cli.table {
        write(path, &text)?;
    }
    for failure in &failures {
        println!("failed: {failure}");
    }
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn write(path: &Path, text: &str) -> Result<()> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text));
    written.with_context(|| format!("write {}", path.display()))
}

/// Asks the system for as many open files as it lets this user have: nine thousand idle connections want theirs.
fn allow_many_sockets() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Refused, it stays as it was, and connecting tells how far that goes.
    let _ = setrlimit(Resource::Nofile, limit);
}
