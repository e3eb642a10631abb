//! Every row of the contract that this suite answers for has a case.

#![cfg(not(target_family = "wasm"))]

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use conformance::cases;

/// All of them, polling and sockets. What bad input to the host is answered with are preview1's own cases.
const ROWS: RangeInclusive<u32> = 1..=27;

#[test]
fn every_row_has_a_case() {
    let checked: BTreeSet<_> = cases::NAMES
        .iter()
        .flat_map(|name| cases::by_name(name).expect("names are those of cases").rows)
        .copied()
        .collect();
    let missing: Vec<_> = ROWS.filter(|row| !checked.contains(row)).collect();
    assert!(missing.is_empty(), "no case checks the rows {missing:?}");
}

#[test]
fn every_case_has_a_row_and_a_name_of_its_own() {
    let names: BTreeSet<_> = cases::NAMES.iter().collect();
    assert_eq!(names.len(), cases::NAMES.len(), "two cases share a name");
    for name in cases::NAMES {
        let case = cases::by_name(name).expect("names are those of cases");
        assert!(!case.rows.is_empty(), "{name} checks no row");
        assert!(case.rows.iter().all(|row| ROWS.contains(row)), "{name} checks a row that isn't ours");
    }
}

/// How each row of bad input begins.
const BAD_INPUT: [&str; 21] = [
    "`poll_oneoff` with no subscription",
    "more subscriptions than allowed",
    "a pointer or array out of bounds or misaligned",
    "subscriptions and events that overlap",
    "an unknown tag, clock or clock flag",
    "a bad fd in one subscription",
    "the same fd and type twice",
    "a time of 0",
    "two clocks",
    "a renumbering",
    "a polled fd closed or renumbered",
    "iovecs:",
    "unknown flags",
    "`sock_*` on what is no socket",
    "a receive on a listener",
    "an accept at the limit of fds",
    "a path in `/net` that doesn't parse",
    "a busy loop",
    "a module that wants more",
    "a file that is no module",
    "terminal escapes",
];

/// That the names are those of functions is one of the house rules.
#[test]
fn every_kind_of_bad_input_names_its_tests() {
    let page = include_str!("../../PORTABILITY.md");
    let (_, section) = page.split_once("\n## Bad input\n").expect("the page has a section on bad input");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("| ")).skip(1).collect();
    assert_eq!(rows.len(), BAD_INPUT.len(), "one row each");
    for (row, input) in rows.iter().zip(BAD_INPUT) {
        assert!(row.starts_with(input), "{row} is not the row of {input}");
        let named = row.split(" | ").skip(2).any(|cell| cell.contains('`'));
        assert!(named, "no test is named for {input}");
    }
}
