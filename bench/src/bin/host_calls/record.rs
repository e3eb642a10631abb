//! The bytes of a `poll_oneoff` subscription, as a guest writes them.

/// The size of a subscription.
pub const SUBSCRIPTION_BYTES: usize = 48;

/// When `fd` can be read.
pub fn readable(fd: u32) -> [u8; SUBSCRIPTION_BYTES] {
    let mut record = [0; SUBSCRIPTION_BYTES];
    record[..8].copy_from_slice(&u64::from(fd).to_le_bytes());
    record[8] = 1;
    record[16..20].copy_from_slice(&fd.to_le_bytes());
    record
}

/// At once: the monotonic clock's next zero nanoseconds.
pub fn at_once() -> [u8; SUBSCRIPTION_BYTES] {
    let mut record = [0; SUBSCRIPTION_BYTES];
    record[16..20].copy_from_slice(&1_u32.to_le_bytes());
    record
}
