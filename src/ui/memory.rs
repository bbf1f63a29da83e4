//! The two memory panes: the same rows of memory before and after the step or the event shown.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::App;
use crate::app::panes::field_marks::FieldMark;
use crate::app::panes::hex_dump::{DumpLine, HexDump};
use crate::app::panes::row_format::RowFormat;
use crate::safe;
use crate::timeline::{Part, PartKind, Pointer, Severity};

use super::byte_category::Category;
use super::text::{self, Pen};
use super::theme::{Theme, Tone};

/// Which of the two panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, dump: &HexDump, side: Side, theme: &Theme) {
    let image = match side {
        Side::Before => &dump.before,
        Side::After => &dump.after,
    };
    if dump.is_empty() || (image.is_empty() && side == Side::Before) {
        let why = if app.timeline.guest.memory.is_none()
            && app.timeline.steps().iter().any(|s| s.index == 0)
        {
            "this guest has no memory"
        } else {
            "no memory yet: the guest is not instantiated"
        };
        Pen::at(buffer, area, 2, 0).put(why, theme.faint());
        return;
    }
    let pane = Pane {
        app,
        dump,
        side,
        theme,
        format: dump.format(area.width),
        end: image.len(),
    };
    let mut above_changed = false;
    for (row, line) in (0..area.height).zip(&dump.lines) {
        match line {
            DumpLine::Row {
                address,
                before,
                after,
            } => {
                above_changed = pane.draw_row(buffer, area, row, *address, before, after);
            }
            DumpLine::Squeezed { address, .. } if *address >= pane.end => {}
            DumpLine::Squeezed { rows, .. } => {
                pane.draw_squeezed(buffer, area, row, *rows, above_changed);
            }
            DumpLine::OldEnd { address } => pane.draw_old_end(buffer, area, row, *address),
            DumpLine::End { address } if *address == pane.end => {
                pane.draw_end(buffer, area, row, *address);
            }
            DumpLine::End { .. } => {}
        }
    }
}

struct Pane<'a> {
    app: &'a App,
    dump: &'a HexDump,
    side: Side,
    theme: &'a Theme,
    format: RowFormat,
    /// The end of this pane's memory.
    end: u64,
}

