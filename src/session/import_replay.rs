//! Answers the imports of a guest from a recording, and writes down each answer as actions of the
//! steps language.

use std::sync::Arc;

use wasmer::Value as Wasm;

use crate::hostlog::{Crossed, Event, FunctionPlace};
use crate::safe;
use crate::script::ast::{Action, DetachedWrite, HostFunctionName, ImportName, Name};
use crate::source::HostPlace;
use crate::timeline::PAGE;
use crate::value::Value;

use super::imports::{HostTrap, Running};
use super::memory;
use super::playback::Playback;
use super::playback::call_text::{call_of, quoted_name};
use super::playback::literal::{self, literal};
use super::playback::table_changes::TableChange;

/// The message of a call that the recording has no end of.
const ENDS_HERE: &str = "the recording ends in this call";

impl Running<'_, '_> {
    /// Performs the next call of an import in the recording.
    pub fn replay_import(&mut self) -> Result<Vec<Wasm>, HostTrap> {
        let (HostFunctionName::Import(import), _) = self.call() else {
            return Err(self.fail("a callback is not replayed"));
        };
        let import = import.clone();
        let number = self.playback()?.begin_import(&import);
        let results = self.replay_actions(&import, number);
        if let Err(error) = &results {
            // The line of the call must end in `returns` or `traps`.
            let why = match error {
                HostTrap::Message(why) => Value::Text(why.clone()),
                _ => Value::Text("the call of the guest did not return".to_owned()),
            };
            let text = format!("traps {why}");
            self.playback()?.add_action(&import, number, text, None);
        }
        results
    }

    fn replay_actions(
        &mut self,
        import: &ImportName,
        number: usize,
    ) -> Result<Vec<Wasm>, HostTrap> {
        self.check_import(import)?;
        loop {
            match self.playback()?.peek() {
                Some(Event::Answer(values)) => {
                    self.replay_writes(import, number)?;
                    self.playback()?.advance();
                    return self.answer(import, number, &values);
                }
                Some(Event::Fail(thrown)) => {
                    self.replay_writes(import, number)?;
                    self.playback()?.advance();
                    return Err(HostTrap::Message(safe::cut(&thrown.message, 1000)));
                }
                Some(Event::Call { function, args, at }) => {
                    self.replay_writes(import, number)?;
                    self.replay_call(import, number, (function, &args), at)?;
                }
                Some(Event::Grow { by, at, .. }) => {
                    self.playback()?.advance();
                    self.playback()?.grew(by);
                    let live = self.memory()?;
                    let pages = memory::pages(&live, &self.env).saturating_add(by);
                    let bytes = pages.saturating_mul(PAGE);
                    let text = format!("grows {bytes}");
                    let bytes = literal(Value::Int(i128::from(bytes)));
                    self.act(import, number, (text, at), Action::Grows { bytes })?;
                }
                Some(event @ (Event::SetTable { .. } | Event::GrowTable { .. })) => {
                    self.playback()?.advance();
                    self.replay_table_changes(import, number, &event)?;
                }
                Some(Event::Detached { method, at, .. }) => {
                    self.replay_writes(import, number)?;
                    self.playback()?.advance();
                    self.replay_detached_write(import, number, (method, at))?;
                }
                Some(Event::SetGlobal { .. }) => {
                    return Err(self.differs("the host sets a global while the guest waits for it"));
                }
                Some(_) => return Err(self.differs("the host goes on in another order")),
                None => return Err(HostTrap::Message(ENDS_HERE.to_owned())),
            }
        }
    }

    fn playback(&mut self) -> Result<&mut Playback, HostTrap> {
        let missing = || HostTrap::Message("there is no recording".to_owned());
        self.env.data_mut().playback.as_mut().ok_or_else(missing)
    }

    /// Returns the trap of a replay that differs from the recording.
    fn differs(&mut self, what: &str) -> HostTrap {
        match self.playback() {
            Ok(playback) => HostTrap::Message(playback.diverged(what)),
            Err(error) => error,
        }
    }

    /// Checks that the recording has this call next, with the same arguments.
    fn check_import(&mut self, import: &ImportName) -> Result<(), HostTrap> {
        let args = self.args.clone();
        let shown = format!(
            "{}.{}",
            safe::plain(&import.module),
            safe::plain(&import.name)
        );
        let playback = self.playback()?;
        let (name, recorded) = match playback.peek() {
            Some(Event::Import { function, args }) => {
                let place = playback.log.functions.get(function as usize);
                match place.map(|function| &function.place) {
                    Some(FunctionPlace::Import(path)) => (path.clone(), args),
                    _ => return Err(self.differs("the guest called another import")),
                }
            }
            None => return Err(HostTrap::Message(ENDS_HERE.to_owned())),
            Some(_) => {
                let what = format!("the guest called {shown}, which it did not in the recording");
                return Err(self.differs(&what));
            }
        };
        if (&name.module, &name.name) != (&import.module, &import.name) {
            let other = format!("{}.{}", safe::plain(&name.module), safe::plain(&name.name));
            let what = format!("the guest called {shown} here, and {other} in the recording");
            return Err(self.differs(&what));
        }
        if !literal::are_same(&recorded, &args) {
            let here: Vec<String> = args.iter().map(|arg| arg.brief(40)).collect();
            let what = format!(
                "the guest called {shown}({}) here, and with {} in the recording",
                here.join(", "),
                literal::list(&recorded)
            );
            return Err(self.differs(&what));
        }
        self.playback()?.advance();
        Ok(())
    }

