//! Bytes of memory as people read them: numbers of each width, UTF-8, LEB128, a pointer.

use std::fmt::Write as _;

use crate::safe;
use crate::text;
use crate::timeline::Image;
use crate::value::Float;

/// A value that memory has too few bytes for.
pub(super) const PAST_THE_END: &str = "past the end";

/// Returns a byte in three bases, with its character or name.
pub(super) fn byte_text(byte: u8) -> String {
    let name = match byte {
        b' ' => "  space".to_owned(),
        0x21..=0x7e => format!("  '{}'", char::from(byte)),
        0 => "  NUL".to_owned(),
        b'\n' => "  line feed".to_owned(),
        b'\r' => "  carriage return".to_owned(),
        b'\t' => "  tab".to_owned(),
        0x7f | 0x01..0x20 => "  control".to_owned(),
        0x80.. => String::new(),
    };
    format!("0x{byte:02x}  {byte}  0b{byte:08b}{name}")
}

/// Returns the integers and floats that start at an address: little endian as in Wasm, and big endian
/// where that differs.
pub(super) fn numbers(memory: &Image, address: u64) -> Vec<(&'static str, String)> {
    let have = usize::try_from(memory.len().saturating_sub(address).min(8)).unwrap_or(0);
    let bytes = memory.read(address, 8);
    let byte = bytes.first().copied().unwrap_or(0);
    let bytes = bytes.get(..have).unwrap_or(&[]);
    let two = bytes.first_chunk::<2>();
    let four = bytes.first_chunk::<4>();
    let eight = bytes.first_chunk::<8>();
    vec![
        ("u8", byte.to_string()),
        ("i8", byte.cast_signed().to_string()),
        (
            "u32",
            both(four.map(|b| (u32::from_le_bytes(*b), u32::from_be_bytes(*b)))),
        ),
        (
            "i32",
            both(four.map(|b| (i32::from_le_bytes(*b), i32::from_be_bytes(*b)))),
        ),
        (
            "u16",
            both(two.map(|b| (u16::from_le_bytes(*b), u16::from_be_bytes(*b)))),
        ),
        (
            "i16",
            both(two.map(|b| (i16::from_le_bytes(*b), i16::from_be_bytes(*b)))),
        ),
        (
            "u64",
            both(eight.map(|b| (u64::from_le_bytes(*b), u64::from_be_bytes(*b)))),
        ),
        (
            "i64",
            both(eight.map(|b| (i64::from_le_bytes(*b), i64::from_be_bytes(*b)))),
        ),
        (
            "f32",
            both(four.map(|b| {
                (
                    Printed(Float::F32(u32::from_le_bytes(*b))),
                    Printed(Float::F32(u32::from_be_bytes(*b))),
                )
            })),
        ),
        (
            "f64",
            both(eight.map(|b| {
                (
                    Printed(Float::F64(u64::from_le_bytes(*b))),
                    Printed(Float::F64(u64::from_be_bytes(*b))),
                )
            })),
        ),
    ]
}

/// A float that equals another one if both print the same, so that a NaN is printed once.
struct Printed(Float);

