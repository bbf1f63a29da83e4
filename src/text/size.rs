//! Sizes in bytes.

use super::count;

/// Binary units with their exponents of two, the largest first.
const UNITS: [(u32, &str); 4] = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];

/// Returns a size in bytes in the largest unit that leaves a whole number: `64 KiB`, `1088 KiB`.
///
/// A size that is no multiple of 1 KiB is written in bytes: `14 bytes`. So the text is always
/// exact.
pub fn size(bytes: u64) -> String {
    match whole(bytes) {
        Some((number, unit)) => format!("{number} {unit}"),
        None => count(bytes, "byte"),
    }
}

/// Returns a size in bytes as an option of the command line takes it: `1088KiB`, `12`.
pub fn size_argument(bytes: u64) -> String {
    match whole(bytes) {
        Some((number, unit)) => format!("{number}{unit}"),
        None => bytes.to_string(),
    }
}

/// How far below 2^32 an address is described as one below 0, in bytes.
const BELOW_ZERO: u64 = 64 << 10;

/// Describes an address that a 32-bit subtraction took below 0: `16 bytes below 0`. Returns `None`
/// for any other address.
pub fn below_zero(address: u64) -> Option<String> {
    let below = (1_u64 << 32).checked_sub(address)?;
    let is_near = (1..=BELOW_ZERO).contains(&below);
    is_near.then(|| format!("{} below 0", count(below, "byte")))
}

/// Returns the number and the unit, if a unit divides `bytes`.
fn whole(bytes: u64) -> Option<(u64, &'static str)> {
    let is_whole = |(shift, _): &&(u32, &str)| bytes != 0 && bytes.trailing_zeros() >= *shift;
    UNITS
        .iter()
        .find(is_whole)
        .map(|(shift, unit)| (bytes >> shift, *unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_exact_in_the_largest_whole_unit() {
        let rows = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (65536, "64 KiB"),
            (17 * 65536, "1088 KiB"),
            (3 << 19, "1536 KiB"),
            ((3 << 19) + 1, "1572865 bytes"),
            (1 << 20, "1 MiB"),
            ((1 << 30) + 65536, "1048640 KiB"),
            (1 << 40, "1 TiB"),
            (u64::MAX, "18446744073709551615 bytes"),
        ];
        for (bytes, expected) in rows {
            assert_eq!(size(bytes), expected);
        }
        assert_eq!(size_argument(1 << 30), "1GiB");
        assert_eq!(size_argument(17 * 65536), "1088KiB");
        assert_eq!(size_argument(12), "12");
    }
}
