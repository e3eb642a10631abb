//! Every row of the contract that this suite answers for has a case.

#![cfg(not(target_family = "wasm"))]

use std::collections::BTreeSet;

use conformance::cases;

/// 20 and 21, connecting, 24, datagrams, and 26, polling stdio, wait for hosts that give them.
const ROWS: [u32; 23] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 22, 23, 25, 27];

#[test]
fn every_row_has_a_case() {
    let checked: BTreeSet<_> = cases::NAMES
        .iter()
        .flat_map(|name| cases::by_name(name).expect("names are those of cases").rows)
        .copied()
        .collect();
    let missing: Vec<_> = ROWS.iter().filter(|row| !checked.contains(row)).collect();
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