impl PartialEq for Printed {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl std::fmt::Display for Printed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

fn both<T: ToString + PartialEq>(value: Option<(T, T)>) -> String {
    match value {
        None => PAST_THE_END.to_owned(),
        Some((little, big)) if little == big => little.to_string(),
        Some((little, big)) => format!("{}  (big endian {})", little.to_string(), big.to_string()),
    }
}

/// Returns the bytes of a character with this first byte; `None` for a byte that starts none.
fn utf8_length(first: u8) -> Option<u64> {
    match first {
        0..=0x7f => Some(1),
        0xc2..=0xdf => Some(2),
        0xe0..=0xef => Some(3),
        0xf0..=0xf4 => Some(4),
        _ => None,
    }
}

/// Returns the character whose first byte is at an address, and its length in bytes.
fn character(memory: &Image, address: u64) -> Option<(char, u64)> {
    let len = utf8_length(memory.byte(address)?)?;
    let bytes = memory.read(address, len.min(memory.len() - address));
    let c = std::str::from_utf8(&bytes).ok()?.chars().next()?;
    Some((c, len))
}

/// Returns the character that a byte is or is a part of, or why it is none.
pub(super) fn utf8(memory: &Image, address: u64) -> String {
    if let Some((c, len)) = character(memory, address) {
        let bytes = text::count(len, "byte");
        return format!("{}  U+{:04X}, {bytes}", quoted(c), u32::from(c));
    }
    let byte = memory.byte(address).unwrap_or(0);
    if (0x80..0xc0).contains(&byte) {
        for back in 1..=3 {
            let Some((c, len)) = address
                .checked_sub(back)
                .and_then(|start| character(memory, start))
            else {
                continue;
            };
            if len > back {
                return format!("byte {} of {len} of {}", back.saturating_add(1), quoted(c));
            }
        }
        return format!("invalid: 0x{byte:02x} continues a character, but none starts before it");
    }
    match utf8_length(byte) {
        None => format!("invalid: 0x{byte:02x} never occurs in UTF-8"),
        Some(len) if address.saturating_add(len) > memory.len() => {
            "cut off by the end of memory".to_owned()
        }
        Some(len) => {
            format!(
                "invalid: a character of {len} bytes starts here, but the next bytes do not \
                 continue it"
            )
        }
    }
}

fn quoted(c: char) -> String {
    format!("'{}'", safe::plain(c.encode_utf8(&mut [0; 4])))
}

/// Returns bytes as a LEB128 number of up to 64 bits, unsigned and signed.
pub(super) fn leb128(bytes: &[u8]) -> String {
    let Some(last) = bytes.iter().position(|b| b & 0x80 == 0) else {
        return if bytes.len() < 10 {
            PAST_THE_END.to_owned()
        } else {
            "does not end within 10 bytes".to_owned()
        };
    };
    let len = last.saturating_add(1);
    let unsigned = bytes
        .iter()
        .take(len)
        .rev()
        .fold(0u128, |sum, byte| (sum << 7) | u128::from(byte & 0x7f));
    let bits = u32::try_from(len).unwrap_or(10).saturating_mul(7);
    let unused = 128u32.saturating_sub(bits);
    let signed = (unsigned.cast_signed().wrapping_shl(unused)).wrapping_shr(unused);
    let unsigned =
        u64::try_from(unsigned).map_or("more than 64 bits".to_owned(), |n| n.to_string());
    let signed = i64::try_from(signed).map_or("more than 64 bits".to_owned(), |n| n.to_string());
    let bytes = text::count(len, "byte");
    if unsigned == signed {
        format!("{unsigned}  ({bytes})")
    } else {
        format!("{unsigned}, signed {signed}  ({bytes})")
    }
}

/// Returns the bytes at an address as a pointer, with the bytes it points to.
pub(super) fn pointer(memory: &Image, address: u64, is_64: bool) -> String {
    let size: u64 = if is_64 { 8 } else { 4 };
    if memory.len().saturating_sub(address) < size {
        return PAST_THE_END.to_owned();
    }
    let target = memory
        .read(address, size)
        .iter()
        .rev()
        .fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
    if target == 0 {
        return "0x0: rarely a pointer".to_owned();
    }
    let left = memory.len().saturating_sub(target);
    if left == 0 {
        return format!("{target:#x}: outside memory");
    }
    let bytes = memory.read(target, left.min(24));
    let text: Vec<u8> = bytes.iter().copied().take_while(|b| *b != 0).collect();
    let is_text = text.len() >= 4
        && std::str::from_utf8(&text).is_ok_and(|t| !t.chars().any(safe::is_unsafe));
    if is_text {
        return format!(
            "{target:#x} → {}",
            safe::quoted(&String::from_utf8_lossy(&text), 24)
        );
    }
    let mut out = format!("{target:#x} →");
    for byte in bytes.iter().take(8) {
        let _ = write!(out, " {byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leb128_has_its_length_and_both_signs() {
        assert_eq!(leb128(&[0x00, 9]), "0  (1 byte)");
        assert_eq!(leb128(&[0x7f]), "127, signed -1  (1 byte)");
        assert_eq!(leb128(&[0xe5, 0x8e, 0x26]), "624485  (3 bytes)");
        assert_eq!(
            leb128(&[0xc0, 0xbb, 0x78]),
            "1973696, signed -123456  (3 bytes)"
        );
        assert_eq!(leb128(&[0xff; 10]), "does not end within 10 bytes");
        assert_eq!(
            leb128(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
            "18446744073709551615, signed more than 64 bits  (10 bytes)"
        );
        assert_eq!(
            leb128(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f]),
            "more than 64 bits, signed -9223372036854775808  (10 bytes)"
        );
    }
}
