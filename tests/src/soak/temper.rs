//! What one connection of a soak is to do, drawn at random from a seed.

use std::time::Duration;

/// A sequence that is the same for the same seed everywhere: `SplitMix64`.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, but without, `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn between(&mut self, from: u64, end: u64) -> usize {
        (from + self.below(end - from)) as usize
    }

    fn is(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It closes when it has got everything back.
    Close,
    /// It ends sending, and closes when it has got everything and the end of the stream.
    HalfClose,
    /// It resets when so many bytes have gone either way.
    Reset(usize),
    /// It closes when so many bytes have gone either way, whatever is left to read.
    Abandon(usize),
}

/// What a connection is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Temper {
    /// How many bytes it sends.
    pub bytes: usize,
    /// How many bytes it sends, or receives, at most at a time.
    pub piece_bytes: usize,
    pub ending: Ending,
    /// When so many bytes were sent, it does nothing for so long.
    pub stall: Option<(usize, Duration)>,
    /// It reads nothing before it has sent everything, and pauses after each piece.
    pub slow: bool,
}

impl Temper {
    pub fn draw(random: &mut Random) -> Temper {
        let slow = random.is(5);
        let bytes = match random.below(100) {
            0..5 => 0,
            5..70 => random.between(1, 2 << 10),
            // What a slow one can send without reading is what fits in buffers.
            _ if slow => random.between(2 << 10, 8 << 10),
            70..96 => random.between(2 << 10, 32 << 10),
            _ => random.between(32 << 10, 256 << 10),
        };
        let piece_bytes = if slow { random.between(256, 2 << 10) } else { random.between(1 << 10, 60 << 10) };
        let point = random.below(2 * bytes as u64 + 1) as usize;
        let ending = match random.below(100) {
            0..45 => Ending::Close,
            45..70 => Ending::HalfClose,
            70..87 => Ending::Reset(point),
            _ => Ending::Abandon(point),
        };
        let stall = random
            .is(25)
            .then(|| (random.below(bytes as u64 + 1) as usize, Duration::from_millis(random.below(2_000))));
        Temper { bytes, piece_bytes, ending, stall, slow }
    }
}

#[cfg(test)]
mod tests {
    use super::{Random, Temper};

    #[test]
    fn a_seed_draws_the_same_tempers_again() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (0..100).map(|_| Temper::draw(&mut random)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}
