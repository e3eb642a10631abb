//! The same play level-triggered and edge-triggered: what differs, as failures.

use super::{Failure, Report, Scenario};
use crate::Outcome;
use wasi_poll_trace::doctor::Finding;

/// What differs between a play with level-triggered polls and the same with edge-triggered ones: how guests ended, why it
/// failed, what they printed and what the doctor finds. Times don't count.
///
/// A guest that depends on neither makes the same calls in both.
pub fn differences(
    scenario: &Scenario,
    level: (&Report, &[Finding]),
    edge: (&Report, &[Finding]),
) -> Vec<Failure> {
    let ((level, level_findings), (edge, edge_findings)) = (level, edge);
    let mut texts = Vec::new();
    for (number, guest) in scenario.guests.iter().enumerate() {
        let end = |report: &Report| end(report.outcomes[number].as_ref());
        if end(level) != end(edge) {
            texts.push(format!(
                "the guest {} {} level-triggered, and {} edge-triggered",
                guest.name,
                end(level),
                end(edge)
            ));
        }
    }
    let failures = |report: &Report| {
        let told = report.failures.iter().filter(|failure| !matches!(failure, Failure::Finding { .. }));
        told.map(|failure| (key(failure), failure.to_string())).collect::<Vec<_>>()
    };
    one_sided(&failures(level), &failures(edge), &mut texts);
    for (number, guest) in scenario.guests.iter().enumerate() {
        texts.extend(other_words(&guest.name, number, level, edge));
    }
    let findings = |findings: &[Finding]| {
        let key =
            |found: &Finding| format!("{} {:?} {:?} {:?}", found.rule, found.level, found.guest, found.fd);
        findings.iter().map(|found| (key(found), format!("the doctor finds {found}"))).collect::<Vec<_>>()
    };
    one_sided(&findings(level_findings), &findings(edge_findings), &mut texts);
    texts.into_iter().map(|text| Failure::Trigger { text }).collect()
}

fn end(outcome: Option<&Outcome>) -> String {
    match outcome {
        None => "runs on".to_owned(),
        Some(Outcome::Exited(code)) => format!("exits with {code}"),
        Some(Outcome::Trapped { message, .. }) => format!("traps ({message})"),
        Some(_) => "is ended".to_owned(),
    }
}

/// What is in one of two lists alone, by its key.
fn one_sided(level: &[(String, String)], edge: &[(String, String)], texts: &mut Vec<String>) {
    for (here, there, how) in [(level, edge, "level"), (edge, level, "edge")] {
        let alone = here.iter().filter(|(key, _)| !there.iter().any(|(other, _)| other == key));
        texts.extend(alone.map(|(_, text)| format!("{how}-triggered alone, {text}")));
    }
}

/// What a failure is, whenever it is.
fn key(failure: &Failure) -> String {
    match failure {
        Failure::Trapped { guest, message, .. } => format!("{guest} trapped {message}"),
        Failure::Exited { guest, code, .. } => format!("{guest} exited {code}"),
        Failure::Expectation { peer, number, why, .. } => format!("{peer} {number} {why}"),
        Failure::Undrained { guest, fd, .. } => format!("{guest} undrained {fd}"),
        other => other.to_string(),
    }
}

/// The first line that a guest prints in one of the two alone, or as another.
fn other_words(name: &str, guest: usize, level: &Report, edge: &Report) -> Option<String> {
    let lines = |report: &Report| -> Vec<String> {
        report.lines().into_iter().filter(|line| line.guest == guest).map(|line| line.text).collect()
    };
    let (level, edge) = (lines(level), lines(edge));
    let at = (0..level.len().max(edge.len())).find(|&at| level.get(at) != edge.get(at))?;
    let line = |lines: &[String]| lines.get(at).map_or("nothing".to_owned(), |line| format!("{line:?}"));
    Some(format!(
        "the guest {name} prints as its line {} {} level-triggered, and {} edge-triggered",
        at + 1,
        line(&level),
        line(&edge)
    ))
}
