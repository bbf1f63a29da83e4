//! The columns that a text takes on a terminal, by Unicode Standard Annex #11.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Returns the number of columns that `text` takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Returns `text` in at most `columns` columns; the end of a longer one is replaced by `mark`.
///
/// `mark` takes one column. The result is empty where `columns` is 0.
pub fn fit(text: &str, columns: usize, mark: char) -> String {
    if text.width() <= columns {
        return text.to_string();
    }
    let Some(available) = columns.checked_sub(1) else {
        return String::new();
    };
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > available {
            break;
        }
        out.push(c);
    }
    out.push(mark);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_columns_not_by_characters() {
        assert_eq!(fit("abcdef", 4, '…'), "abc…");
        assert_eq!(fit("日本語", 5, '…'), "日本…");
        assert_eq!(fit("日本語", 4, '…'), "日…");
        assert_eq!(fit("abc", 0, '…'), "");
    }
}
