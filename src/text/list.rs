//! Lists within a sentence.

use std::fmt::Display;

/// Returns the items joined by commas, with `and` before the last: `a`, `a and b`, `a, b and c`.
pub(crate) fn and<T: Display>(items: &[T]) -> String {
    joined(items, "and")
}

/// Returns the items joined by commas, with `or` before the last: `a`, `a or b`, `a, b or c`.
pub(crate) fn or<T: Display>(items: &[T]) -> String {
    joined(items, "or")
}

/// Returns the first `most` items, and how many there are besides: `a, b and 3 more`.
///
/// Where that is all of them, the list is that of [`and`].
pub(crate) fn first<T: Display>(items: impl IntoIterator<Item = T>, most: usize) -> String {
    let mut items = items.into_iter();
    let listed: Vec<String> = items
        .by_ref()
        .take(most)
        .map(|item| item.to_string())
        .collect();
    match items.count() {
        0 => and(&listed),
        more => format!("{} and {more} more", listed.join(", ")),
    }
}

fn joined<T: Display>(items: &[T], conjunction: &str) -> String {
    let mut out = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 && index + 1 == items.len() {
            out.push(' ');
            out.push_str(conjunction);
            out.push(' ');
        } else if index > 0 {
            out.push_str(", ");
        }
        out.push_str(&item.to_string());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_parts_of_a_sentence() {
        assert_eq!(and::<&str>(&[]), "");
        assert_eq!(and(&["a"]), "a");
        assert_eq!(and(&["a", "b"]), "a and b");
        assert_eq!(or(&["a", "b", "c"]), "a, b or c");
        assert_eq!(first([1, 2, 3], 3), "1, 2 and 3");
        assert_eq!(first([1, 2, 3, 4], 2), "1, 2 and 2 more");
    }
}
