//! The guest's output: its first part is recorded, all of it is counted.

use crate::script::eval::{EnvError, OutputStream};

/// The most bytes of one step's output that are recorded.
pub const MAX_RECORDED: usize = 1 << 20;
/// The most bytes of a session's output that are recorded.
const MAX_RECORDED_IN_ALL: usize = 64 << 20;

/// The output of the current step.
#[derive(Debug, Default)]
pub struct Output {
    /// The recorded part.
    bytes: Vec<u8>,
    /// How many bytes this step has printed.
    total: u64,
    /// How many bytes of the session's output are recorded.
    recorded_in_all: usize,
    /// What the session has printed on standard output.
    standard_output: Printout,
    /// What the session has printed on standard error.
    standard_error: Printout,
}

/// The output of a session on one stream.
#[derive(Debug, Default)]
struct Printout {
    /// The recorded part. It ends where the first byte that is not recorded was printed.
    bytes: Vec<u8>,
    /// How many bytes were printed.
    total: u64,
}

impl Printout {
    fn print(&mut self, total: u64, first: &[u8]) {
        if self.total == self.bytes.len() as u64 {
            self.bytes.extend_from_slice(first);
        }
        self.total = self.total.saturating_add(total);
    }
}

impl Output {
    /// Returns how many more bytes of this step can be recorded.
    pub fn capacity(&self) -> usize {
        let in_step = MAX_RECORDED.saturating_sub(self.bytes.len());
        in_step.min(MAX_RECORDED_IN_ALL.saturating_sub(self.recorded_in_all))
    }

    /// Adds output of `total` bytes on `stream` that begins with `first`, which has at most
    /// [`Output::capacity`] bytes.
    pub fn print(&mut self, stream: OutputStream, total: u64, first: &[u8]) {
        let first = first.get(..self.capacity()).unwrap_or(first);
        self.total = self.total.saturating_add(total);
        self.recorded_in_all = self.recorded_in_all.saturating_add(first.len());
        self.bytes.extend_from_slice(first);
        match stream {
            OutputStream::Output => self.standard_output.print(total, first),
            OutputStream::Error => self.standard_error.print(total, first),
        }
    }

    /// Returns all that the session has printed on `stream`.
    ///
    /// # Errors
    /// It is more than is recorded.
    pub fn printed(&self, stream: OutputStream) -> Result<String, EnvError> {
        let printout = match stream {
            OutputStream::Output => &self.standard_output,
            OutputStream::Error => &self.standard_error,
        };
        let recorded = printout.bytes.len() as u64;
        if recorded < printout.total {
            return Err(EnvError::OutputNotRecorded {
                stream,
                total: printout.total,
                recorded,
            });
        }
        Ok(text(&printout.bytes, printout.total))
    }

    /// Ends a call and returns its output; `None` if it printed nothing.
    pub fn finish_call(&mut self) -> Option<Printed> {
        let (recorded, bytes) = (
            std::mem::take(&mut self.bytes),
            std::mem::take(&mut self.total),
        );
        (bytes > 0).then(|| Printed {
            text: text(&recorded, bytes),
            bytes,
            recorded: recorded.len() as u64,
        })
    }
}

/// The output of one call.
#[derive(Debug, PartialEq)]
pub struct Printed {
    /// Its first part.
    pub text: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// How many of them are in `text`.
    pub recorded: u64,
}

/// Converts bytes to text, with `\xNN` for a byte that is not UTF-8. A character that is incomplete
/// because of the limit is left out.
fn text(bytes: &[u8], total: u64) -> String {
    let is_cut = total > bytes.len() as u64;
    let mut text = String::with_capacity(bytes.len());
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        text.push_str(chunk.valid());
        if is_cut && chunks.peek().is_none() && is_incomplete(chunk.invalid()) {
            break;
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// Returns whether these bytes are the start of a character whose rest is missing.
fn is_incomplete(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_utf8_becomes_escapes() {
        assert_eq!(text(b"a\xff\xfeb\xe2\x82", 6), "a\\xff\\xfeb\\xe2\\x82");
        assert_eq!(text("ü€".as_bytes(), 5), "ü€");
    }

    #[test]
    fn a_character_cut_at_the_limit_is_left_out() {
        assert_eq!(text(b"a\xe2\x82", 4), "a");
        assert_eq!(text(b"a\xff", 4), "a\\xff");
    }

    #[test]
    fn a_step_records_its_first_part_and_counts_the_rest() {
        let mut output = Output::default();
        assert_eq!(output.finish_call(), None);
        let many = vec![b'a'; MAX_RECORDED - 1];
        output.print(OutputStream::Output, many.len() as u64, &many);
        output.print(OutputStream::Output, 100, &[b'b'; 100]);
        output.print(OutputStream::Output, 1 << 40, b"");
        let printed = output.finish_call().unwrap();
        assert_eq!(
            (printed.text.len(), printed.recorded),
            (MAX_RECORDED, MAX_RECORDED as u64)
        );
        assert!(printed.text.ends_with("ab"));
        assert_eq!(printed.bytes, MAX_RECORDED as u64 + 99 + (1 << 40));
        assert_eq!(output.finish_call(), None);
    }

    #[test]
    fn each_stream_has_its_own_output_of_all_steps() {
        let mut output = Output::default();
        output.print(OutputStream::Output, 2, b"a\xff");
        output.print(OutputStream::Error, 1, b"!");
        output.finish_call();
        output.print(OutputStream::Output, 1, b"b");
        assert_eq!(output.printed(OutputStream::Output), Ok("a\\xffb".into()));
        assert_eq!(output.printed(OutputStream::Error), Ok("!".into()));
        output.print(OutputStream::Error, 3, b"x");
        let error = output.printed(OutputStream::Error).unwrap_err().to_string();
        assert!(
            error.contains("4 bytes on standard error, but only 2 of them"),
            "{error}"
        );
        assert!(output.printed(OutputStream::Output).is_ok());
    }

    #[test]
    fn a_session_records_a_limited_part() {
        let mut output = Output::default();
        let many = vec![b'a'; MAX_RECORDED];
        let recorded: usize = (0..100)
            .map(|_| {
                output.print(OutputStream::Output, many.len() as u64, &many);
                output.finish_call().unwrap().text.len()
            })
            .sum();
        assert_eq!(recorded, MAX_RECORDED_IN_ALL);
    }
}
