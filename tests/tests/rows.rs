//! Every row of the contract that this suite answers for has a case.

#![cfg(not(target_family = "wasm"))]

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use conformance::cases;

/// All of them, polling and sockets. What bad input to the host is answered with is preview1's own cases' business.
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
