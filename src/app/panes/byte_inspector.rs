//! The byte under the cursor as numbers, as text, as a pointer, with the part of memory it is in and
//! its writers.

use std::fmt::Write as _;

use super::byte_readings::{PAST_THE_END, byte_text, leb128, numbers, pointer, utf8};
use super::field_of_byte;
use super::parts_of_byte::places;
use super::write_text::writer_of;
use crate::app::{Action, App};
use crate::safe;
use crate::timeline::{Image, Moment, PAGE, Timeline, Write};

/// The most characters of a name or of a step's text.
const MAX_NAME: usize = 60;

/// What is known about one byte: rows of label and text, the most important first, safe to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inspection {
    pub address: u64,
    pub rows: Vec<(&'static str, String)>,
}

/// How many earlier writers are listed, and the key that goes to the other ones.
#[derive(Clone, Copy)]
struct Earlier<'a> {
    most: usize,
    key: &'a str,
}

impl Inspection {
    /// Inspects the byte under the cursor at the moment shown and lists at most `most_earlier` of its
    /// earlier writers. There are no rows without memory.
    pub fn of(app: &App, most_earlier: usize) -> Self {
        let earlier = Earlier {
            most: most_earlier,
            key: app.keys.key_of(Action::PreviousTouch),
        };
        Self::build(
            &app.timeline,
            app.moment,
            app.cursor,
            &app.memory(),
            &app.writers(),
            earlier,
        )
        .with_previous_run(app)
        .with_field(app)
    }

    /// Adds the field of a typed part that has the byte.
    fn with_field(mut self, app: &App) -> Self {
        if !self.rows.is_empty() {
            let rows = field_of_byte::rows(app, self.address);
            let at = 2.min(self.rows.len());
            self.rows.splice(at..at, rows);
        }
        self
    }

    /// Adds the byte of the run before, where it differs.
    fn with_previous_run(mut self, app: &App) -> Self {
        let now = app.memory().byte(self.address);
        let before = app.memory_of_previous_run().map(|run| run.image);
        if let (Some(image), Some(now)) = (before, now) {
            let before = match image.byte(self.address) {
                Some(byte) if byte == now => return self,
                Some(byte) => byte_text(byte),
                None => PAST_THE_END.to_owned(),
            };
            self.rows.insert(2, ("run before", before));
        }
        self
    }

    /// Inspects the byte at `address`.
    #[cfg(test)]
    pub(in crate::app) fn at(
        timeline: &Timeline,
        moment: Moment,
        address: u64,
        most_earlier: usize,
    ) -> Self {
        let memory = timeline.memory_at(moment);
        let writers: Vec<_> = timeline
            .writes_to(address, moment)
            .take(super::cache::MAX_WRITERS)
            .collect();
        let keys = crate::app::Keymap::default();
        let earlier = Earlier {
            most: most_earlier,
            key: keys.key_of(Action::PreviousTouch),
        };
        Self::build(timeline, moment, address, &memory, &writers, earlier)
    }

    fn build(
        timeline: &Timeline,
        moment: Moment,
        address: u64,
        memory: &Image,
        writers: &[(Moment, Write)],
        earlier: Earlier,
    ) -> Self {
        // Pointers have 8 bytes in a 64-bit memory, else 4.
        let is_64 = timeline.guest.memory.as_ref().is_some_and(|m| m.is_64);
        let Some(byte) = memory.byte(address) else {
            return Inspection {
                address,
                rows: Vec::new(),
            };
        };
        let mut rows = vec![
            ("address", format!("{address:#x}, {address}")),
            ("byte", byte_text(byte)),
        ];
        rows.extend(written_rows(timeline, moment, address, writers, earlier));
        rows.extend(
            places(timeline, moment, address, memory.len())
                .into_iter()
                .map(|place| ("in", place)),
        );
        rows.extend(pointers_here(timeline, moment, address).map(|names| ("pointed to", names)));
        rows.push(("utf8", utf8(memory, address)));
        rows.push(("pointer", pointer(memory, address, is_64)));
        rows.extend(numbers(memory, address));
        let bytes = memory.read(address, 10.min(memory.len() - address));
        rows.push(("leb128", leb128(&bytes)));
        Inspection { address, rows }
    }
}

/// Returns the last writer, the earlier ones that are listed, and how the others are shown.
fn written_rows(
    timeline: &Timeline,
    moment: Moment,
    address: u64,
    writers: &[(Moment, Write)],
    named: Earlier,
) -> Vec<(&'static str, String)> {
    let Some(((at, last), earlier)) = writers.split_first() else {
        return vec![("written by", never_written(timeline, moment, address))];
    };
    let mut rows = vec![("written by", written(timeline, *at, last, address))];
    let listed = earlier.iter().take(named.most);
    rows.extend(listed.map(|(at, write)| ("before that", written(timeline, *at, write, address))));
    if earlier.len() > named.most {
        rows.push((
            "before that",
            format!("others: {} goes back through them", named.key),
        ));
    }
    rows
}

