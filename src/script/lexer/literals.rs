//! Reads literals: text, bytes and numbers. Each function takes the text from the start of the
//! literal and the offset of that start. It returns the length of the literal in bytes, even of a
//! faulty one, and its value.

use super::TokenKind;
use crate::script::error::Fault;

/// The absolute value of the smallest integer, which fits only after a minus.
pub(in crate::script) const MIN_MAGNITUDE: u128 = 1 << 127;

/// Returns a part of a text whose ends are known to be character boundaries.
fn part(text: &str, range: std::ops::Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// Reads `"…"`, from the opening quote.
pub(in crate::script) fn text(rest: &str, offset: usize) -> (usize, Result<String, Fault>) {
    let mut out = String::new();
    let mut fault = None;
    let mut at = 1;
    while let Some(c) = rest.get(at..).and_then(|rest| rest.chars().next()) {
        match c {
            '"' => return (at + 1, fault.map_or(Ok(out), Err)),
            '\n' => break,
            '\\' => match escape(part(rest, at..rest.len()), offset + at) {
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
        "text" => "end it with `\"` on the same line; write a line break inside text as `\\n`",
        _ => "end it with `\"` on the same line; join longer data with `++`",
    };
    Fault::new(
        offset..offset + written.len(),
        format!("this {what} is never closed"),
    )
    .help(help)
}

/// Reads one escape, from its backslash. Its length is at least that of the backslash.
fn escape(rest: &str, offset: usize) -> (usize, Result<char, Fault>) {
    let c = match rest.chars().nth(1) {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('0') => '\0',
        Some('\\') => '\\',
        Some('"') => '"',
        Some('u') => return unicode_escape(rest, offset),
        // The text is not closed on this line; the caller reports that.
        None | Some('\n' | '\r') => return (1, Ok('\\')),
        Some(other) => {
            let length = 1 + other.len_utf8();
            let help = match other {
                'x' => "write bytes as hex\"41\", a character as \\u{41}",
                _ => "escapes are \\n \\t \\r \\0 \\\\ \\\" \\u{…}; write a backslash as \\\\",
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
    let digits = part(rest, 2..rest.len())
        .strip_prefix('{')
        .and_then(|inside| inside.split_once('}'))
        .map(|(digits, _)| digits);
    let Some(digits) = digits.filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_hexdigit()))
    else {
        let fault = Fault::new(
            offset..offset + 2,
            "`\\u` has no character number in braces",
        );
        return (
            2,
            Err(fault.help("write the number in hexadecimal digits: \\u{e9} is é")),
        );
    };
    let length = "\\u{}".len() + digits.len();
    let found = u32::from_str_radix(digits, 16)
        .ok()
        .and_then(char::from_u32);
    let fault = || {
        let fault = Fault::new(offset..offset + length, "no character has this number");
        fault.help("characters are 0 to 10ffff without d800 to dfff; write other bytes as hex\"…\"")
    };
    (length, found.ok_or_else(fault))
}

/// Reads `hex"…"`, from the `h`. Blanks can separate bytes, but not the digits of one.
pub(in crate::script) fn hex(rest: &str, offset: usize) -> (usize, Result<Vec<u8>, Fault>) {
    const START: usize = "hex\"".len();
    let inside = rest.get(START..).unwrap_or_default();
    let length = inside.find(['"', '\n']).unwrap_or(inside.len());
    let end = START + length;
    if !part(inside, length..inside.len()).starts_with('"') {
        return (end, Err(unclosed("`hex`", rest, end, offset)));
    }
    let mut out = Vec::with_capacity(length / 2);
    let mut half: Option<(usize, u32)> = None;
    for (at, c) in part(inside, 0..length).char_indices() {
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
                    Err(fault.help("write bytes with the digits 0 to 9 and a to f: hex\"ff 00\"")),
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
    Fault::new(place..place + 1, "this byte has only one digit")
        .help("write each byte with two digits: `0a`, not `a`")
}

/// Reads a number without its sign, from its first digit.
pub(in crate::script) fn number(rest: &str, offset: usize) -> (usize, Result<TokenKind, Fault>) {
    let bytes = rest.as_bytes();
    let word = |from: usize| {
        let tail = bytes.get(from..).unwrap_or_default();
        from + tail
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
            .count()
    };
    let radix = match bytes {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'b' | b'B', ..] => 2,
        _ => 10,
    };
    if radix != 10 {
        let end = word(0);
        let digits = part(rest, 2..end);
        return (end, integer(digits, radix, part(rest, 0..end), offset));
    }
    let mut end = digits(bytes, 0);
    let mut is_float = false;
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') {
        let fraction = digits(bytes, end + 1);
        if fraction == end + 1 {
            let fault = Fault::new(
                offset..offset + end + 1,
                "a float needs a digit after its point",
            );
            return (
                end + 1,
                Err(fault.help(format!("write `{}.0`", part(rest, 0..end)))),
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
    let written = part(rest, 0..whole);
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

/// Returns the end of the decimal digits and underscores that start at `from`.
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
        return Some(
            "there are no octal numbers; write it in decimal, or with 0x or 0b".to_owned(),
        );
    }
    if lower.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some(format!("start a hexadecimal number with 0x: `0x{written}`"));
    }
    if let Some(digits) = written.strip_suffix(['h', 'H'])
        && digits.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return Some(format!("start a hexadecimal number with 0x: `0x{digits}`"));
    }
    Some("a name does not start with a digit, and a number has no unit".to_owned())
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
        Ok(value) if value <= MIN_MAGNITUDE => Ok(TokenKind::Int(value)),
        _ => Err(too_large(span)),
    }
}

/// Returns the fault of an integer above 128 bits.
pub(in crate::script) fn too_large(span: impl Into<crate::script::ast::Span>) -> Fault {
    Fault::new(span, "this integer does not fit in 128 bits").help(format!(
        "integers are {} to {}; write longer data as hex\"…\"",
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
        plain += &without_underscores(part(written, start..at), written, offset)?;
        plain.push(c);
        start = at + 1;
    }
    plain += &without_underscores(part(written, start..written.len()), written, offset)?;
    match plain.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(TokenKind::Float(value)),
        Ok(_) => {
            Err(Fault::new(span, "this float is too large for 64 bits")
                .help("write infinity as `inf`"))
        }
        Err(_) => Err(Fault::new(span, format!("`{written}` is not a number"))),
    }
}

fn without_underscores(digits: &str, written: &str, offset: usize) -> Result<String, Fault> {
    if digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
        let fault = Fault::new(offset..offset + written.len(), "misplaced `_` in a number");
        return Err(fault.help("use one `_` between two digits: `1_000`"));
    }
    Ok(digits.replace('_', ""))
}
