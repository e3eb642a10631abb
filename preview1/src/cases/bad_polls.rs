//! What `poll_oneoff` answers a guest that is wrong or hostile.

use super::guest::{
    COUNT, EVENTS, MEMORY_BYTES, SUBSCRIPTIONS, errno, is_misaligned, is_out_of_bounds, span,
};
use super::{Guest, Rig};
use crate::{Clock, Errno, Event, EventKind, Limits, Ready, Subscription, Watch};

pub fn a_poll_of_nothing_is_einval<R: Rig>() {
    let mut guest = Guest::<R>::new();
    assert_eq!(guest.poll(&[]), errno(Errno::Inval));
    assert_eq!(guest.poll_at(u32::MAX, u32::MAX, 0, u32::MAX), errno(Errno::Inval));
}

pub fn a_poll_of_more_than_allowed_is_enomem<R: Rig>() {
    let mut guest = Guest::<R>::with_limits(Limits { subscriptions: 2, ..Limits::default() });
    assert_eq!(guest.poll(&[span(0, 0); 2]).unwrap().len(), 2);
    assert_eq!(guest.poll(&[span(0, 0); 3]), errno(Errno::Nomem));
}

pub fn a_count_whose_bytes_wrap_is_enomem<R: Rig>() {
    let mut guest = Guest::<R>::with_limits(Limits { subscriptions: u32::MAX, ..Limits::default() });
    // Times 48 these are 2³² + 32, 2³² × 3 and more than that; times 32, the second is 2³³.
    for count in [0x0555_5556, 0x1000_0000, u32::MAX] {
        assert_eq!(guest.poll_at(SUBSCRIPTIONS, EVENTS, count, COUNT), errno(Errno::Nomem), "{count:#x}");
    }
}

pub fn a_poll_with_a_pointer_out_of_bounds_traps_and_does_nothing<R: Rig>() {
    const HOUR_NS: u64 = 3_600_000_000_000;
    let mut guest = Guest::<R>::new();
    let end = MEMORY_BYTES;
    // However many of them are due: room for both events has to be there.
    for second_ns in [0, HOUR_NS] {
        guest.subscribe(&[span(1, 0), span(2, second_ns)]);
        out_of_bounds_traps_and_does_nothing(&mut guest);
    }
    // The last records lie right at the end.
    guest.subscribe(&[span(1, 0); 2]);
    guest.memory[end as usize - 96..].fill(0);
    assert_eq!(guest.poll_at(end - 96, EVENTS, 2, COUNT), Ok(2));
    assert_eq!(guest.poll_at(SUBSCRIPTIONS, end - 64, 2, COUNT), Ok(2));
    assert_eq!(guest.poll_at(SUBSCRIPTIONS, EVENTS, 2, end - 4), Ok(2));
}

/// Of two subscriptions that the guest has laid out.
#[track_caller]
fn out_of_bounds_traps_and_does_nothing<R: Rig>(guest: &mut Guest<R>) {
    let end = MEMORY_BYTES;
    for (subscriptions, events, told) in [
        (end, EVENTS, COUNT),
        (end - 48, EVENTS, COUNT),
        (u32::MAX - 47, EVENTS, COUNT),
        (SUBSCRIPTIONS, end - 32, COUNT),
        (SUBSCRIPTIONS, u32::MAX - 31, COUNT),
        (SUBSCRIPTIONS, EVENTS, end),
        (SUBSCRIPTIONS, EVENTS, u32::MAX - 3),
    ] {
        let before = guest.memory.clone();
        let polled = guest.poll_at(subscriptions, events, 2, told);
        assert!(is_out_of_bounds(&polled), "{subscriptions:#x} {events:#x} {told:#x}: {polled:?}");
        assert!(guest.memory == before, "a trap wrote to memory");
    }
}

pub fn a_poll_with_a_misaligned_pointer_traps_and_does_nothing<R: Rig>() {
    let mut guest = Guest::<R>::new();
    guest.subscribe(&[span(1, 0)]);
    for (subscriptions, events, told) in [(4, EVENTS, COUNT), (0, EVENTS + 4, COUNT), (0, EVENTS, COUNT + 2)]
    {
        let before = guest.memory.clone();
        let polled = guest.poll_at(subscriptions, events, 1, told);
        assert!(is_misaligned(&polled), "{subscriptions} {events} {told}: {polled:?}");
        assert!(guest.memory == before, "a trap wrote to memory");
    }
}

pub fn subscriptions_are_read_before_events_are_written_over_them<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, _peer) = guest.connected();
    let subscriptions = [10, 11, 12, 13].map(|userdata| Subscription { userdata, watch: Watch::Write(fd) });
    for events in [0, 8, 48, 96] {
        guest.subscribe(&subscriptions);
        let told = guest.poll_at(SUBSCRIPTIONS, events, 4, COUNT).unwrap();
        let userdata: Vec<u64> = guest.events_at(events, told).iter().map(|event| event.userdata).collect();
        assert_eq!(userdata, [10, 11, 12, 13], "events at {events}");
    }
}

