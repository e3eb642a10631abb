//! What a guest reads of the bytes a call has written. Whole records are decoded where the host's are.

/// The 32-bit number at `pointer`.
pub(super) fn read_u32(memory: &[u8], pointer: u32) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&memory[pointer as usize..pointer as usize + 4]);
    u32::from_le_bytes(bytes)
}

/// Lays out iovecs, pointer and length each, at `pointer`.
pub(super) fn write_iovecs(memory: &mut [u8], pointer: u32, iovecs: &[(u32, u32)]) {
    let records = memory[pointer as usize..].chunks_exact_mut(8);
    for (record, (start, length)) in records.zip(iovecs) {
        record[..4].copy_from_slice(&start.to_le_bytes());
        record[4..].copy_from_slice(&length.to_le_bytes());
    }
}