/// Returns the pointers to an address.
fn pointers_here(timeline: &Timeline, moment: Moment, address: u64) -> Option<String> {
    let record = timeline.step(moment.step)?;
    let here = record.pointers.iter().filter(|p| p.address == address);
    let now = here.map(|p| {
        format!(
            "{}{}",
            safe::cut(&p.name, MAX_NAME),
            age(timeline, moment.step, &p.name)
        )
    });
    let moved = |old: Option<u64>, new: u64| old == Some(address) && new != address;
    let old = record
        .pointers
        .iter()
        .filter(|p| moved(p.moved_from, p.address));
    let old = old.map(|p| format!("{} before this step", safe::cut(&p.name, MAX_NAME)));
    let names: Vec<String> = now.chain(old).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Returns a note that a pointer was taken before memory grew, where that is so.
fn age(timeline: &Timeline, step: usize, name: &str) -> String {
    let since = timeline.fetched_in(name, step);
    let grown = (since.saturating_add(1)..=step)
        .rev()
        .find(|step| timeline.old_end(*step).is_some());
    match grown {
        Some(grown) => format!(", taken in step {since}, before memory grew in step {grown}"),
        None => String::new(),
    }
}

/// Returns the step of a write, its writer, and the byte before and after it.
fn written(timeline: &Timeline, at: Moment, write: &Write, address: u64) -> String {
    let mut out = writer_of(timeline, at, write);
    let index = usize::try_from(address.saturating_sub(write.start)).unwrap_or(usize::MAX);
    if let (Some(before), Some(after)) = (write.before.get(index), write.after.get(index)) {
        let _ = write!(out, "  ({before:02x}→{after:02x})");
    }
    out
}

/// Returns since when a byte without a writer is zero.
fn never_written(timeline: &Timeline, moment: Moment, address: u64) -> String {
    let grew = timeline
        .steps()
        .iter()
        .take(moment.step.saturating_add(1))
        .find(|s| {
            s.index > 0
                && (s.pages_before.saturating_mul(PAGE)..s.pages_after.saturating_mul(PAGE))
                    .contains(&address)
        });
    match grew {
        Some(step) => format!(
            "never written: zero since memory grew in step {}",
            step.index
        ),
        None => "never written: zero since the start".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::timelines;
    use crate::value::Float;

    fn inspect(timeline: &Timeline, step: usize, address: u64) -> Inspection {
        Inspection::at(timeline, Moment::end_of(step), address, 6)
    }

    fn row(inspection: &Inspection, label: &str) -> String {
        let rows: Vec<&str> = inspection
            .rows
            .iter()
            .filter(|r| r.0 == label)
            .map(|r| r.1.as_str())
            .collect();
        rows.join(" | ")
    }

    /// Memory that starts with these bytes, inspection after step 0.
    fn timeline_of(bytes: &[u8]) -> Timeline {
        timelines::one_step_over(Image::from_bytes(bytes))
    }

    #[test]
    fn a_byte_of_the_default_session_knows_its_writers() {
        let timeline = timelines::standard_session();
        let inspection = inspect(&timeline, 7, 0x40c);
        assert_eq!(row(&inspection, "address"), "0x40c, 1036");
        assert_eq!(row(&inspection, "byte"), "0x20  32  0b00100000  space");
        assert_eq!(
            row(&inspection, "written by"),
            "step 4 store 1, add_wasm_is_cool @0xa9, wasm_is_cool.wat:45  (00→20)"
        );
        assert_eq!(
            row(&inspection, "in"),
            "buffer + 12 of 1024  (region at 0x400)"
        );
        assert_eq!(
            row(&inspect(&timeline, 7, 0x400), "written by"),
            "step 3, the host: write ptr, text  (00→44)"
        );
        assert_eq!(row(&inspect(&timeline, 7, 0x400), "pointed to"), "ptr");
        assert_eq!(
            row(&inspect(&timeline, 7, 0x801), "written by"),
            "step 0, data segment 0  (00→57)"
        );
        assert_eq!(
            row(&inspect(&timeline, 7, 0x900), "written by"),
            "never written: zero since the start"
        );
        assert_eq!(
            row(&inspect(&timeline, 2, 0x400), "written by"),
            "never written: zero since the start"
        );
        assert!(inspect(&timeline, 7, 65536).rows.is_empty());
    }

    #[test]
    fn bytes_of_grown_memory_are_zero_since_then() {
        let timeline = timelines::standard_session_with_moving_buffer();
        assert_eq!(
            row(&inspect(&timeline, 7, 0x1fff0), "written by"),
            "never written: zero since memory grew in step 4"
        );
        assert_eq!(
            row(&inspect(&timeline, 5, 0x400), "pointed to"),
            "ptr before this step"
        );
    }

    #[test]
    fn every_writer_of_a_byte_is_in_the_chain() {
        let timeline = timelines::standard_session_with_moving_buffer();
        let inspection = inspect(&timeline, 7, 0x10400);
        assert!(
            row(&inspection, "written by").starts_with("step 4 event 2, add_wasm_is_cool @0x9c"),
            "{inspection:?}"
        );
        let many = timelines::one_step_of_writes(0x400, 9);
        let earlier = |most: usize| {
            let inspection = Inspection::at(&many, Moment::end_of(0), 0x400, most);
            inspection
                .rows
                .into_iter()
                .filter(|r| r.0 == "before that")
                .map(|r| r.1)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            earlier(2),
            [
                "step 0, the host: instantiate  (07→08)",
                "step 0, the host: instantiate  (06→07)",
                "others: { goes back through them",
            ]
        );
        assert_eq!(earlier(8).len(), 8);
        let within = Moment { step: 0, event: 3 };
        assert_eq!(
            row(&Inspection::at(&many, within, 0x400, 0), "written by"),
            "step 0, the host: instantiate  (02→03)"
        );
    }

    #[test]
    fn numbers_have_both_byte_orders() {
        let timeline = timeline_of(&[0xff, 0xfe, 0, 0x40, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0]);
        let inspection = inspect(&timeline, 0, 0);
        assert_eq!(row(&inspection, "u8"), "255");
        assert_eq!(row(&inspection, "i8"), "-1");
        assert_eq!(row(&inspection, "u16"), "65279  (big endian 65534)");
        assert_eq!(row(&inspection, "i16"), "-257  (big endian -2)");
        assert_eq!(
            row(&inspection, "u32"),
            "1073807103  (big endian 4294836288)"
        );
        assert_eq!(
            row(&inspection, "i64"),
            "-9223372035780968705  (big endian -562675075514240)"
        );
        assert_eq!(
            row(&inspect(&timeline_of(&0.1f32.to_le_bytes()), 0, 0), "f32"),
            {
                let big = Float::F32(u32::from_be_bytes(0.1f32.to_le_bytes()));
                format!("0.1  (big endian {big})")
            }
        );
        assert_eq!(row(&inspect(&timeline_of(&[0; 8]), 0, 0), "f64"), "0.0");
    }

    #[test]
    fn values_past_the_end_are_marked() {
        let inspection = inspect(&timeline_of(&[1, 2, 0x83]), 0, 2);
        for label in [
            "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "pointer", "leb128",
        ] {
            assert_eq!(row(&inspection, label), PAST_THE_END, "{label}");
        }
        assert_eq!(row(&inspection, "u8"), "131");
    }

    #[test]
    fn utf8_is_found_from_any_byte() {
        let timeline = timeline_of("é日\u{1b}\u{202e}".as_bytes());
        let label = |address| row(&inspect(&timeline, 0, address), "utf8");
        assert_eq!(label(0), "'é'  U+00E9, 2 bytes");
        assert_eq!(label(1), "byte 2 of 2 of 'é'");
        assert_eq!(label(4), "byte 3 of 3 of '日'");
        assert_eq!(label(5), "'\\u{1b}'  U+001B, 1 byte");
        assert_eq!(label(6), "'\\u{202e}'  U+202E, 3 bytes");
        let bad = timeline_of(b"\x80\xff\xc3(\xed\xa0\x80\xe2\x82");
        let label = |address| row(&inspect(&bad, 0, address), "utf8");
        assert_eq!(
            label(0),
            "invalid: 0x80 continues a character, but none starts before it"
        );
        assert_eq!(label(1), "invalid: 0xff never occurs in UTF-8");
        assert!(label(2).starts_with("invalid: a character of 2 bytes starts here"));
        assert!(
            label(4).starts_with("invalid: a character of 3 bytes starts here"),
            "a surrogate"
        );
        assert_eq!(label(7), "cut off by the end of memory");
    }

    #[test]
    fn pointers_show_the_bytes_at_their_address() {
        let mut bytes = vec![0; 64];
        bytes[0..4].copy_from_slice(&16u32.to_le_bytes());
        bytes[4..8].copy_from_slice(&64u32.to_le_bytes());
        bytes[8..12].copy_from_slice(&62u32.to_le_bytes());
        bytes[16..20].copy_from_slice(b"Wasm");
        let timeline = timeline_of(&bytes);
        let label = |address| row(&inspect(&timeline, 0, address), "pointer");
        assert_eq!(label(0), "0x10 → \"Wasm\"");
        assert_eq!(label(4), "0x40: outside memory");
        assert_eq!(label(8), "0x3e → 00 00");
        assert_eq!(label(12), "0x0: rarely a pointer");
    }
}
