//! What the guest prints: the first part of it is kept, all of it is counted.

/// The most that is kept of what one step prints, in bytes.
pub const MOST_KEPT: usize = 1 << 20;
/// The most that is kept of what a whole session prints, in bytes.
const MOST_KEPT_IN_ALL: usize = 64 << 20;

#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    /// Printed in this step.
    total: u64,
    kept_in_all: usize,
}

impl Output {
    /// How many more bytes of this step are kept.
    pub fn room(&self) -> usize {
        let in_step = MOST_KEPT.saturating_sub(self.bytes.len());
        in_step.min(MOST_KEPT_IN_ALL.saturating_sub(self.kept_in_all))
    }

    /// Takes what the guest printed: how many bytes, and the first of them, as many as there is
    /// room for.
    pub fn print(&mut self, total: u64, first: &[u8]) {
        let first = first.get(..self.room()).unwrap_or(first);
        self.total = self.total.saturating_add(total);
        self.kept_in_all = self.kept_in_all.saturating_add(first.len());
        self.bytes.extend_from_slice(first);
    }

    /// Ends a call. `None` where it printed nothing.
    pub fn take(&mut self) -> Option<Printed> {
        let (kept, bytes) = (
            std::mem::take(&mut self.bytes),
            std::mem::take(&mut self.total),
        );
        (bytes > 0).then(|| Printed {
            text: text(&kept, bytes),
            bytes,
            kept: kept.len() as u64,
        })
    }
}

/// What one call printed.
#[derive(Debug, PartialEq)]
pub struct Printed {
    /// The first part of it.
    pub text: String,
    /// How many bytes it was in all.
    pub bytes: u64,
    /// How many of them became the text.
    pub kept: u64,
}

/// Bytes as text, each that is no UTF-8 as `\xNN`. A character that was cut off at the limit is
/// left out.
fn text(bytes: &[u8], total: u64) -> String {
    let is_cut = total > bytes.len() as u64;
    let mut text = String::with_capacity(bytes.len());
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        text.push_str(chunk.valid());
        if is_cut && chunks.peek().is_none() && is_begun(chunk.invalid()) {
            break;
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// Whether these bytes begin a character whose rest is missing.
fn is_begun(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_shown_as_bytes() {
        assert_eq!(text(b"a\xff\xfeb\xe2\x82", 6), "a\\xff\\xfeb\\xe2\\x82");
        assert_eq!(text("ü€".as_bytes(), 5), "ü€");
    }

    #[test]
    fn a_character_cut_at_the_limit_is_left_out() {
        assert_eq!(text(b"a\xe2\x82", 4), "a");
        assert_eq!(text(b"a\xff", 4), "a\\xff");
    }

    #[test]
    fn a_step_keeps_its_first_part_and_counts_the_rest() {
        let mut output = Output::default();
        assert_eq!(output.take(), None);
        let many = vec![b'a'; MOST_KEPT - 1];
        output.print(many.len() as u64, &many);
        output.print(100, &[b'b'; 100]);
        output.print(1 << 40, b"");
        let printed = output.take().unwrap();
        assert_eq!(
            (printed.text.len(), printed.kept),
            (MOST_KEPT, MOST_KEPT as u64)
        );
        assert!(printed.text.ends_with("ab"));
        assert_eq!(printed.bytes, MOST_KEPT as u64 + 99 + (1 << 40));
        assert_eq!(output.take(), None);
    }

    #[test]
    fn a_session_keeps_so_much_in_all() {
        let mut output = Output::default();
        let many = vec![b'a'; MOST_KEPT];
        let kept: usize = (0..100)
            .map(|_| {
                output.print(many.len() as u64, &many);
                output.take().unwrap().text.len()
            })
            .sum();
        assert_eq!(kept, MOST_KEPT_IN_ALL);
    }
}
