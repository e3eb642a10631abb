//! Every figure of every round, and their medians; how they are kept as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::contender::Contender;
use crate::machine::Machine;
use crate::measure::Figures;
use crate::work::{Figure, Work};

/// What one contender did at one work: the figures of all its rounds, or why there are none.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Cell {
    /// By figure, in the rounds' order.
    pub rounds: BTreeMap<Figure, Vec<f64>>,
    /// Why there are fewer rounds than asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

impl Cell {
    /// The median of a figure's rounds.
    pub fn median(&self, figure: Figure) -> Option<f64> {
        median(self.rounds.get(&figure)?)
    }

    /// Adds a round.
    pub fn add(&mut self, figures: Figures) {
        for (figure, value) in figures {
            self.rounds.entry(figure).or_default().push(value);
        }
    }
}

/// One row: a work, and what each contender did.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// [`Work::name`].
    pub work: String,
    /// [`Work::title`].
    pub title: String,
    /// Those who were asked.
    pub cells: BTreeMap<Contender, Cell>,
}

impl Row {
    /// A row without figures yet.
    pub fn new(work: &Work) -> Row {
        Row { work: work.name.clone(), title: work.title.clone(), cells: BTreeMap::new() }
    }

    /// The median of a contender's figure.
    pub fn median(&self, contender: Contender, figure: Figure) -> Option<f64> {
        self.cells.get(&contender)?.median(figure)
    }
}

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct Results {
    /// Where it was.
    pub machine: Machine,
    /// In the order they were measured.
    pub rows: Vec<Row>,
    /// Instructions of each host call, where they can be counted.
    pub host_calls: Vec<(String, u64)>,
}

impl Results {
    /// The row of a work.
    pub fn row(&self, work: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.work == work)
    }
}

/// The middle one; of an even number, the mean of the two middle ones.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 0 => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
        _ => Some(sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_round() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[7.0]), Some(7.0));
        assert_eq!(median(&[9.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 100.0]), Some(3.0));
    }
}
