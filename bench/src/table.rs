//! The table of one run, as Markdown: a row a work, a column a contender.

use std::fmt::Write;

use crate::contender::Contender;
use crate::results::{Cell, Results, Row};
use crate::work::{Figure, grouped};

/// All of it.
pub fn table(results: &Results, contenders: &[Contender]) -> String {
    let mut text = String::from("| work |");
    for contender in contenders {
        let _ = write!(text, " {} |", contender.title());
    }
    text.push_str("\n|---|");
    text.push_str(&"---:|".repeat(contenders.len()));
    text.push('\n');
    for row in &results.rows {
        let _ = write!(text, "| {} |", heading(row));
        for contender in contenders {
            let measured = row.cells.get(contender);
            let _ = write!(text, " {}{} |", measured.map_or("—".to_owned(), cell), fewer(row, measured));
        }
        text.push('\n');
    }
    text.push_str("\nRate · the server's CPU time for each; e: a poll that finds nothing · register, poll, deregister, poll.\n");
    let mut reasons: Vec<String> = Vec::new();
    for (contender, cell) in results.rows.iter().flat_map(|row| &row.cells) {
        if let Some(reason) = &cell.missing {
            reasons.push(format!("- — {}: {reason}\n", contender.title()));
        }
    }
    reasons.sort();
    reasons.dedup();
    text.push('\n');
    text.extend(reasons);
    text
}

/// What a server did beside fewer idle connections than the others is not what they did.
fn fewer(row: &Row, cell: Option<&Cell>) -> String {
    let idle = |cell: &Cell| cell.median(Figure::Idle).unwrap_or(0.0);
    let most = row.cells.values().map(idle).fold(0.0, f64::max);
    #[expect(clippy::cast_sign_loss, reason = "a count")]
    match cell.filter(|cell| !cell.rounds.is_empty()).map(idle) {
        Some(idle) if idle < most => format!(" (beside {})", grouped(idle as u64)),
        _ => String::new(),
    }
}

fn heading(row: &Row) -> String {
    let letter = row.work.split('-').next().unwrap_or_default();
    format!("{letter}. {}", row.title)
}

fn cell(cell: &Cell) -> String {
    let is = |figure| cell.median(figure);
    #[expect(clippy::cast_sign_loss, reason = "no figure is negative")]
    let whole = |value: f64| grouped(value.round() as u64);
    if let (Some(rate), Some(cpu)) = (is(Figure::PerSecond), is(Figure::CpuUs)) {
        return format!("{}/s · {cpu:.1} µs", whole(rate));
    }
    if let (Some(poll), Some(register)) = (is(Figure::PollNs), is(Figure::RegisterNs)) {
        return format!("{} ns · {} ns", whole(poll), whole(register));
    }
    if let Some(bytes) = is(Figure::BytesEach) {
        return format!("{} B", whole(bytes));
    }
    if let Some(cold) = is(Figure::ColdMs) {
        let cached =
            is(Figure::CachedMs).map_or("no cache".to_owned(), |cached| format!("{cached:.1} ms cached"));
        return format!("{cold:.1} ms · {cached}");
    }
    if let Some(instructions) = is(Figure::Instructions) {
        return whole(instructions);
    }
    "—".to_owned()
}

/// What each host call costs, as Markdown.
pub fn host_calls(results: &Results) -> String {
    if results.host_calls.is_empty() {
        return String::new();
    }
    let mut text =
        String::from("| host call, without an engine, on a network in memory | instructions |\n|---|---:|\n");
    for (call, instructions) in &results.host_calls {
        let _ = writeln!(text, "| {call} | {} |", grouped(*instructions));
    }
    text
}
