//! Names with scopes, such as `core::option::Option<u32>`.

/// Splits a name at the `::` that are not within brackets.
pub(super) fn split(name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0usize);
    let mut before = ' ';
    let mut characters = name.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '<' | '(' | '[' | '{' => depth += 1,
            // The arrow of a function's result is no bracket.
            '>' if before == '-' => {}
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && matches!(characters.peek(), Some((_, ':'))) => {
                characters.next();
                parts.extend(name.get(start..at).filter(|part| !part.is_empty()));
                start = at.saturating_add(2);
            }
            _ => {}
        }
        before = character;
    }
    parts.extend(name.get(start..).filter(|part| !part.is_empty()));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_end_at_colons_outside_brackets() {
        let rows: [(&str, &[&str]); 7] = [
            ("Shape", &["Shape"]),
            (
                "core::option::Option<u32>",
                &["core", "option", "Option<u32>"],
            ),
            ("Option<a::b<c::D>>", &["Option<a::b<c::D>>"]),
            ("m::fn(a::B) -> c::D", &["m", "fn(a::B) -> c", "D"]),
            ("a::{impl#0}::B", &["a", "{impl#0}", "B"]),
            ("::A::", &["A"]),
            ("", &[]),
        ];
        for (name, parts) in rows {
            assert_eq!(split(name), parts, "{name}");
        }
    }
}