impl Pane<'_> {
    /// Draws a row. Returns whether the step changes a byte of it.
    fn draw_row(
        &self,
        buffer: &mut Buffer,
        area: Rect,
        row: u16,
        address: u64,
        before: &[Option<u8>],
        after: &[Option<u8>],
    ) -> bool {
        let bytes = if self.side == Side::Before {
            before
        } else {
            after
        };
        let changes = self.changes(address, before, after);
        let is_changed = changes.contains(&true);
        if bytes.iter().all(Option::is_none) {
            if address == self.end && self.dump.old_end != Some(address) {
                self.draw_end(buffer, area, row, address);
            }
            return is_changed;
        }
        let differs = (0..self.format.bytes)
            .any(|index| self.differs_from_previous_run(address.saturating_add(index)));
        let mut at = |column: u16, text: &str, style: Style| {
            Pen::at(buffer, area, column, row).put(text, style);
        };
        let format = &self.format;
        self.draw_gutter(&mut at, address, is_changed, differs);
        self.draw_offset(&mut at, address);
        self.draw_bars(&mut at, address);
        for (index, byte) in (0u64..).zip(bytes) {
            let here = address.saturating_add(index);
            self.draw_marks(&mut at, here, index);
            if let Some(byte) = *byte {
                let changed = changes.get(index as usize).copied().unwrap_or(false);
                let style = self.style_of(here, byte, changed);
                at(format.hex_column(index), &format!("{byte:02x}"), style);
                if format.has_text {
                    at(
                        format.text_column(index),
                        &self.theme.glyphs.byte(byte).to_string(),
                        style,
                    );
                }
            }
        }
        self.draw_last_mark(&mut at, address);
        is_changed
    }

    /// Returns which bytes of a row the step changes or the event shown has just written.
    fn changes(&self, address: u64, before: &[Option<u8>], after: &[Option<u8>]) -> Vec<bool> {
        // A store that does not change a byte is marked too: the byte was just written.
        let is_written = |index: u64| {
            self.dump
                .written
                .is_some_and(|span| span.contains(address.saturating_add(index)))
        };
        (0u64..)
            .zip(before.iter().zip(after))
            .map(|(index, (b, a))| b.unwrap_or(0) != a.unwrap_or(0) || is_written(index))
            .collect()
    }

    fn draw_offset(&self, at: &mut impl FnMut(u16, &str, Style), address: u64) {
        let digits = usize::from(self.format.digits);
        let to_cursor = self.app.cursor.checked_sub(address);
        let style = if to_cursor.is_some_and(|bytes| bytes < self.format.bytes) {
            self.theme.text()
        } else {
            self.theme.faint()
        };
        at(
            self.format.offset_column(),
            &format!("{address:0digits$x}"),
            style,
        );
    }

    /// Returns whether a byte of this pane differs from the run before.
    fn differs_from_previous_run(&self, address: u64) -> bool {
        self.side == Side::After && self.dump.differs_from_previous_run(address)
    }

    /// Draws `+ ptr▸`: whether the row differs from the run before, or the step changed it, and the
    /// pointer that points into it.
    fn draw_gutter(
        &self,
        at: &mut impl FnMut(u16, &str, Style),
        address: u64,
        is_changed: bool,
        differs: bool,
    ) {
        let glyphs = &self.theme.glyphs;
        let last = address.saturating_add(self.format.bytes.saturating_sub(1));
        let pointed = self.pointed(address, last);
        let has_room = self.side == Side::After && (self.format.is_roomy || pointed.is_none());
        let worst = (address..=last)
            .filter_map(|at| self.dump.finding_at(at))
            .max();
        if let Some(worst) = worst.filter(|_| has_room) {
            at(0, &glyphs.finding.to_string(), self.theme.tone(tone(worst)));
        } else if differs && has_room {
            at(0, &glyphs.differs.to_string(), self.theme.differs());
        } else if is_changed && has_room {
            at(0, &glyphs.changed.to_string(), self.theme.change_mark());
        }
        let Some((names, is_current)) = pointed else {
            self.draw_part_names(at, address, last);
            return;
        };
        let (glyph, style) = if is_current {
            (glyphs.pointer, self.theme.pointer())
        } else {
            (glyphs.pointer_before, self.theme.pointer_before())
        };
        if !self.format.is_roomy {
            at(0, &glyph.to_string(), style);
            return;
        }
        let name = text::fit(&safe::plain(&names), self.format.name, glyphs.cut);
        let column = 1 + self.format.name.saturating_sub(text::width(&name));
        at(column, &format!("{name}{glyph}"), style);
    }

    /// Returns the names of the parts that begin in a row.
    fn draw_part_names(&self, at: &mut impl FnMut(u16, &str, Style), first: u64, last: u64) {
        let begins = |part: &&Part| (first..=last).contains(&part.span.start) && part.span.len > 0;
        let mut parts = self.dump.parts.iter().rev().filter(begins);
        let Some(part) = parts.next().filter(|_| self.format.is_roomy) else {
            return;
        };
        let name = text::fit(
            &safe::plain(&part.name),
            self.format.name,
            self.theme.glyphs.cut,
        );
        let column = 1 + self.format.name.saturating_sub(text::width(&name));
        at(column, &name, self.theme.part(part.kind, part.released));
    }

    fn pointers(&self) -> &[Pointer] {
        match self.side {
            Side::Before => &self.dump.pointers_before,
            Side::After => &self.dump.pointers_after,
        }
    }

    /// Returns the names of the pointers into a row, and whether they point there now or did before
    /// this step.
    fn pointed(&self, first: u64, last: u64) -> Option<(String, bool)> {
        let names = |found: Vec<&Pointer>| {
            let names: Vec<&str> = found.iter().map(|p| p.name.as_str()).collect();
            (!names.is_empty()).then(|| names.join(","))
        };
        let here = |address: u64| (first..=last).contains(&address);
        let now = names(self.pointers().iter().filter(|p| here(p.address)).collect());
        let was = || {
            names(
                self.pointers()
                    .iter()
                    .filter(|p| self.was_at(p).is_some_and(here))
                    .collect(),
            )
        };
        now.map(|n| (n, true)).or_else(|| was().map(|n| (n, false)))
    }

    /// Returns the address of a pointer before this step, where the pane after it shows that.
    fn was_at(&self, pointer: &Pointer) -> Option<u64> {
        let is_after = self.side == Side::After && !self.dump.pointers_before.is_empty();
        pointer.moved_from.filter(|_| is_after)
    }

    /// Draws the bars around the bytes; heavy where a region or block reaches into the row.
    fn draw_bars(&self, at: &mut impl FnMut(u16, &str, Style), address: u64) {
        let glyphs = &self.theme.glyphs;
        let end = address.saturating_add(self.format.bytes);
        let inside = self
            .dump
            .parts
            .iter()
            .filter(|part| part.span.start < end && part.span.end() > address);
        let part =
            inside.max_by_key(|part| (part.kind.is_named_by_script(), !part.released, part.kind));
        let (bar, style) = match part.map(|part| (part.kind, part.released)) {
            None | Some((PartKind::Heap, _)) => (glyphs.bar, self.theme.faint()),
            Some((kind, released)) => {
                (self.bar_of(kind, released), self.theme.part(kind, released))
            }
        };
        at(self.format.bar_column(), &bar.to_string(), style);
        if self.format.has_text {
            at(
                self.format.text_bar_column(),
                &glyphs.bar.to_string(),
                self.theme.faint(),
            );
        }
        if self.format.is_roomy {
            for group in (8..self.format.bytes).step_by(8) {
                let column = self.format.hex_column(group).saturating_sub(2);
                at(column, &glyphs.group.to_string(), self.theme.faint());
                at(
                    self.format.text_column(group).saturating_sub(1),
                    &glyphs.group.to_string(),
                    self.theme.faint(),
                );
            }
        }
    }

    fn bar_of(&self, kind: PartKind, released: bool) -> char {
        let glyphs = &self.theme.glyphs;
        match kind {
            PartKind::Region | PartKind::Block if released => glyphs.released_bar,
            PartKind::Region | PartKind::Block => glyphs.region_bar,
            PartKind::Segment | PartKind::Data => glyphs.data_bar,
            PartKind::Stack | PartKind::Heap => glyphs.bar,
        }
    }

    /// Returns the parts that the script named, whose edges are marked.
    fn named(&self) -> impl Iterator<Item = &Part> {
        self.dump
            .parts
            .iter()
            .filter(|part| part.kind.is_named_by_script() && part.span.len > 0)
    }

    /// Draws the marks before a byte: a pointer to it, or the edge of a region.
    fn draw_marks(&self, at: &mut impl FnMut(u16, &str, Style), address: u64, index: u64) {
        let glyphs = &self.theme.glyphs;
        let found = self
            .dump
            .findings
            .iter()
            .filter(|(span, _)| span.start == address)
            .map(|(_, severity)| *severity)
            .max();
        let mark = if let Some(severity) = found.filter(|_| self.side == Side::After) {
            (glyphs.finding, self.theme.tone(tone(severity)))
        } else if self.pointers().iter().any(|p| p.address == address) {
            (glyphs.pointer, self.theme.pointer())
        } else if self
            .pointers()
            .iter()
            .any(|p| self.was_at(p) == Some(address))
        {
            (glyphs.pointer_before, self.theme.pointer_before())
        } else if self.differs_from_previous_run(address) {
            (glyphs.differs, self.theme.differs())
        } else if let Some(span) = self.named().find(|part| part.span.start == address) {
            (
                glyphs.region_start,
                if span.released {
                    self.theme.released()
                } else {
                    self.theme.region()
                },
            )
        } else if index > 0 && self.named().any(|part| part.span.end() == address) {
            (glyphs.region_end, self.theme.region())
        } else if let Some(mark) = self.field_mark(address, index) {
            (mark, self.theme.faint())
        } else {
            return;
        };
        at(
            self.format.hex_column(index).saturating_sub(1),
            &mark.0.to_string(),
            mark.1,
        );
    }

    /// Returns the mark before a byte that begins a field or is padding. In a compact row, the first
    /// byte has a bar there.
    fn field_mark(&self, address: u64, index: u64) -> Option<char> {
        let mark = self.dump.field_marks.get(&address)?;
        (index > 0 || self.format.is_roomy).then_some(match mark {
            FieldMark::Start => self.theme.glyphs.field,
            FieldMark::Padding => self.theme.glyphs.padding,
        })
    }

    /// Draws the edge of a region that ends with the row.
    fn draw_last_mark(&self, at: &mut impl FnMut(u16, &str, Style), address: u64) {
        let end = address.saturating_add(self.format.bytes);
        if self.named().any(|part| part.span.end() == end) {
            let column = self.format.hex_column(self.format.bytes.saturating_sub(1)) + 2;
            at(
                column,
                &self.theme.glyphs.region_end.to_string(),
                self.theme.region(),
            );
        }
    }

    fn style_of(&self, address: u64, byte: u8, changed: bool) -> Style {
        let theme = self.theme;
        let style = match (changed, self.side) {
            (true, Side::After) => theme.changed(),
            (true, Side::Before) => theme.about_to_change(),
            (false, _)
                if self
                    .dump
                    .since
                    .as_ref()
                    .is_some_and(|s| s.byte(address).unwrap_or(0) != byte) =>
            {
                theme.changed_earlier()
            }
            (false, _) => theme.byte(Category::of(byte)),
        };
        let is_padding = self.dump.field_marks.get(&address) == Some(&FieldMark::Padding);
        let style = match is_padding && !changed {
            true => theme.padding(style),
            false => style,
        };
        let is_dead = !changed && self.is_dead(address);
        let style = if is_dead { theme.dead(style) } else { style };
        let worst = self
            .dump
            .finding_at(address)
            .filter(|_| self.side == Side::After);
        let style = worst.map_or(style, |severity| theme.found_in(style, tone(severity)));
        let found = self
            .app
            .search
            .as_ref()
            .and_then(|s| Some((s.found?, s.needle.len() as u64)));
        let is_found =
            found.is_some_and(|(start, len)| (start..start.saturating_add(len)).contains(&address));
        match () {
            () if address == self.app.cursor => style
                .remove_modifier(ratatui::style::Modifier::DIM)
                .add_modifier(theme.cursor()),
            () if is_found => style.add_modifier(theme.found()),
            () => style,
        }
    }

    /// Returns whether a byte is in a released block, and in none that is owned.
    fn is_dead(&self, address: u64) -> bool {
        let mut named = self
            .named()
            .filter(|part| part.kind == PartKind::Block && part.span.contains(address));
        let mut is_dead = false;
        named.all(|part| {
            is_dead = true;
            part.released
        }) && is_dead
    }

    fn draw_squeezed(
        &self,
        buffer: &mut Buffer,
        area: Rect,
        row: u16,
        rows: u64,
        is_changed: bool,
    ) {
        let glyphs = &self.theme.glyphs;
        if is_changed && self.side == Side::After {
            Pen::at(buffer, area, 0, row).put_char(glyphs.changed, self.theme.change_mark());
        }
        let mut pen = Pen::at(buffer, area, self.format.offset_column(), row);
        pen.put_char(glyphs.squeezed, self.theme.faint());
        if self.format.is_roomy {
            let mut pen = Pen::at(buffer, area, self.format.hex_column(0), row);
            pen.put(
                &format!("{rows} rows like the one above"),
                self.theme.faint(),
            );
        }
    }

    /// Draws a ruled line, or in the pane before the growth the end of memory.
    fn draw_old_end(&self, buffer: &mut Buffer, area: Rect, row: u16, address: u64) {
        if address == self.end {
            self.draw_end(buffer, area, row, address);
            return;
        }
        let (rule, step) = (self.theme.glyphs.rule, self.app.moment.step);
        let mut pen = Pen::at(buffer, area, 1, row);
        pen.put_char(rule, self.theme.faint())
            .put_char(rule, self.theme.faint());
        let forms = [
            format!(" memory ended here before step {step}: {address:#x} "),
            format!(" {address:#x}: end before step {step} "),
        ];
        let label = text::first_that_fits(&forms, pen.columns_left(), self.theme.glyphs.cut);
        pen.put(&label, self.theme.old_end())
            .fill(rule, self.theme.faint());
    }

    fn draw_end(&self, buffer: &mut Buffer, area: Rect, row: u16, address: u64) {
        let digits = usize::from(self.format.digits);
        let mut pen = Pen::at(buffer, area, self.format.offset_column(), row);
        pen.put(&format!("{address:0digits$x} "), self.theme.faint())
            .put("end of memory", self.theme.strong());
    }
}

fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Warning,
        Severity::Note => Tone::Note,
    }
}
