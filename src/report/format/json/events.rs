//! A step's events as the trace writes them with `--stores`: made one at a time, each on a line of
//! its own.

use std::cell::Cell;

use serde::ser::{Serialize, Serializer};

use crate::report::common::json::{Hex, WriterOut};
use crate::timeline::{Event, EventLog, Growth, Write};

pub(super) struct Events<'a> {
    pub(super) log: &'a EventLog,
    /// Tells the formatter to stay on the line.
    pub(super) one_line: &'a Cell<bool>,
}

impl Serialize for Events<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.log.iter().map(|event| OneLine {
            event,
            one_line: self.one_line,
        }))
    }
}

struct OneLine<'a> {
    event: Event,
    one_line: &'a Cell<bool>,
}

impl Serialize for OneLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.one_line.set(true);
        let done = match &self.event {
            Event::Write(write) => WriteOut::from(write).serialize(serializer),
            Event::Growth(growth) => GrewOut::from(growth).serialize(serializer),
        };
        self.one_line.set(false);
        done
    }
}

#[derive(serde::Serialize)]
struct WriteOut<'a> {
    address: u64,
    before: Hex<&'a [u8]>,
    after: Hex<&'a [u8]>,
    writer: WriterOut<'a>,
    is_difference: bool,
}

#[derive(serde::Serialize)]
struct GrewOut<'a> {
    grew: Pages,
    writer: WriterOut<'a>,
}

#[derive(serde::Serialize)]
struct Pages {
    before: u64,
    after: u64,
}

impl<'a> From<&'a Write> for WriteOut<'a> {
    fn from(write: &'a Write) -> Self {
        WriteOut {
            address: write.start,
            before: Hex(&write.before),
            after: Hex(&write.after),
            writer: (&write.writer).into(),
            is_difference: write.is_difference,
        }
    }
}

impl<'a> From<&'a Growth> for GrewOut<'a> {
    fn from(growth: &'a Growth) -> Self {
        let Growth { before, after, by } = growth;
        GrewOut {
            grew: Pages {
                before: *before,
                after: *after,
            },
            writer: by.into(),
        }
    }
}
