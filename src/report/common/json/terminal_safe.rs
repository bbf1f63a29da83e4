//! JSON that can be printed: laid out for reading, and without a character that a terminal would
//! act on.

use std::cell::Cell;
use std::io;

use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use crate::safe;

/// JSON whose strings hold no character that a terminal would act on: pretty, but for what is to
/// stand on one line.
pub(in crate::report) struct TerminalSafe<'a> {
    pretty: PrettyFormatter<'static>,
    /// Whether what is written now stands on one line. Set between values only.
    one_line: &'a Cell<bool>,
}

impl<'a> TerminalSafe<'a> {
    pub(in crate::report) fn new(one_line: &'a Cell<bool>) -> Self {
        TerminalSafe {
            pretty: PrettyFormatter::default(),
            one_line,
        }
    }
}

impl Formatter for TerminalSafe<'_> {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Nearly all text is plain, and hex digits can be many: bytes are looked at more quickly
        // than characters.
        if fragment.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return out.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(safe::is_unsafe) {
            let (before, from) = rest.split_at(at);
            out.write_all(before.as_bytes())?;
            let mut chars = from.chars();
            let mut units = [0; 2];
            for unit in chars
                .next()
                .map(|c| c.encode_utf16(&mut units))
                .iter()
                .flat_map(|units| units.iter())
            {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = chars.as_str();
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        match self.one_line.get() {
            true => CompactFormatter.begin_array(out),
            false => self.pretty.begin_array(out),
        }
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        match self.one_line.get() {
            true => CompactFormatter.end_array(out),
            false => self.pretty.end_array(out),
        }
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        match self.one_line.get() {
            true => CompactFormatter.begin_array_value(out, first),
            false => self.pretty.begin_array_value(out, first),
        }
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        match self.one_line.get() {
            true => CompactFormatter.end_array_value(out),
            false => self.pretty.end_array_value(out),
        }
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        match self.one_line.get() {
            true => CompactFormatter.begin_object(out),
            false => self.pretty.begin_object(out),
        }
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        match self.one_line.get() {
            true => CompactFormatter.end_object(out),
            false => self.pretty.end_object(out),
        }
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        match self.one_line.get() {
            true => CompactFormatter.begin_object_key(out, first),
            false => self.pretty.begin_object_key(out, first),
        }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        match self.one_line.get() {
            true => CompactFormatter.begin_object_value(out),
            false => self.pretty.begin_object_value(out),
        }
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        match self.one_line.get() {
            true => CompactFormatter.end_object_value(out),
            false => self.pretty.end_object_value(out),
        }
    }
}
