//! The views of a script: which fields the bytes of a finding are, host writes into padding, and
//! fields at the end that memory had before it grew.

use super::blocks::overlap;
use super::phrases::{describe_writer, name, the_bytes};
use super::view::{MAX_EXAMINED, View};
use super::{MAX_FINDINGS_PER_KIND, view_pointers};
use crate::text::{count, list};
use crate::timeline::{
    Finding, FindingKind, Image, Naming, Outcome, Span, StepKind, StepRecord, Writer,
};

/// The largest number of fields that a message names.
const MAX_NAMED: usize = 3;
/// The largest number of host writes of a step that are checked for padding.
const MAX_HOST_WRITES: usize = 1000;
/// The largest number of growths of memory that are remembered.
const MAX_GROWTHS: usize = 64;

/// The views, and where memory ended before it grew.
#[derive(Debug, Default)]
pub(super) struct Views {
    views: Vec<View>,
    growths: Vec<(usize, u64)>,
}

impl Views {
    /// Checks a step by the views that there were before it.
    pub fn check_step(
        &self,
        record: &StepRecord,
        known: &view_pointers::Known<'_>,
    ) -> Vec<Finding> {
        let mut found: Vec<Finding> = self.straddling(record).into_iter().collect();
        if self.views.is_empty() || record.events.is_empty() {
            return found;
        }
        found.extend(self.padding_writes(record));
        let pointers = self.views.iter().flat_map(|view| {
            let changed = view_pointers::changed(view, record);
            changed.filter_map(move |pointer| view_pointers::check(view, pointer, record, known))
        });
        found.extend(pointers.take(MAX_FINDINGS_PER_KIND));
        found
    }

    /// Remembers the view that a step named, and how the step made memory grow.
    pub fn record_step(&mut self, record: &StepRecord) {
        let has_grown = record.index > 0 && record.pages_after > record.pages_before;
        if has_grown && self.growths.len() < MAX_GROWTHS {
            let old_end = record.events.memory_at(0).len();
            self.growths.push((record.index, old_end));
        }
        let (Some(Naming::Named(new)), Outcome::Ok) = (&record.naming, record.outcome) else {
            return;
        };
        let plain = name(&new.name);
        self.views.retain(|view| view.name != plain);
        let ty = new.data_type.clone().filter(|_| new.span.len > 0);
        self.views.extend(ty.map(|ty| View {
            name: plain,
            span: new.span,
            pointers: view_pointers::offsets(&ty),
            ty,
        }));
    }

    /// Adds to a finding which fields its bytes are.
    pub fn describe(&self, finding: &mut Finding, memory: &Image) {
        let Some(span) = finding.primary_span() else {
            return;
        };
        let verb = match finding.kind {
            FindingKind::Overrun | FindingKind::StrayWrite | FindingKind::UnusedStackWrite => {
                "this overwrote"
            }
            FindingKind::UseAfterRelease
            | FindingKind::DanglingStackPointer
            | FindingKind::PointerNotRefetched
            | FindingKind::LengthPastRegion => "these bytes are",
            _ => return,
        };
        let past = self.past_end(finding, span, memory);
        let is_reading_past = finding.kind == FindingKind::LengthPastRegion && past.is_some();
        let fields = match is_reading_past {
            true => None,
            false => self.fields_of(span, memory),
        };
        let fields = fields.map(|fields| format!("; {verb} {fields}"));
        for text in [past, fields].into_iter().flatten() {
            finding.message.push_str(&text);
        }
    }

    /// Describes how far past a view the bytes of a finding reach.
    fn past_end(&self, finding: &Finding, span: Span, memory: &Image) -> Option<String> {
        let is_past = matches!(
            finding.kind,
            FindingKind::Overrun | FindingKind::LengthPastRegion
        );
        let views = self.views.iter().filter(|_| is_past);
        let mut views = views.filter(|view| finding.spans.iter().skip(1).any(|s| *s == view.span));
        let view = views.next()?;
        let over = span.end().checked_sub(view.span.end())?;
        let last = view.last_part(memory).filter(|_| over > 0)?;
        Some(format!("; that is {} past {last}", count(over, "byte")))
    }

    /// Describes the fields of views that bytes belong to.
    fn fields_of(&self, span: Span, memory: &Image) -> Option<String> {
        let view = self
            .views
            .iter()
            .filter(|view| overlap(view.span, span).is_some())
            .min_by_key(|view| view.span.len)?;
        let shared = overlap(view.span, span)?;
        if shared == view.span {
            return Some(format!("all of {}", view.name));
        }
        let examined = Span {
            len: shared.len.min(MAX_EXAMINED),
            ..shared
        };
        let fields = view.spans_within(examined, memory);
        let named = fields.iter().take(MAX_NAMED);
        let mut names: Vec<String> = named
            .filter_map(|field| view.describe_field(field, memory))
            .collect();
        if names.is_empty() {
            return None;
        }
        if fields.len() > MAX_NAMED || examined.len < shared.len {
            names.push("more".into());
        }
        Some(list::and(&names))
    }

