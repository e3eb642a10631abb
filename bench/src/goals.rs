//! What this poller as a guest is to reach beside native mio, each a ratio of one run, and whether it does.

use std::fmt::Write;

use crate::contender::Contender;
use crate::results::Results;
use crate::work::Figure;

/// One thing to reach.
struct Goal {
    what: String,
    /// The ratio, or the figure itself; none where something wasn't measured.
    is: Option<f64>,
    reached: Bound,
    unit: &'static str,
}

/// Which side of it is good.
#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Bound::AtLeast(least) => value >= least,
            Bound::AtMost(most) => value <= most,
        }
    }

    fn text(self, unit: &str) -> String {
        match self {
            Bound::AtLeast(least) => format!("≥ {least}{unit}"),
            Bound::AtMost(most) => format!("≤ {most}{unit}"),
        }
    }
}

/// The list, as Markdown.
pub fn table(results: &Results) -> String {
    let mut text = String::from("| this poller, guest ÷ native mio | goal | is | |\n|---|---:|---:|---|\n");
    for Goal { what, is, reached, unit } in goals(results) {
        let (value, verdict) = match is {
            Some(value) if reached.holds(value) => (format!("{value:.2}{unit}"), "reached"),
            Some(value) => (format!("{value:.2}{unit}"), "not reached"),
            None => ("—".to_owned(), "not measured"),
        };
        let _ = writeln!(text, "| {what} | {} | {value} | {verdict} |", reached.text(unit));
    }
    text
}

fn goals(results: &Results) -> Vec<Goal> {
    use Bound::{AtLeast, AtMost};
    use Contender::{Native, Poller, Stock, WasiCommon};
    let of = |work: &str, contender, figure| results.row(work)?.median(contender, figure);
    let ratio = |work: &str, one, other, figure| Some(of(work, one, figure)? / of(work, other, figure)?);
    let mut goals = Vec::new();
    let mut add = |what: String, is, reached, unit| goals.push(Goal { what, is, reached, unit });
    let works = [
        ("a-64", 1.0, Some(1.0)),
        ("a-512", 1.0, Some(1.0)),
        ("a-16384", 1.0, Some(1.0)),
        ("a-1000-busy", 1.0, Some(1.0)),
        ("b-9000", 1.0, Some(1.05)),
        ("c", 0.9, None),
        ("d", 0.8, None),
    ];
    for (work, least_rate, most_cpu) in works {
        let title = results.row(work).map_or(work, |row| row.title.as_str());
        let rate = ratio(work, Poller, Native, Figure::PerSecond);
        add(format!("{title}: rate"), rate, AtLeast(least_rate), "");
        if let Some(most) = most_cpu {
            let cpu = ratio(work, Poller, Native, Figure::CpuUs);
            add(format!("{title}: CPU a request"), cpu, AtMost(most), "");
        }
    }
    let own = |work: &str| of(work, Poller, Figure::PerSecond);
    let flat = own("b-9000").zip(own("b-0")).map(|(beside, alone)| beside / alone);
    add("beside 9,000 idle ÷ its own rate beside 0".into(), flat, AtLeast(0.95), "");
    let stock = ratio("b-9000", Stock, Native, Figure::PerSecond);
    add("beside 9,000 idle, a stock mio guest: rate".into(), stock, AtLeast(0.75), "");
    let stock = ratio("b-9000", Stock, WasiCommon, Figure::PerSecond);
    add("the same ÷ wasi-common".into(), stock, AtLeast(100.0), "");
    let poll = |work: &str| of(work, Poller, Figure::PollNs);
    let flat = poll("e-9000").zip(poll("e-1")).map(|(beside, alone)| beside / alone);
    add("one poll beside 9,000 idle ÷ its own cost beside 1".into(), flat, AtMost(3.0), "");
    let bytes = |contender| of("f-memory", contender, Figure::BytesEach);
    let above = bytes(Poller).zip(bytes(Native)).map(|(guest, native)| guest - native);
    add("memory of an idle connection, above native's".into(), above, AtMost(1024.0), " B");
    let start = of("f-start", Poller, Figure::CachedMs);
    add("cached start to first accept".into(), start, AtMost(15.0), " ms");
    goals
}

#[cfg(test)]
mod tests {
    use super::table;
    use crate::contender::Contender;
    use crate::machine::Machine;
    use crate::results::{Results, Row};
    use crate::work::{Figure, Work};

    #[test]
    fn a_goal_is_reached_on_the_right_side_of_its_bound_alone() {
        let mut rows: Vec<Row> = Work::all().iter().map(Row::new).collect();
        let row = rows.iter_mut().find(|row| row.work == "a-64").unwrap();
        for (contender, per_second, cpu_us) in
            [(Contender::Native, 100.0, 10.0), (Contender::Poller, 99.0, 10.0)]
        {
            let cell = row.cells.entry(contender).or_default();
            cell.add(vec![(Figure::PerSecond, per_second), (Figure::CpuUs, cpu_us)]);
        }
        let text = table(&Results { machine: Machine::this(), rows, host_calls: Vec::new() });
        assert!(text.contains("64 B: rate | ≥ 1 | 0.99 | not reached |"), "{text}");
        assert!(text.contains("64 B: CPU a request | ≤ 1 | 1.00 | reached |"), "{text}");
        assert!(text.contains("wrk -t1 -c100: rate | ≥ 0.8 | — | not measured |"), "{text}");
    }
}
