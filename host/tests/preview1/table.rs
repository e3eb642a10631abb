//! The table of PORTABILITY.md that says function by function what this host answers: it is what the cases check, no
//! more and no less.

use crate::calls::Calls;
use crate::guest::FUNCTIONS;
use crate::{CASES, traps};
use std::collections::{BTreeMap, BTreeSet};
use wasi_poll_preview1::Errno;

const PAGE: &str = include_str!("../../../PORTABILITY.md");
/// What a call does with a bad pointer, in the table.
const TRAP: &str = "trap";
/// The only two that can't go wrong.
const UNFAILING: [&str; 2] = ["proc_exit", "sched_yield"];

/// What one function answers: whether it succeeds, and how it fails.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answers {
    succeeds: bool,
    errors: BTreeSet<&'static str>,
}

impl Answers {
    fn row(&self, name: &str) -> String {
        let succeeds = if self.succeeds { "yes" } else { "no" };
        let errors: Vec<String> = self
            .errors
            .iter()
            .map(|&error| if error == TRAP { error.into() } else { format!("`{error}`") })
            .collect();
        let errors = if errors.is_empty() { "none".to_owned() } else { errors.join(", ") };
        format!("| `{name}` | {succeeds} | {errors} |")
    }
}

/// What the cases expect of each function.
fn checked() -> BTreeMap<&'static str, Answers> {
    let mut checked: BTreeMap<&str, Answers> = BTreeMap::new();
    for case in CASES {
        let mut calls = Calls::default();
        case(&mut calls);
        for (name, errno) in calls.made {
            let answers = checked.entry(name).or_default();
            match errno {
                Errno::Success => answers.succeeds = true,
                errno => drop(answers.errors.insert(errno.name())),
            }
        }
    }
    for (name, _) in traps::calls() {
        checked.entry(name).or_default().errors.insert(TRAP);
    }
    // It ends the guest, and has a test of its own.
    checked.entry("proc_exit").or_default().succeeds = true;
    checked
}

#[test]
fn every_function_is_checked_in_success_and_failure_and_the_table_says_how() {
    let checked = checked();
    let mut wrong = Vec::new();
    for (name, _) in FUNCTIONS {
        let Some(answers) = checked.get(name) else {
            wrong.push(format!("no case calls {name}"));
            continue;
        };
        if answers.errors.is_empty() && !UNFAILING.contains(name) {
            wrong.push(format!("no case sees {name} fail"));
        }
        // What never succeeds says so by one errno for whatever would be right.
        if !answers.succeeds && !answers.errors.contains("ENOTSUP") {
            wrong.push(format!("no case sees {name} succeed"));
        }
        let row = answers.row(name);
        if !PAGE.lines().any(|line| line == row) {
            wrong.push(format!("PORTABILITY.md lacks the row\n{row}"));
        }
    }
    let rows = PAGE
        .lines()
        .filter(|line| FUNCTIONS.iter().any(|(name, _)| line.starts_with(&format!("| `{name}` |"))));
    if rows.count() != FUNCTIONS.len() {
        wrong.push("PORTABILITY.md has other than one row for each function".to_owned());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
