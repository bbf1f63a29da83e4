//! Numbers with the noun that they count.

use std::fmt::Display;

/// Returns `n` with its noun, which takes an `s` unless `n` is 1: `1 page`, `17 pages`.
pub fn count<N: Display + PartialEq + From<u8>>(n: N, noun: &str) -> String {
    let ending = plural(&n);
    format!("{n} {noun}{ending}")
}

/// Returns the ending that a regular noun takes after the number `n`: nothing for 1, else `s`.
pub fn plural<N: PartialEq + From<u8>>(n: &N) -> &'static str {
    if *n == N::from(1) { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        assert_eq!(count(0u64, "byte"), "0 bytes");
        assert_eq!(count(1usize, "byte"), "1 byte");
        assert_eq!(count(17u32, "more line"), "17 more lines");
    }
}
