//! Writes the blocks of a `try` of the old form: what `legacy_exceptions` has planned for it.

use wasm_encoder::Catch;

use super::body::Body;
use super::frame::OpenTry;
use super::legacy_exceptions::{EXCEPTION, WrittenTry};

impl Body<'_> {
    /// Opens a `try` of the old form, with the blocks that its handlers come after.
    pub(super) fn open_try(&mut self) {
        self.flush();
        let number = self.opened_tries;
        self.opened_tries += 1;
        let exceptions_around = self.open_exceptions();
        let tries = std::mem::take(&mut self.legacy.tries);
        if let Some(known) = tries.get(number) {
            let labels = match known.clauses.len() as u32 {
                _ if known.delegates => self.write_delegating_try(known),
                0 => {
                    self.sink().block(known.inside);
                    1
                }
                count => {
                    self.write_try(known);
                    count + 2
                }
            };
            self.push_frame();
            if let Some(frame) = self.frames.last_mut() {
                frame.labels = labels;
                frame.legacy = Some(OpenTry {
                    number,
                    handler: None,
                    exceptions_around,
                    exception: None,
                });
            }
        }
        self.legacy.tries = tries;
    }

    fn write_try(&mut self, known: &WrittenTry) {
        let params: Vec<u32> = (0..)
            .zip(&known.params)
            .map(|(nth, ty)| self.scratch(*ty, nth))
            .collect();
        for param in params.iter().rev() {
            self.sink().local_set(*param);
        }
        self.sink().block(known.outside);
        for (_, carried) in known.clauses.iter().rev() {
            self.sink().block(*carried);
        }
        for param in &params {
            self.sink().local_get(*param);
        }
        let clauses: Vec<Catch> = (0..)
            .zip(&known.clauses)
            .map(|(label, (tag, _))| catch(*tag, known.is_rethrown, label))
            .collect();
        self.sink().try_table(known.inside, clauses);
    }

    /// Writes a `try` that jumps to the handlers of others. Returns how many labels it has.
    fn write_delegating_try(&mut self, known: &WrittenTry) -> u32 {
        let labels = self.labels();
        let mut clauses: Vec<Catch> = Vec::new();
        for clause in &known.delegated {
            // The blocks of the handlers are around the `try_table` of that `try`.
            let handlers = self.frames.get(clause.frame).map_or(0, |frame| {
                labels.saturating_sub(frame.labels_around + frame.labels) + 1
            });
            clauses.push(catch(clause.tag, clause.is_rethrown, handlers + clause.nth));
        }
        if known.escapes() {
            clauses.push(catch(None, true, labels.saturating_sub(1)));
        }
        self.sink().try_table(known.inside, clauses);
        1
    }

    /// Ends the body of a `try` of the old form or its last handler, and begins the next handler.
    pub(super) fn open_handler(&mut self) {
        self.flush();
        let Some(open) = self.frames.last().and_then(|frame| frame.legacy) else {
            return;
        };
        let known = self.legacy.tries.get(open.number);
        let (count, is_rethrown) = known.map_or((0, false), |known| {
            (known.clauses.len() as u32, known.is_rethrown)
        });
        let handler = open.handler.map_or(0, |handler| handler + 1);
        if handler == 0 {
            self.sink().end();
        }
        let left = count.saturating_sub(handler as u32);
        self.sink().br(left).end();
        let exception = is_rethrown.then(|| self.scratch(EXCEPTION, open.exceptions_around));
        if let Some(exception) = exception {
            self.sink().local_set(exception);
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.labels = left;
            frame.own_label = left.saturating_sub(1);
            frame.legacy = Some(OpenTry {
                handler: Some(handler),
                exception,
                ..open
            });
        }
        self.forget_at_join();
        self.is_unchecked = true;
    }

    /// Returns how many handlers around this place keep an exception that they can throw again.
    fn open_exceptions(&self) -> u32 {
        let mut open = self.frames.iter().rev().filter_map(|frame| frame.legacy);
        open.next().map_or(0, |open| {
            open.exceptions_around + u32::from(open.exception.is_some())
        })
    }
}

/// Returns a clause of a `try_table`; without a tag, it catches everything.
fn catch(tag: Option<u32>, with_exception: bool, label: u32) -> Catch {
    match (tag, with_exception) {
        (Some(tag), true) => Catch::OneRef { tag, label },
        (Some(tag), false) => Catch::One { tag, label },
        (None, true) => Catch::AllRef { label },
        (None, false) => Catch::All { label },
    }
}
