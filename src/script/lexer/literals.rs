//! Text, bytes and numbers as they are written. Each function gets the text from the literal on and
//! its offset, and gives back how many bytes it is long, faulty or not, and what it says.

use super::TokenKind;
use crate::script::error::Fault;

/// The absolute value of the least integer: only a minus makes it fit.
pub(in crate::script) const LEAST: u128 = 1 << 127;

/// `"…"`, from the opening quote on.
pub(in crate::script) fn text(rest: &str, offset: usize) -> (usize, Result<String, Fault>) {
    let mut out = String::new();
    let mut fault = None;
    let mut at = 1;
    while let Some(c) = rest.get(at..).and_then(|rest| rest.chars().next()) {
        match c {
            '"' => return (at + 1, fault.map_or(Ok(out), Err)),
            '\n' => break,
            '\\' => match escape(&rest[at..], offset + at) {
                (length, Ok(c)) => {
                    out.push(c);
                    at += length;
                }
                (length, Err(found)) => {
                    fault.get_or_insert(found);
                    at += length;
                }
            },
            c => {
                out.push(c);
                at += c.len_utf8();
            }
        }
    }
    (
        at,
        Err(fault.unwrap_or_else(|| unclosed("text", rest, at, offset))),
    )
}

fn unclosed(what: &str, rest: &str, end: usize, offset: usize) -> Fault {
    let written = rest.get(..end).unwrap_or_default().trim_end();
    let help = match what {
        "text" => "it ends with `\"` on the same line; a line break inside text is written `\\n`",
        _ => "it ends with `\"` on the same line; longer data is joined with `++`",
    };
    Fault::new(
        offset..offset + written.len(),
        format!("this {what} is never closed"),
    )
    .help(help)
}

/// One escape, from its backslash on; at least as long as the backslash.
fn escape(rest: &str, offset: usize) -> (usize, Result<char, Fault>) {
    let c = match rest[1..].chars().next() {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('0') => '\0',
        Some('\\') => '\\',
        Some('"') => '"',
        Some('u') => return unicode_escape(rest, offset),
        // The text is not closed on this line: said by the caller.
        None | Some('\n' | '\r') => return (1, Ok('\\')),
        Some(other) => {
            let length = 1 + other.len_utf8();
            let help = match other {
                'x' => "bytes are written hex\"41\", characters \\u{41}",
                _ => "escapes are \\n \\t \\r \\0 \\\\ \\\" \\u{…}; a backslash itself is \\\\",
            };
            let message = format!("there is no escape `\\{other}`");
            return (
                length,
                Err(Fault::new(offset..offset + length, message).help(help)),
            );
        }
    };
    (2, Ok(c))
}

fn unicode_escape(rest: &str, offset: usize) -> (usize, Result<char, Fault>) {
    let digits = rest[2..]
        .strip_prefix('{')
        .and_then(|inside| inside.split_once('}'))
        .map(|(digits, _)| digits);
    let Some(digits) = digits.filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_hexdigit()))
    else {
        let fault = Fault::new(
            offset..offset + 2,
            "`\\u` needs a character's number in braces",
        );
        return (
            2,
            Err(fault.help("write \\u{e9} for é: hexadecimal digits")),
        );
    };
    let length = "\\u{}".len() + digits.len();
    let found = u32::from_str_radix(digits, 16)
        .ok()
        .and_then(char::from_u32);
    let fault = || {
        let fault = Fault::new(offset..offset + length, "no character has this number");
        fault.help(
            "characters go from 0 to 10ffff, without d800 to dfff; any bytes are written hex\"…\"",
        )
    };
    (length, found.ok_or_else(fault))
}

/// `hex"…"`, from the word on. Blanks stand between bytes, not inside one.
pub(in crate::script) fn hex(rest: &str, offset: usize) -> (usize, Result<Vec<u8>, Fault>) {
    const START: usize = "hex\"".len();
    let inside = rest.get(START..).unwrap_or_default();
    let length = inside.find(['"', '\n']).unwrap_or(inside.len());
    let end = START + length;
    if !inside[length..].starts_with('"') {
        return (end, Err(unclosed("`hex`", rest, end, offset)));
    }
    let mut out = Vec::with_capacity(length / 2);
    let mut half: Option<(usize, u32)> = None;
    for (at, c) in inside[..length].char_indices() {
        let place = offset + START + at;
        match (c.to_digit(16), half) {
            (Some(low), Some((_, high))) => {
                out.push((high * 16 + low) as u8);
                half = None;
            }
            (Some(high), None) => half = Some((place, high)),
            (None, None) if matches!(c, ' ' | '\t') => {}
            (None, Some((place, _))) if matches!(c, ' ' | '\t') => {
                return (end + 1, Err(half_byte(place)));
            }
            (None, _) => {
                let fault = Fault::new(
                    place..place + c.len_utf8(),
                    format!("`{c}` is not a hexadecimal digit"),
                );
                return (
                    end + 1,
                    Err(fault.help("bytes are written with 0 to 9 and a to f: hex\"ff 00\"")),
                );
            }
        }
    }
    (
        end + 1,
        half.map_or(Ok(out), |(place, _)| Err(half_byte(place))),
    )
}

