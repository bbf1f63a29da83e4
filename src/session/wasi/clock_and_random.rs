//! Time and chance as the guest meets them: the same in every run.

/// How far a clock moves each time it is read, which is also its resolution, in nanoseconds.
pub const TICK: u64 = 1_000_000;
/// When the session begins by the clock on the wall, in nanoseconds: the beginning of the year
/// 2000, UTC.
const EPOCH: u64 = 946_684_800_000_000_000;

/// All clocks are one: it stands still except where it is read or waited for.
#[derive(Debug, Default)]
pub struct Clock {
    /// Nanoseconds since the session began.
    now: u64,
}

impl Clock {
    /// Whether there is a clock of this number: the one on the wall (0), the one that never goes
    /// back (1), and the time that the process (2) and the thread (3) have used.
    pub fn exists(id: u32) -> bool {
        id <= 3
    }

    /// Reads a clock, which moves it on.
    pub fn read(&mut self, id: u32) -> u64 {
        self.now = self.now.saturating_add(TICK);
        self.shown(id)
    }

    /// What a clock shows, without moving it.
    pub fn shown(&self, id: u32) -> u64 {
        if id == 0 {
            self.now.saturating_add(EPOCH)
        } else {
            self.now
        }
    }

    /// Lets so many nanoseconds pass, in no time at all.
    pub fn pass(&mut self, time: u64) {
        self.now = self.now.saturating_add(time);
    }
}

/// SplitMix64 from a fixed seed (Steele, Lea and Flood 2014): well spread, and not for secrets.
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
        clock.pass(8 * TICK);
        assert_eq!((clock.shown(1), clock.shown(2)), (10 * TICK, 10 * TICK));
        clock.pass(u64::MAX);
        assert_eq!(clock.read(0), u64::MAX);
    }

    #[test]
    fn chance_is_the_published_sequence() {
        // The first numbers of SplitMix64 from seed 0.
        let mut chance = RandomBytes { state: 0 };
        assert_eq!(chance.next(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(chance.next(), 0x6e78_9e6a_a1b9_65f4);
    }
}