    /// Checks whether the host wrote data where a record has padding: a write that begins or ends
    /// there, but not the copy of a whole record.
    fn padding_writes(&self, record: &StepRecord) -> Vec<Finding> {
        let writes = record.events.write_headers();
        let by_host: Vec<Span> = writes
            .filter(|write| !write.is_difference && write.len > 0)
            .filter(|write| matches!(record.events.writer_of(write.by), Writer::Host))
            .map(|write| Span {
                start: write.start,
                len: write.len,
            })
            .take(MAX_HOST_WRITES)
            .collect();
        let by_host = &by_host;
        let found = by_host.iter().flat_map(move |write| {
            let (start, end) = (write.start, write.end());
            let begins = !by_host.iter().any(|other| other.end() == start);
            let ends = !by_host.iter().any(|other| other.start == end);
            self.views.iter().filter_map(move |view| {
                let at = [(begins, start), (ends, end.saturating_sub(1))];
                let mut at = at.into_iter().filter(|(is_border, _)| *is_border);
                at.find_map(|(_, at)| padding_write(view, at, *write, record))
            })
        });
        found.take(MAX_FINDINGS_PER_KIND).collect()
    }

    /// Checks whether a field of a view that a step names is on both sides of an earlier end of
    /// memory.
    fn straddling(&self, record: &StepRecord) -> Option<Finding> {
        let Some(Naming::Named(new)) = &record.naming else {
            return None;
        };
        let ty = new.data_type.clone()?;
        let view = View {
            name: name(&new.name),
            span: new.span,
            pointers: Vec::new(),
            ty,
        };
        let growths = self.growths.iter().rev();
        let mut inside = growths.filter(|(_, end)| view.span.contains(*end));
        let found = inside.find_map(|(step, end)| {
            let around = Span {
                start: *end,
                len: 1,
            };
            let fields = view.spans_within(around, &record.memory);
            let field = fields
                .into_iter()
                .find(|field| field.start < *end && !field.is_padding)?;
            let path = view.describe_field(&field, &record.memory)?;
            Some((*step, *end, field, path))
        });
        let (step, end, field, path) = found?;
        let after = field.start.saturating_add(field.len).saturating_sub(end);
        let message = format!(
            "{path}, has {after} of its {} from {end:#x} on, where memory ended before step \
             {step}: a view of memory that the host made before then ends inside this field",
            count(field.len, "byte")
        );
        let span = Span {
            start: field.start,
            len: field.len,
        };
        let finding = Finding::new(FindingKind::MemoryGrew, message).about(span);
        Some(finding.blaming(step))
    }
}

/// Checks one end of a write: the byte at `at`, of the bytes that were written. A part of a record
/// that ends between two fields can be copied with its padding; one that ends in padding or inside a
/// number is no such part.
fn padding_write(view: &View, at: u64, written: Span, record: &StepRecord) -> Option<Finding> {
    if !view.span.contains(at) || record.kind == StepKind::Instantiate {
        return None;
    }
    let memory = &record.memory;
    let (_, end) = view.path_at(at, memory)?;
    let has_data = |span: &Span| {
        let bytes = memory.read(span.start, span.len.min(MAX_EXAMINED));
        bytes.iter().any(|byte| *byte != 0)
    };
    let hit = match &end.padding {
        Some(_) if written.start <= end.place.start => None,
        Some(padding) => overlap(
            written,
            Span {
                start: padding.start,
                len: padding.len,
            },
        ),
        None if view.cuts_scalar(&end, written) => view.padding_within(written, memory, &has_data),
        None => None,
    };
    let hit = hit.filter(has_data)?;
    let (path, found) = view.path_at(hit.start, memory)?;
    let after = match found.padding.and_then(|padding| padding.after) {
        Some(field) => format!(" after {}", name(&field)),
        None => String::new(),
    };
    let message = format!(
        "{} wrote {}: {} padding of {path}{after}, which no field has; the host may lay out this \
         record in another way",
        describe_writer(&Writer::Host),
        the_bytes(written),
        match hit.len {
            1 => format!("the byte at {:#x} is", hit.start),
            _ => format!("{:#x}..{:#x} are", hit.start, hit.end()),
        },
    );
    let finding = Finding::new(FindingKind::PaddingWritten, message);
    Some(finding.about(hit).about(written))
}