    /// Performs an action, and writes it down with its place in the host.
    fn act(
        &mut self,
        import: &ImportName,
        number: usize,
        (text, place): (String, Option<Arc<HostPlace>>),
        action: Action,
    ) -> Result<Vec<Wasm>, HostTrap> {
        self.playback()?.add_action(import, number, text, place);
        self.perform_actions(&[], &[action])
    }

    /// Makes the changes of a table.
    fn replay_table_changes(
        &mut self,
        import: &ImportName,
        number: usize,
        event: &Event,
    ) -> Result<(), HostTrap> {
        let at = match event {
            Event::SetTable { at, .. } | Event::GrowTable { at, .. } => at.clone(),
            _ => None,
        };
        for (text, change) in self.playback()?.table_changes(event) {
            let (text, action) = match change {
                TableChange::Set(set) => (format!("sets {text}"), Action::SetsElement(set)),
                TableChange::Grow(growth) => (format!("grows {text}"), Action::GrowsTable(growth)),
            };
            self.act(import, number, (text, at.clone()), action)?;
        }
        Ok(())
    }

    /// Writes nothing, as the host did with a view that growth had detached.
    fn replay_detached_write(
        &mut self,
        import: &ImportName,
        number: usize,
        (method, at): (String, Option<Arc<HostPlace>>),
    ) -> Result<(), HostTrap> {
        let place = at.clone();
        self.playback()?
            .detached
            .push(DetachedWrite { method, place });
        let action = Action::Writes {
            address: literal(Value::Int(0)),
            value: literal(Value::Text(String::new())),
            is_zeroed: false,
        };
        self.act(import, number, ("writes 0, \"\"".to_owned(), at), action)?;
        Ok(())
    }

    /// Makes the writes of the host before it enters the guest.
    fn replay_writes(&mut self, import: &ImportName, number: usize) -> Result<(), HostTrap> {
        let Some(live) = self.env.data().memory.clone() else {
            return Ok(());
        };
        let size = memory::size(&live, &self.env);
        let Some(mut playback) = self.env.data_mut().playback.take() else {
            return Ok(());
        };
        let writes = playback.host_writes(size, |start, len| {
            memory::read(&live, &self.env, start, len).ok()
        });
        self.env.data_mut().playback = Some(playback);
        let writes = writes.map_err(|what| self.differs(&what))?;
        for write in writes {
            let value = self.playback()?.bytes_text(&write.bytes);
            let action = Action::Writes {
                address: literal(Value::Int(i128::from(write.address))),
                value: literal(Value::Bytes(write.bytes)),
                is_zeroed: false,
            };
            let text = format!("writes {:#x}, {value}", write.address);
            self.act(import, number, (text, write.place), action)?;
        }
        Ok(())
    }

    fn answer(
        &mut self,
        import: &ImportName,
        number: usize,
        values: &[Crossed],
    ) -> Result<Vec<Wasm>, HostTrap> {
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let (mut texts, mut exprs) = (Vec::new(), Vec::new());
        for value in values {
            let Some((text, expr)) = literal::crossed(value) else {
                return Err(self.differs("the host returns a function, which is not replayed"));
            };
            texts.push(text);
            exprs.push(expr);
        }
        let text = format!("returns {}", texts.join(", "));
        self.act(import, number, (text, None), Action::Returns(exprs))
    }

    /// Calls the guest from within the import, as the host did.
    fn replay_call(
        &mut self,
        import: &ImportName,
        number: usize,
        (function, args): (u32, &[Crossed]),
        at: Option<Arc<HostPlace>>,
    ) -> Result<(), HostTrap> {
        let playback = self.playback()?;
        let throws = matches!(playback.end_of_call(), Some(Event::Throw(_)));
        let log = Arc::clone(&playback.log);
        playback.advance();
        let place = log.functions.get(function as usize).map(|one| &one.place);
        let call = place.and_then(|place| call_of(&log, place, args, |_| None));
        let Some((text, call)) = call else {
            return Err(self.differs("the host passes a function, which is not replayed"));
        };
        let action = match throws {
            true => Action::Catches(call),
            false => Action::Call {
                results: Vec::<Name>::new(),
                call,
            },
        };
        let text = match throws {
            true => format!("catches call {text}"),
            false => format!("call {text}"),
        };
        self.act(import, number, (text, at), action)?;
        let results = self.calls.last().map(|call| call.results.clone());
        match (self.playback()?.peek(), results) {
            (Some(Event::Throw(_)), _) if throws => {}
            (Some(Event::Return(recorded)), Some(results)) => {
                if !literal::are_same(&recorded, &results) {
                    let name = place.map(quoted_name).unwrap_or_default();
                    let what = format!(
                        "{name} returned something else than {}",
                        literal::list(&recorded)
                    );
                    return Err(self.differs(&what));
                }
            }
            _ => return Err(self.differs("the guest returned before its next call of an import")),
        }
        self.playback()?.advance();
        Ok(())
    }
}
