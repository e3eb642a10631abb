//! The plots of one run, as SVG: what is drawn, and from which rows. How it is drawn is in `plot/chart.rs`.

mod chart;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::contender::Contender;
use crate::results::Results;
use crate::work::Figure;
use chart::{Chart, Series, Style};

/// Draws all plots that there are figures for, into a folder.
///
/// # Errors
/// When a file can't be written.
pub fn draw(results: &Results, contenders: &[Contender], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let works = ["a-64", "a-512", "a-16384", "a-1000-busy", "c", "d"];
    let names = ["echo 64 B", "echo 512 B", "echo 16 KiB", "1,000 busy", "connect", "HTTP"];
    let idle = ["b-0", "b-100", "b-1000", "b-9000"];
    let polls = ["e-1", "e-10", "e-100", "e-1000", "e-9000"];
    let plots = [
        (
            "cpu.svg",
            "Server's CPU time a request, native mio = 1",
            "",
            Style::Bars,
            Figure::CpuUs,
            &works[..],
            &names[..],
        ),
        ("rate.svg", "Requests a second, native mio = 1", "", Style::Bars, Figure::PerSecond, &works, &names),
        (
            "idle.svg",
            "Echo on 8 connections: CPU time a request, in µs",
            "idle connections beside them",
            Style::Lines,
            Figure::CpuUs,
            &idle,
            &["0", "100", "1,000", "9,000"],
        ),
        (
            "polls.svg",
            "One poll that finds nothing, in ns",
            "idle connections",
            Style::Lines,
            Figure::PollNs,
            &polls,
            &["1", "10", "100", "1,000", "9,000"],
        ),
    ];
    for (file, title, below, style, figure, works, names) in plots {
        let value = |work: &str, contender| {
            let value = results.row(work)?.median(contender, figure)?;
            match style {
                Style::Lines => Some(value),
                Style::Bars => Some(value / results.row(work)?.median(Contender::Native, figure)?),
            }
        };
        let series: Vec<Series> = contenders
            .iter()
            .map(|&contender| Series {
                contender,
                values: works.iter().map(|work| value(work, contender)).collect(),
            })
            .filter(|series| series.values.iter().any(Option::is_some))
            .collect();
        if !series.is_empty() {
            let path = folder.join(file);
            Chart { title, below, style, names, series: &series }
                .draw(&path)
                .with_context(|| format!("draw {}", path.display()))?;
        }
    }
    Ok(())
}