pub fn a_poll_that_waited_does_not_read_its_subscriptions_again<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let subscriptions = [span(1, 2_000_000), span(2, 1 << 62)];
    guest.subscribe(&subscriptions);
    let mut looks = 0;
    let polled = guest.finish(|process, memory| {
        looks += 1;
        let progress = process.poll_oneoff(memory, SUBSCRIPTIONS, EVENTS, 2, COUNT);
        memory.slice_mut(SUBSCRIPTIONS, 96).unwrap().fill(0xFF);
        progress
    });
    assert!(polled.is_ok() && looks > 1, "{polled:?} after {looks}");
    assert_eq!(guest.events_at(EVENTS, 1)[0].userdata, 1);
}

pub fn an_unknown_tag_clock_or_flag_is_einval<R: Rig>() {
    let mut guest = Guest::<R>::new();
    for (offset, value) in [(8, 3), (8, 255), (16, 4), (19, 1), (40, 2), (40, 3), (41, 1)] {
        guest.subscribe(&[span(0, 0); 2]);
        guest.memory[48 + offset] = value;
        let polled = guest.poll_at(SUBSCRIPTIONS, EVENTS, 2, COUNT);
        assert_eq!(polled, errno(Errno::Inval), "{value} at {offset}");
    }
}

pub fn a_clock_of_cpu_time_is_enotsup<R: Rig>() {
    let mut guest = Guest::<R>::new();
    for clock in [2, 3] {
        guest.subscribe(&[span(0, 0)]);
        guest.memory[16] = clock;
        assert_eq!(guest.poll_at(SUBSCRIPTIONS, EVENTS, 1, COUNT), errno(Errno::Notsup));
    }
}

pub fn a_bad_fd_is_an_event_of_its_own<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, _peer) = guest.connected();
    let events =
        guest.first_of(&[Watch::Read(fd + 1), Watch::Write(fd), Watch::Write(u32::MAX), Watch::Read(fd)]);
    let bad = |userdata, kind| Event { userdata, errno: Errno::Badf, kind };
    let ready = Ready { bytes: 1, hangup: false, error: None };
    assert_eq!(
        events,
        [
            bad(0, EventKind::Read(Ready::default())),
            Event { userdata: 1, errno: Errno::Success, kind: EventKind::Write(ready) },
            bad(2, EventKind::Write(Ready::default())),
        ]
    );
}

pub fn the_same_subscription_twice_is_two_events<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    peer.sends(&mut guest, b"hello");
    guest.arrives(Watch::Read(fd));
    let watches = [Watch::Read(fd), Watch::Read(fd), Watch::Write(fd), Watch::Write(fd)];
    let userdata: Vec<u64> = guest.first_of(&watches).iter().map(|event| event.userdata).collect();
    assert_eq!(userdata, [0, 1, 2, 3]);
    // Where it may or may not be ready, it is asked once, and both are told.
    guest.hears(fd, b"hell");
    let events = guest.first_of(&[Watch::Read(fd), Watch::Read(fd)]);
    assert_eq!(events.len(), 2);
}

pub fn a_time_that_has_passed_is_due_at_once<R: Rig>() {
    let mut guest = Guest::<R>::new();
    guest.poll(&[span(0, 1_000)]).unwrap();
    for clock in [Clock::Monotonic, Clock::Realtime] {
        for (timeout_ns, absolute) in [(0, false), (0, true), (1, true)] {
            let due = Subscription { userdata: 5, watch: Watch::Clock { clock, timeout_ns, absolute } };
            let events = guest.poll(&[due, span(6, u64::MAX)]).unwrap();
            assert_eq!(events, [Event { userdata: 5, errno: Errno::Success, kind: EventKind::Clock }]);
        }
    }
}

pub fn an_absolute_time_is_waited_for_on_either_clock<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let ahead_ns = 3_000_000;
    for clock in [Clock::Monotonic, Clock::Realtime] {
        let network = guest.process.network();
        let (now_ns, realtime_ns) = (crate::Network::now_ns(network), crate::Network::realtime_ns(network));
        let reading_ns = if clock == Clock::Monotonic { now_ns } else { realtime_ns };
        let timeout_ns = reading_ns + ahead_ns;
        let watch = Watch::Clock { clock, timeout_ns, absolute: true };
        assert_eq!(guest.poll(&[Subscription { userdata: 1, watch }]).unwrap().len(), 1);
        // A clock that is set while a system waits may take a little of it away.
        assert!(guest.now_ns() >= now_ns + ahead_ns - 100_000, "early");
    }
}

pub fn of_two_clocks_only_the_expired_one_is_told<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let told = |events: Vec<Event>| events.iter().map(|event| event.userdata).collect::<Vec<_>>();
    let events = guest.poll(&[span(1, 60_000_000_000), span(2, 1_000_000)]).unwrap();
    assert_eq!(told(events), [2]);
    let events = guest.poll(&[span(1, 0), span(2, 60_000_000_000), span(3, 0)]).unwrap();
    assert_eq!(told(events), [1, 3]);
}