fn half_byte(place: usize) -> Fault {
    Fault::new(place..place + 1, "half a byte: one digit is missing")
        .help("each byte has two digits: `0a`, not `a`")
}

/// A number without its sign, from its first digit on.
pub(in crate::script) fn number(rest: &str, offset: usize) -> (usize, Result<TokenKind, Fault>) {
    let bytes = rest.as_bytes();
    let word = |from: usize| {
        let tail = bytes.get(from..).unwrap_or_default();
        from + tail
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
            .count()
    };
    let radix = match bytes.get(1) {
        Some(b'x' | b'X') if bytes[0] == b'0' => 16,
        Some(b'b' | b'B') if bytes[0] == b'0' => 2,
        _ => 10,
    };
    if radix != 10 {
        let end = word(0);
        return (end, integer(&rest[2..end], radix, &rest[..end], offset));
    }
    let mut end = digits(bytes, 0);
    let mut is_float = false;
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') {
        let fraction = digits(bytes, end + 1);
        if fraction == end + 1 {
            let fault = Fault::new(
                offset..offset + end + 1,
                "a float needs a digit behind its point",
            );
            return (
                end + 1,
                Err(fault.help(format!("write `{}.0`", &rest[..end]))),
            );
        }
        (end, is_float) = (fraction, true);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(bytes, end + 1 + sign);
        if exponent > end + 1 + sign {
            (end, is_float) = (exponent, true);
        }
    }
    let whole = word(end);
    let written = &rest[..whole];
    if whole > end {
        let fault = Fault::new(
            offset..offset + whole,
            format!("`{written}` is not a number"),
        );
        return (whole, Err(fault.maybe_help(number_help(written))));
    }
    (
        end,
        if is_float {
            float(written, offset)
        } else {
            integer(written, 10, written, offset)
        },
    )
}

/// Where the decimal digits and underscores from `from` on end.
fn digits(bytes: &[u8], from: usize) -> usize {
    let tail = bytes.get(from..).unwrap_or_default();
    from + tail
        .iter()
        .take_while(|b| b.is_ascii_digit() || **b == b'_')
        .count()
}

fn number_help(written: &str) -> Option<String> {
    let lower = written.to_ascii_lowercase();
    if lower.starts_with("0o") {
        return Some("octal is not known: write it as decimal, 0x or 0b".to_owned());
    }
    if lower.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some(format!("hexadecimal begins with 0x: `0x{written}`"));
    }
    if lower.ends_with('h')
        && lower[..lower.len() - 1]
            .bytes()
            .all(|b| b.is_ascii_hexdigit())
    {
        return Some(format!(
            "hexadecimal begins with 0x: `0x{}`",
            &written[..written.len() - 1]
        ));
    }
    Some("a name does not begin with a digit, and a number has no unit".to_owned())
}

fn integer(digits: &str, radix: u32, written: &str, offset: usize) -> Result<TokenKind, Fault> {
    let span = offset..offset + written.len();
    let plain = without_underscores(digits, written, offset)?;
    if let Some((at, c)) = plain.char_indices().find(|(_, c)| !c.is_digit(radix)) {
        let kind = if radix == 2 { "binary" } else { "hexadecimal" };
        let at = if plain.len() == digits.len() {
            span.start + 2 + at..span.start + 2 + at + 1
        } else {
            span
        };
        return Err(Fault::new(at, format!("`{c}` is not a {kind} digit")));
    }
    if plain.is_empty() {
        return Err(Fault::new(span, format!("`{written}` has no digits")));
    }
    match u128::from_str_radix(&plain, radix) {
        Ok(value) if value <= LEAST => Ok(TokenKind::Int(value)),
        _ => Err(too_large(span)),
    }
}

/// The mistake of an integer past 128 bits.
pub(in crate::script) fn too_large(span: impl Into<crate::script::ast::Span>) -> Fault {
    Fault::new(span, "this integer does not fit in 128 bits").help(format!(
        "integers go from {} to {}; longer data is written hex\"…\"",
        i128::MIN,
        i128::MAX
    ))
}

fn float(written: &str, offset: usize) -> Result<TokenKind, Fault> {
    let span = offset..offset + written.len();
    let mut plain = String::new();
    let mut start = 0;
    for (at, c) in written
        .char_indices()
        .filter(|(_, c)| !c.is_ascii_digit() && *c != '_')
    {
        plain += &without_underscores(&written[start..at], written, offset)?;
        plain.push(c);
        start = at + 1;
    }
    plain += &without_underscores(&written[start..], written, offset)?;
    match plain.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(TokenKind::Float(value)),
        Ok(_) => Err(Fault::new(span, "this float is too large for 64 bits")
            .help("infinity is written `inf`")),
        Err(_) => Err(Fault::new(span, format!("`{written}` is not a number"))),
    }
}

fn without_underscores(digits: &str, written: &str, offset: usize) -> Result<String, Fault> {
    if digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
        let fault = Fault::new(offset..offset + written.len(), "misplaced `_` in a number");
        return Err(fault.help("one `_` may stand between two digits: `1_000`"));
    }
    Ok(digits.replace('_', ""))
}
