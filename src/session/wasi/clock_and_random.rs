//! The guest's clocks and random numbers, which are the same in every run.

/// The nanoseconds by which each reading advances a clock. This is also its resolution.
pub const TICK: u64 = 1_000_000;
/// The real time at the start of the session in nanoseconds: the start of the year 2000, UTC.
const EPOCH: u64 = 946_684_800_000_000_000;

/// The time that all clocks of the guest share. It moves only when it is read or waited for.
#[derive(Debug, Default)]
pub struct Clock {
    /// The nanoseconds since the session began.
    now: u64,
}

impl Clock {
    /// Returns whether there is a clock `id`: the real time (0), the monotonic time (1), and the
    /// processor times of the process (2) and the thread (3).
    pub fn exists(id: u32) -> bool {
        id <= 3
    }

    /// Advances the clock by [`TICK`] and returns the time of clock `id` in nanoseconds.
    pub fn read(&mut self, id: u32) -> u64 {
        self.now = self.now.saturating_add(TICK);
        self.time(id)
    }

    /// Returns the time of clock `id` in nanoseconds, without advancing it.
    pub fn time(&self, id: u32) -> u64 {
        if id == 0 {
            self.now.saturating_add(EPOCH)
        } else {
            self.now
        }
    }

    /// Advances the clock by `nanoseconds`.
    pub fn advance(&mut self, nanoseconds: u64) {
        self.now = self.now.saturating_add(nanoseconds);
    }
}

/// SplitMix64 with a fixed seed (Steele, Lea and Flood 2014). Its numbers are well distributed, but
/// not secret.
#[derive(Debug)]
pub struct RandomBytes {
    state: u64,
}

impl Default for RandomBytes {
    fn default() -> Self {
        RandomBytes {
            state: 0x6c69_6e6d_656d,
        }
    }
}

impl RandomBytes {
    /// Fills `bytes` with random numbers.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            let next = self.next().to_le_bytes();
            for (byte, drawn) in part.iter_mut().zip(next) {
                *byte = drawn;
            }
        }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_move_when_read_and_when_waited_for() {
        let mut clock = Clock::default();
        assert_eq!(clock.read(1), TICK);
        assert_eq!(clock.read(0), EPOCH + 2 * TICK);
        clock.advance(8 * TICK);
        assert_eq!((clock.time(1), clock.time(2)), (10 * TICK, 10 * TICK));
        clock.advance(u64::MAX);
        assert_eq!(clock.read(0), u64::MAX);
    }

    #[test]
    fn random_numbers_are_the_published_sequence() {
        // The first numbers of SplitMix64 from seed 0.
        let mut random = RandomBytes { state: 0 };
        assert_eq!(random.next(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(random.next(), 0x6e78_9e6a_a1b9_65f4);
    }
}
