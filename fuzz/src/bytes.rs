//! Pointers, counts, fds and records as an arbitrary guest chooses them: often such that a call means something, and
//! often not. What is done with them is `call.rs`'s.

use crate::arbitrary;
use arbitrary::{Arbitrary, Result, Unstructured};
use wasi_poll_preview1::net_dir::encode_address;
use wasi_poll_preview1::{Change, Clock, Subscription, Watch};

/// Bytes of memory a guest has.
pub const MEMORY_BYTES: u32 = 32 * 1024;

/// Where a well-meaning guest keeps its arrays: multiples of this, in bytes.
const PLACE_BYTES: u32 = 2 * 1024;

/// A pointer into the guest's memory, to its end, or anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer(pub u32);

impl<'a> Arbitrary<'a> for Pointer {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Pointer> {
        let kind: u8 = u.arbitrary()?;
        Ok(Pointer(match kind {
            0..=223 => u32::from(kind % 16) * PLACE_BYTES,
            224..=239 => u32::from(u.arbitrary::<u16>()?) % MEMORY_BYTES,
            240..=247 => MEMORY_BYTES - u32::from(u.arbitrary::<u8>()?),
            _ => u.arbitrary()?,
        }))
    }
}

/// How many of something, or how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(pub u32);

impl<'a> Arbitrary<'a> for Count {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Count> {
        let kind: u8 = u.arbitrary()?;
        Ok(Count(match kind {
            0..=239 => u32::from(kind),
            240..=247 => u32::from(u.arbitrary::<u16>()?),
            _ => u.arbitrary()?,
        }))
    }
}

/// The number of an fd, open or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fd(pub u32);

impl<'a> Arbitrary<'a> for Fd {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Fd> {
        let kind: u8 = u.arbitrary()?;
        Ok(Fd(if kind < 252 { u32::from(kind % 14) } else { u.arbitrary()? }))
    }
}

/// Flags: mostly those there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(pub u32);

impl<'a> Arbitrary<'a> for Flags {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Flags> {
        let kind: u8 = u.arbitrary()?;
        Ok(Flags(if kind < 250 { u32::from(kind % 8) } else { u.arbitrary()? }))
    }
}

arbitrary! {
/// An address that is somebody's, or nobody's.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    host: u8,
    port: u8,
}
}

impl Address {
    /// As text.
    pub fn text(self) -> String {
        const HOSTS: [&str; 8] =
            ["10.0.0.1", "10.0.0.2", "0.0.0.0", "255.255.255.255", "224.0.0.9", "[::1]", "[::]", "[ff02::9]"];
        const PORTS: [u16; 5] = [0, 80, 81, 443, 65_535];
        format!("{}:{}", HOSTS[usize::from(self.host) % 8], PORTS[usize::from(self.port) % 5])
    }
}

arbitrary! {
/// What a guest lays out in its memory.
#[derive(Clone, Debug)]
pub enum Bytes {
    /// Anything.
    Raw(Vec<u8>),
    /// Iovecs.
    Iovecs(Vec<(Pointer, Count)>),
    /// Subscriptions: the kind, the fd, and a time.
    Subscriptions(Vec<(u8, Fd, u64)>),
    /// The address that leads a datagram, with some bytes behind it.
    Address(Address, u8),
    /// A path in the network directory.
    Path(Path),
    /// The value of an attribute.
    Value(Value),
}
}

arbitrary! {
/// A path in the network directory, or nearly.
#[derive(Clone, Debug)]
pub enum Path {
    /// A listener, a stream or a datagram socket.
    Open(u8, Address),
    /// An attribute.
    Attribute(Fd, u8),
    /// A name.
    Name(u8),
    /// Anything behind a beginning that means something.
    Begun(u8, Vec<u8>),
}
}

arbitrary! {
/// What a guest tells a readiness set: of which fd, which direction, and whether it begins, stays or ends; or how long
/// reads wait.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    fd: Fd,
    kind: u8,
}
}

