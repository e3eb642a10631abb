//! Random numbers for a guest that follow from a seed.

use rand_core::TryRng;
use std::convert::Infallible;
use wasi_poll_preview1::Random;

/// What a played guest's `random_get` takes its bytes from.
pub struct SeededRandom(Random);

impl SeededRandom {
    pub fn new(seed: u64) -> SeededRandom {
        SeededRandom(Random::new(seed))
    }
}

impl TryRng for SeededRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u64() as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.0.next_u64().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
