//! The doctor finds what is wrong with a guest's loop, and leaves one in peace that only nearly does it.

#[path = "doctor/clinic.rs"]
mod clinic;
mod guest;

use clinic::{Guest, LISTENER, Peer, sends, stream};
use std::net::Shutdown;
use wasi_poll_preview1::Network;
use wasi_poll_trace::doctor::{Level, Rule};

#[test]
fn a_loop_that_never_sleeps_and_brings_nothing_is_spinning() {
    let spinning = Guest::new().reads(64, stream(), 0x2).accepts().times(40, |guest| guest.poll(64, 1));
    let findings = spinning.findings(|peer| sends(peer, 0, &[b'x'; 10]));
    let finding = findings.only(Rule::Spinning);
    assert_eq!((finding.level, finding.fd), (Level::Warning, Some(stream())));
    let text = finding.to_string();
    let fd = format!("fd {}", stream());
    for told in [&*fd, "userdata 0x2", "told readable in 39 of them", "why ", "do ", "#2, #3"] {
        assert!(text.contains(told), "{text:?} doesn't say {told:?}");
    }
}

#[test]
fn a_loop_that_never_sleeps_for_it_is_busy_is_not_spinning() {
    let busy = Guest::new()
        .reads(64, stream(), 0x2)
        .accepts()
        .times(40, |guest| guest.poll(64, 1).read(stream(), 512).read(stream(), 512));
    busy.findings(|peer| {
        for message in 0..40 {
            sends(peer, message * 2_000_000, b"message");
        }
    })
    .none();
}

#[test]
fn polls_whose_timeout_is_nothing_are_spinning_too() {
    let spinning = Guest::new().clock(64, 0).accepts().times(200, |guest| guest.poll(64, 1));
    let finding = spinning.findings(|_| {}).only(Rule::Spinning).clone();
    assert_eq!((finding.level, finding.fd), (Level::Error, None));
    Guest::new().clock(64, 2_000_000).accepts().times(200, |guest| guest.poll(64, 1)).findings(|_| {}).none();
}

#[test]
fn a_socket_told_writable_again_and_again_is_a_storm() {
    let both = |guest: Guest| guest.reads(64, stream(), 0x2).writes(112, stream(), 0x3).accepts();
    let storm = both(Guest::new()).times(20, |guest| guest.poll(64, 2).read(stream(), 512));
    let findings = storm.findings(|_| {});
    let finding = findings.among(Rule::WritableStorm);
    assert_eq!((finding.fd, finding.userdata.map(|userdata| userdata.0)), (Some(stream()), Some(0x3)));

    both(Guest::new()).times(20, |guest| guest.poll(64, 2).write(stream(), 5)).findings(|_| {}).none();
}

#[test]
fn a_loop_that_reads_once_an_event_works_level_triggered_alone() {
    let once = |bytes| {
        Guest::new()
            .reads(64, stream(), 0x2)
            .accepts()
            .times(8, move |guest| guest.poll(64, 1).read(stream(), bytes))
    };
    let findings = once(8).findings(|peer| sends(peer, 0, &[b'x'; 8 * 8]));
    assert_eq!(findings.only(Rule::EdgeNotDrained).fd, Some(stream()));

    // Until less comes than was asked for: that is drained.
    once(64).findings(|peer| (0..8).for_each(|message| sends(peer, message * 2_000_000, &[b'x'; 8]))).none();
}

#[test]
fn an_edge_left_behind_when_the_loop_sleeps_is_an_error_or_a_warning() {
    let left = |sleeps| {
        let guest = Guest::new().reads(64, stream(), 0x2).clock(160, 5_000_000).accepts();
        guest.poll(64, 1).read(stream(), 8).times(sleeps, |guest| guest.poll(160, 1))
    };
    let data = |peer: &mut Peer<'_>| sends(peer, 0, &[b'x'; 32]);
    assert_eq!(left(3).findings(data).only(Rule::EdgeNotDrained).level, Level::Error);
    let late = left(3).read(stream(), 512);
    assert_eq!(late.findings(data).only(Rule::EdgeNotDrained).level, Level::Warning);

    // It goes on before it sleeps: between the two it only looks.
    let looks = Guest::new().reads(64, stream(), 0x2).clock(160, 0).clock(208, 5_000_000).accepts();
    looks.poll(64, 1).read(stream(), 8).poll(160, 1).read(stream(), 512).poll(208, 1).findings(data).none();
}

#[test]
fn a_socket_nobody_subscribes_to_is_found_while_the_loop_sleeps() {
    let sleeps = |times| {
        Guest::new()
            .reads(64, stream(), 0x2)
            .clock(160, 5_000_000)
            .accepts()
            .times(times, |guest| guest.poll(160, 1))
    };
    let data = |peer: &mut Peer<'_>| sends(peer, 0, b"hello");
    let findings = sleeps(5).findings(data);
    assert_eq!(findings.only(Rule::ReadyNotSubscribed).fd, Some(stream()));

    sleeps(2).poll(64, 1).read(stream(), 512).findings(data).none();
}

