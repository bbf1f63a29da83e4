//! The events of a step as the trace has them with `--stores`: made one at a time, each on a line
//! of its own.

use serde::Serialize;
use serde::ser::{Error, SerializeSeq, Serializer};
use serde_json::value::to_raw_value;

use super::Pages;
use crate::report::common::json::WriterData;
use crate::timeline::{Event, EventLog};
use crate::value::Hex;

/// The events of a step.
pub(super) struct Events<'a>(pub(super) &'a EventLog);

impl Serialize for Events<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut array = serializer.serialize_seq(None)?;
        for event in self.0.iter() {
            // A raw value is written as it is, and so on one line.
            let line = to_raw_value(&EventData::from(&event)).map_err(S::Error::custom)?;
            array.serialize_element(&line)?;
        }
        array.end()
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum EventData<'a> {
    Write {
        address: u64,
        before: Hex<'a>,
        after: Hex<'a>,
        writer: WriterData<'a>,
        is_difference: bool,
    },
    Growth {
        grew: Pages,
        writer: WriterData<'a>,
    },
}

impl<'a> From<&'a Event> for EventData<'a> {
    fn from(event: &'a Event) -> Self {
        match event {
            Event::Write(write) => EventData::Write {
                address: write.start,
                before: Hex(&write.before),
                after: Hex(&write.after),
                writer: (&write.writer).into(),
                is_difference: write.is_difference,
            },
            Event::Growth(growth) => EventData::Growth {
                grew: Pages {
                    before: growth.before,
                    after: growth.after,
                },
                writer: (&growth.by).into(),
            },
        }
    }
}
