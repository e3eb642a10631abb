//! Records there and back: any bytes decode to something or to an errno, and what was decoded encodes to the same
//! fields again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::net::SocketAddr;
use wasi_poll_preview1::net_dir::{ADDRESS_BYTES, decode_address, encode_address};
use wasi_poll_preview1::{Clock, Errno, Event, EventKind, Ready, Subscription, Watch};

/// A subscription, an event and an address, and what another event and another address are made of.
type Records = ([u8; 48], [u8; 32], [u8; ADDRESS_BYTES], (u64, u16, u8, u64, bool, Option<u16>), SocketAddr);

fuzz_target!(|records: Records| {
    let (subscription, event, address, told, at) = records;
    of_a_subscription(&subscription);
    of_an_event(&event);
    of_an_address(&address);
    let (userdata, errno, kind, bytes, hangup, error) = told;
    let (Some(errno), error) = (Errno::from_raw(errno % 77), error.and_then(Errno::from_raw)) else { return };
    let bytes = if error.is_some() { 0 } else { bytes };
    let ready = Ready { bytes, hangup, error };
    let kind = [EventKind::Clock, EventKind::Read(ready), EventKind::Write(ready)][usize::from(kind) % 3];
    let event = Event { userdata, errno, kind };
    assert_eq!(Event::decode(&event.encode()), Some(event));
    assert_eq!(decode_address(&encode_address(at)), Ok(at));
});

/// The fields of a record, all that is behind them being filled up.
fn fields<const BYTES: usize>(record: &[u8; BYTES], places: &[std::ops::Range<usize>]) -> Vec<u8> {
    places.iter().flat_map(|place| record[place.clone()].iter().copied()).collect()
}

fn of_a_subscription(record: &[u8; 48]) {
    let decoded = Subscription::decode(record);
    let fits = match (record[8], u32::from_le_bytes([record[16], record[17], record[18], record[19]])) {
        (0, 2 | 3) => Err(Errno::Notsup),
        (0, 0 | 1) if record[40] < 2 && record[41] == 0 => Ok(&[0..9, 16..20, 24..32, 40..42][..]),
        (1 | 2, _) => Ok(&[0..9, 16..20][..]),
        _ => Err(Errno::Inval),
    };
    match (decoded, fits) {
        (Ok(subscription), Ok(places)) => {
            let encoded = subscription.encode();
            assert_eq!(fields(&encoded, places), fields(record, places));
            assert_eq!(Subscription::decode(&encoded), Ok(subscription));
            if let Watch::Clock { clock, absolute, .. } = subscription.watch {
                assert_eq!((clock == Clock::Monotonic, absolute), (record[16] == 1, record[40] == 1));
            }
        }
        (Err(decoded), Err(errno)) => assert_eq!(decoded, errno),
        (decoded, fits) => panic!("{decoded:?} where {fits:?} is due"),
    }
}

fn of_an_event(record: &[u8; 32]) {
    let Some(event) = Event::decode(record) else { return };
    let encoded = event.encode();
    assert_eq!(Event::decode(&encoded), Some(event));
    // Userdata, errno and type; a clock's event says nothing else.
    assert_eq!(encoded[..11], record[..11]);
}

fn of_an_address(record: &[u8; ADDRESS_BYTES]) {
    match decode_address(record) {
        Ok(address) => {
            let places = if address.is_ipv4() { &[0..4, 8..12][..] } else { &[0..4, 4..28][..] };
            assert_eq!(fields(&encode_address(address), places), fields(record, places));
        }
        Err(errno) => {
            assert_eq!(errno, Errno::Inval);
            assert!(!matches!(u16::from_le_bytes([record[0], record[1]]), 4 | 6));
        }
    }
}