#[test]
fn a_subscription_to_a_closed_fd_is_found() {
    let polled = Guest::new().reads(64, stream(), 0x2).accepts().poll(64, 1).read(stream(), 512);
    let left = polled.clone().close(stream()).poll(64, 1);
    let data = |peer: &mut Peer<'_>| sends(peer, 0, b"hello");
    let findings = left.findings(data);
    let finding = findings.only(Rule::LeftAfterClose);
    assert_eq!((finding.level, finding.fd), (Level::Error, Some(stream())));

    // The same fd and userdata, of the next connection.
    let again = polled.close(stream()).accepts().poll(64, 1).read(stream(), 512);
    again
        .findings(|peer| {
            data(peer);
            let next = peer.network.connect(peer.address).unwrap();
            peer.stream = next;
            sends(peer, 5_000_000, b"again");
        })
        .none();
}

#[test]
fn an_end_that_nobody_acts_on_is_found() {
    let told = Guest::new().reads(64, stream(), 0x2).clock(160, 2_000_000).accepts().poll(64, 1);
    let ends = |peer: &mut Peer<'_>| peer.network.shutdown(peer.stream, Shutdown::Write).unwrap();
    let ignored = told.clone().times(12, |guest| guest.poll(160, 1));
    let findings = ignored.findings(ends);
    assert_eq!(findings.among(Rule::HangupIgnored).fd, Some(stream()));

    // It answers what was asked before the end, takes its time, and closes.
    let half =
        told.read(stream(), 512).times(12, |guest| guest.poll(160, 1).write(stream(), 5)).close(stream());
    half.findings(ends).none();
}

#[test]
fn a_socket_passed_over_for_another_starves() {
    let both = || Guest::new().reads(64, stream(), 0x2).reads(112, stream() + 1, 0x3).accepts().accepts();
    let two = |peer: &mut Peer<'_>| {
        let other = peer.network.connect(peer.address).unwrap();
        for turn in 0..20 {
            sends(peer, turn * 2_000_000, &[b'x'; 10]);
        }
        peer.stream = other;
        sends(peer, 0, &[b'y'; 10]);
    };
    let one = both().times(20, |guest| guest.poll(64, 2).blocking_read(stream(), 64));
    let findings = one.findings(two);
    assert_eq!(findings.among(Rule::Starvation).fd, Some(stream() + 1));

    let fair = both().times(20, |guest| guest.poll(64, 2).blocking_read(stream(), 64).read(stream() + 1, 64));
    fair.findings(two).none();
}

#[test]
fn a_timer_given_its_whole_period_again_drifts() {
    // Each round waits 2 ms for the peer behind a timer of 10 ms.
    let answers = |period_ns: u64| {
        move |peer: &mut Peer<'_>| {
            for round in 1..=8 {
                sends(peer, round * period_ns + 2_000_000, b"done");
            }
        }
    };
    let drifting = Guest::new()
        .clock(160, 10_000_000)
        .accepts()
        .times(8, |guest| guest.poll(160, 1).blocking_read(stream(), 64));
    let findings = drifting.findings(answers(12_000_000));
    assert_eq!(findings.only(Rule::TimeoutDrift).level, Level::Warning);

    // What is left of the period, 8 ms of 10.
    let steady = Guest::new()
        .clock(160, 10_000_000)
        .clock(208, 8_000_000)
        .accepts()
        .poll(160, 1)
        .blocking_read(stream(), 64)
        .times(7, |guest| guest.poll(208, 1).blocking_read(stream(), 64));
    steady.findings(answers(10_000_000)).none();
}

#[test]
fn reads_of_one_byte_are_found() {
    let reads = |times| Guest::new().accepts().times(times, |guest| guest.blocking_read(stream(), 1));
    let data = |peer: &mut Peer<'_>| sends(peer, 0, &[b'x'; 64]);
    let findings = reads(64).findings(data);
    let finding = findings.only(Rule::OneByteReads);
    assert_eq!((finding.fd, finding.calls.len()), (Some(stream()), 8));
    assert!(finding.what.contains("64 reads"), "{finding}");

    reads(16).read(stream(), 512).findings(data).none();
}

#[test]
fn a_guest_that_only_listens_has_nothing_wrong_with_it() {
    let listens =
        Guest::new().reads(64, LISTENER, 0x1).clock(112, 50_000_000).times(3, |guest| guest.poll(64, 2));
    listens.findings(|peer| peer.network.close(peer.stream)).none();
}
