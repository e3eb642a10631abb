//! The records' bytes, one by one, and there and back.

use super::{EVENT_BYTES, SUBSCRIPTION_BYTES, write_fdstat, write_filestat, write_socket_prestat};
use crate::test_attribute::test;
use crate::{
    Clock, Errno, Event, EventKind, Fdflags, Fdstat, Filetype, Memory, Ready, Subscription, Trap, Watch,
};

#[test]
fn a_clock_subscription_has_its_fields_in_their_places() {
    let mut record = [0; SUBSCRIPTION_BYTES as usize];
    record[..8].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
    record[16] = 1;
    record[24..32].copy_from_slice(&[9, 0, 0, 0, 0, 0, 0, 0x80]);
    record[40] = 1;
    let subscription = Subscription {
        userdata: 0x0807_0605_0403_0201,
        watch: Watch::Clock { clock: Clock::Monotonic, timeout_ns: 0x8000_0000_0000_0009, absolute: true },
    };
    assert_eq!(Subscription::decode(&record), Ok(subscription));
    assert_eq!(subscription.encode(), record);
}

#[test]
fn an_fd_subscription_has_its_fields_in_their_places() {
    for (tag, watch) in [(1, Watch::Read(0x0403_0201)), (2, Watch::Write(0x0403_0201))] {
        let mut record = [0; SUBSCRIPTION_BYTES as usize];
        record[7] = 0xFF;
        record[8] = tag;
        record[16..20].copy_from_slice(&[1, 2, 3, 4]);
        let subscription = Subscription { userdata: 0xFF << 56, watch };
        assert_eq!(Subscription::decode(&record), Ok(subscription));
        assert_eq!(subscription.encode(), record);
    }
}

#[test]
fn padding_and_precision_say_nothing() {
    let subscription = Subscription { userdata: 3, watch: Watch::Read(5) };
    let mut record = subscription.encode();
    record[9..16].fill(0xFF);
    record[20..].fill(0xFF);
    assert_eq!(Subscription::decode(&record), Ok(subscription));
    let clock = Watch::Clock { clock: Clock::Realtime, timeout_ns: 5, absolute: false };
    let subscription = Subscription { userdata: 3, watch: clock };
    let mut record = subscription.encode();
    for padding in [9..16, 20..24, 32..40, 42..48] {
        record[padding].fill(0xFF);
    }
    assert_eq!(Subscription::decode(&record), Ok(subscription));
}

#[test]
fn every_byte_of_a_tag_clock_and_flag_is_looked_at() {
    let clock = Watch::Clock { clock: Clock::Realtime, timeout_ns: 5, absolute: false };
    for offset in [8, 16, 17, 18, 19, 40, 41] {
        let mut record = Subscription { userdata: 0, watch: clock }.encode();
        record[offset] = 0x80;
        assert_eq!(Subscription::decode(&record), Err(Errno::Inval), "at {offset}");
    }
    for (id, errno) in [(2, Errno::Notsup), (3, Errno::Notsup), (4, Errno::Inval)] {
        let mut record = Subscription { userdata: 0, watch: clock }.encode();
        record[16] = id;
        assert_eq!(Subscription::decode(&record), Err(errno), "clock {id}");
    }
}

#[test]
fn an_event_has_its_fields_in_their_places() {
    let ready = Ready { bytes: 0x0102, hangup: true, error: None };
    let event = Event { userdata: 0x0A, errno: Errno::Badf, kind: EventKind::Write(ready) };
    let mut record = [0; EVENT_BYTES as usize];
    record[0] = 0x0A;
    record[8] = 8;
    record[10] = 2;
    record[16..18].copy_from_slice(&[2, 1]);
    record[24] = 1;
    assert_eq!(event.encode(), record);
    assert_eq!(Event::decode(&record), Some(event));
}

#[test]
fn a_pending_error_stands_in_bit_1_and_nbytes() {
    let ready = Ready { bytes: 0, hangup: true, error: Some(Errno::Connreset) };
    let event = Event { userdata: 1, errno: Errno::Success, kind: EventKind::Read(ready) };
    let record = event.encode();
    assert_eq!((record[8], record[10], record[16], record[24]), (0, 1, 15, 3));
    assert_eq!(Event::decode(&record), Some(event));
}

#[test]
fn events_come_back_as_they_went() {
    let states = [
        Ready::default(),
        Ready { bytes: u64::MAX, hangup: false, error: None },
        Ready { bytes: 0, hangup: false, error: Some(Errno::Notcapable) },
    ];
    for &errno in Errno::ALL {
        for ready in states {
            for kind in [EventKind::Clock, EventKind::Read(ready), EventKind::Write(ready)] {
                let event = Event { userdata: u64::MAX - 1, errno, kind };
                assert_eq!(Event::decode(&event.encode()), Some(event));
            }
        }
    }
}

#[test]
fn an_event_of_no_type_or_errno_is_none() {
    let event = Event { userdata: 0, errno: Errno::Success, kind: EventKind::Clock };
    for (offset, value) in [(10, 3), (8, 77), (9, 1)] {
        let mut record = event.encode();
        record[offset] = value;
        assert_eq!(Event::decode(&record), None, "{value} at {offset}");
    }
}

#[test]
fn stats_are_written_whole() {
    let mut bytes = [0xAA; 72];
    let stat = Fdstat { filetype: Filetype::SocketStream, flags: Fdflags::NONBLOCK, rights: 0x0102 };
    write_fdstat(&mut Memory::new(&mut bytes), 8, &stat).unwrap();
    let mut expected = [0; 24];
    (expected[0], expected[2], expected[8], expected[9]) = (6, 4, 2, 1);
    assert_eq!(bytes[8..32], expected);
    assert_eq!((bytes[7], bytes[32]), (0xAA, 0xAA));

    write_filestat(&mut Memory::new(&mut bytes), 0, Filetype::SocketDgram).unwrap();
    let mut expected = [0; 64];
    expected[16] = 5;
    assert_eq!(bytes[..64], expected);
    assert_eq!(bytes[64], 0xAA);

    write_socket_prestat(&mut Memory::new(&mut bytes), 64).unwrap();
    assert_eq!(bytes[64..], [1, 0, 0, 0, 0, 0, 0, 0]);
    let misaligned = write_socket_prestat(&mut Memory::new(&mut bytes), 2);
    assert_eq!(misaligned, Err(Trap::Misaligned { pointer: 2, alignment: 4 }));
}