impl Told {
    /// As it stands in memory. Its userdata is `place`, or that of another one.
    pub fn record(self, place: u64) -> [u8; 48] {
        let Fd(fd) = self.fd;
        let is_first = self.kind & 1 == 0;
        let watch = match (self.kind & 0x70, is_first) {
            // Reads wait for ever, or not at all: in between, time would tell two networks apart.
            (0x70, _) => {
                let timeout_ns = if is_first { 0 } else { u64::MAX };
                Watch::Clock { clock: Clock::Monotonic, timeout_ns, absolute: false }
            }
            (_, true) => Watch::Read(fd),
            (_, false) => Watch::Write(fd),
        };
        let is_subscription = !matches!(watch, Watch::Clock { .. });
        let unsubscribe = is_subscription && self.kind & 6 == 6;
        let edge = is_subscription && self.kind & 6 == 4;
        let userdata = if self.kind & 8 == 0 { place } else { 0 };
        let mut record = Change { userdata, watch, unsubscribe, edge }.encode();
        if self.kind > 250 {
            // No type, or no flag, there is.
            record[if self.kind & 1 == 0 { 8 } else { 40 }] = self.kind;
        }
        record
    }
}

arbitrary! {
/// The value of an attribute.
#[derive(Clone, Debug)]
pub enum Value {
    /// A number.
    Number(u8),
    /// An address.
    Address(Address),
    /// A group and an interface.
    Group(u8),
}
}

const ATTRIBUTES: [&str; 14] = [
    "local",
    "peer",
    "error",
    "nodelay",
    "ttl",
    "only_v6",
    "broadcast",
    "multicast_loop_v4",
    "multicast_ttl_v4",
    "multicast_loop_v6",
    "join_v4",
    "leave_v4",
    "join_v6",
    "leave_v6",
];

/// The names there are, and some there are not.
pub const NAMES: [&str; 5] = ["now.test", "later.test", "none.test", "nobody.test", "no name"];

const BEGINNINGS: [&str; 7] = ["tcp/listen/", "tcp/connect/", "udp/bind/", "dns/", "fd/", "poll", ""];

impl Path {
    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let from = |list: &[&'static str], place: u8| list[usize::from(place) % list.len()];
        match self {
            Path::Open(kind, address) => [from(&BEGINNINGS[..3], *kind), &address.text()].concat().into(),
            Path::Attribute(fd, name) => format!("fd/{}/{}", fd.0, from(&ATTRIBUTES, *name)).into(),
            Path::Name(name) => format!("dns/{}", from(&NAMES, *name)).into(),
            Path::Begun(kind, rest) => [from(&BEGINNINGS, *kind).as_bytes(), rest].concat(),
        }
    }
}

impl Value {
    fn text(&self) -> String {
        match self {
            Value::Number(number) => number.to_string(),
            Value::Address(address) => address.text(),
            Value::Group(kind) => {
                ["224.0.0.9 0.0.0.0", "ff02::9 0", "10.0.0.1 10.0.0.1", "ff02::9 4294967295"]
                    [usize::from(kind % 4)]
                .into()
            }
        }
    }
}

impl Bytes {
    /// As they stand in memory.
    #[expect(clippy::missing_panics_doc, reason = "our own text is an address")]
    pub fn laid_out(&self) -> Vec<u8> {
        match self {
            Bytes::Raw(bytes) => bytes.clone(),
            Bytes::Iovecs(iovecs) => iovecs
                .iter()
                .flat_map(|(Pointer(pointer), Count(count))| [pointer.to_le_bytes(), count.to_le_bytes()])
                .flatten()
                .collect(),
            Bytes::Subscriptions(subscriptions) => {
                subscriptions.iter().flat_map(|&(kind, fd, time)| subscription(kind, fd, time)).collect()
            }
            Bytes::Address(address, rest) => {
                let address = address.text().parse().expect("an address as text");
                encode_address(address).into_iter().chain((0..*rest).map(|_| 7)).collect()
            }
            Bytes::Path(path) => path.bytes(),
            Bytes::Value(value) => value.text().into(),
        }
    }
}

fn subscription(kind: u8, Fd(fd): Fd, time: u64) -> [u8; 48] {
    let clock = if kind & 8 == 0 { Clock::Monotonic } else { Clock::Realtime };
    let watch = match kind % 4 {
        0 => Watch::Clock { clock, timeout_ns: time, absolute: kind & 16 != 0 },
        1 | 2 => Watch::Read(fd),
        _ => Watch::Write(fd),
    };
    Subscription { userdata: u64::from(kind) << 32 | u64::from(fd), watch }.encode()
}
