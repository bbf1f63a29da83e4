//! Runs a script of the specification's tests, each action in both worlds, and judges its
//! assertions.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use linmem::guest::{Guest, GuestError};
use wasmer::{
    Extern, Function, FunctionType, Global, Memory, MemoryType, Table, TableType, Type, Value,
};
use wast::core::{ModuleKind, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::Id;
use wast::{QuoteWat, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

use super::differential::{self, Birth, Difference, Offered, Outcome, Places, Side, Twins};
use super::expose::exposed;
use super::replay::Told;
use super::values::{Arg, Seen};

/// What became of the assertions of some scripts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Held as given and rewritten.
    pub held: usize,
    /// The engine fails them as given; rewritten they end the same.
    pub engine: usize,
    /// Modules that must not load, and do not.
    pub rejected: usize,
    /// Modules that must not load, and do, because later versions allow what these tests forbid:
    /// several memories and tables, and a number where a zero byte was.
    pub accepted: usize,
    /// Left out, by reason.
    pub skipped: BTreeMap<String, usize>,
    /// What journals told and memory confirmed.
    pub told: Told,
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.held += other.held;
        self.engine += other.engine;
        self.rejected += other.rejected;
        self.accepted += other.accepted;
        differential::add(&mut self.told, other.told.clone());
        for (reason, count) in &other.skipped {
            *self.skipped.entry(reason.clone()).or_default() += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            held,
            engine,
            rejected,
            accepted,
            told,
            ..
        } = self;
        writeln!(
            f,
            "held {held}, engine fails {engine}, rejected {rejected}, accepted {accepted}, told {told:?}"
        )?;
        self.skipped
            .iter()
            .try_for_each(|(reason, count)| writeln!(f, "  skipped {count}: {reason}"))
    }
}

/// Which of a module's memories is journaled.
pub type Choice = fn(&Guest) -> Option<u32>;

/// A module that has a name in a script.
#[derive(Debug, Clone)]
enum Named {
    Alive(usize),
    /// It does not run, here is why, and all that would need it is left out.
    Missing(String),
}

/// Whether an assertion held where it ran at all.
enum Verdict {
    Held(bool),
    Skipped(String),
}

struct Script<'a> {
    twins: Twins,
    choice: Choice,
    spectest: HashMap<&'static str, (Extern, Extern)>,
    definitions: HashMap<&'a str, Vec<u8>>,
    last_definition: Vec<u8>,
    modules: HashMap<&'a str, Named>,
    current: Named,
    registered: HashMap<&'a str, Named>,
    tally: Tally,
}

/// Runs one script; differences between the worlds come with their lines.
pub fn run(text: &str, choice: Choice) -> Result<(Tally, Vec<Difference>), wast::Error> {
    let mut lexer = wast::lexer::Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = wast::parser::ParseBuffer::new_with_lexer(lexer)?;
    let wast: wast::Wast<'_> = wast::parser::parse(&buffer)?;
    let mut twins = Twins::new(Places::Exact);
    let spectest = spectest(&mut twins);
    let mut script = Script {
        twins,
        choice,
        spectest,
        definitions: HashMap::new(),
        last_definition: Vec::new(),
        modules: HashMap::new(),
        current: Named::Missing("there is no module yet".into()),
        registered: HashMap::new(),
        tally: Tally::default(),
    };
    let mut differences = Vec::new();
    for directive in wast.directives {
        let line = directive.span().linecol_in(text).0 + 1;
        if let Err(difference) = script.perform(directive) {
            differences.push(format!("line {line}: {difference}"));
        }
    }
    if let Err(difference) = script.twins.compare_all() {
        differences.push(format!("at the end: {difference}"));
    }
    script.tally.told = script.twins.told();
    Ok((script.tally, differences))
}

impl<'a> Script<'a> {
    fn perform(&mut self, directive: WastDirective<'a>) -> Result<(), Difference> {
        match directive {
            WastDirective::Module(mut module) => {
                let name = module.name().as_ref().map(Id::name);
                let born = match encode(&mut module) {
                    Ok(wasm) => self.bring_up(&wasm)?,
                    Err(error) => Named::Missing(error),
                };
                self.name(name, born);
            }
            WastDirective::ModuleDefinition(mut module) => {
                let wasm = encode(&mut module).unwrap_or_default();
                if let Some(name) = module.name() {
                    self.definitions.insert(name.name(), wasm.clone());
                }
                self.last_definition = wasm;
            }
            WastDirective::ModuleInstance {
                instance, module, ..
            } => {
                let wasm = match module {
                    Some(id) => self.definitions.get(id.name()).cloned().unwrap_or_default(),
                    None => self.last_definition.clone(),
                };
                let born = self.bring_up(&wasm)?;
                self.name(instance.as_ref().map(Id::name), born);
            }
            WastDirective::Register { name, module, .. } => {
                let module = self.find(module.as_ref());
                self.registered.insert(name, module);
            }
            WastDirective::Invoke(invoke) => {
                let _ = self.invoke(&invoke)?;
            }
            WastDirective::AssertMalformed { mut module, .. }
            | WastDirective::AssertInvalid { mut module, .. }
            | WastDirective::AssertMalformedCustom { mut module, .. }
            | WastDirective::AssertInvalidCustom { mut module, .. } => self.reject(&mut module),
            WastDirective::Thread(_) | WastDirective::Wait { .. } => {
                self.skip("threads of the script".into())
            }
            assertion => match self.judge(assertion)? {
                Verdict::Held(true) => self.tally.held += 1,
                Verdict::Held(false) => self.tally.engine += 1,
                Verdict::Skipped(reason) => self.skip(reason),
            },
        }
        Ok(())
    }

    fn judge(&mut self, assertion: WastDirective<'a>) -> Result<Verdict, Difference> {
        let exhausted = |outcome: &Outcome| outcome.is_exhaustion();
        let trapped =
            |outcome: &Outcome| matches!(outcome, Outcome::Trapped(..)) && !outcome.is_exhaustion();
        let threw = |outcome: &Outcome| matches!(outcome, Outcome::Threw(_));
        match assertion {
            WastDirective::AssertReturn { exec, results, .. } => {
                self.execute(exec, |outcome| match outcome {
                    Outcome::Returned(values) => {
                        values.len() == results.len()
                            && values
                                .iter()
                                .zip(&results)
                                .all(|(value, ret)| fits(value, ret))
                    }
                    _ => false,
                })
            }
            WastDirective::AssertTrap { exec, .. } => self.execute(exec, trapped),
            WastDirective::AssertException { exec, .. } => self.execute(exec, threw),
            WastDirective::AssertExhaustion { call, .. } => {
                self.execute(WastExecute::Invoke(call), exhausted)
            }
            WastDirective::AssertUnlinkable { module, .. } => {
                self.execute(WastExecute::Wat(module), |_| false)
            }
            other => Ok(Verdict::Skipped(format!(
                "a directive of another proposal: {:?}",
                other.span()
            ))),
        }
    }

    /// Performs what an assertion is about. A module that cannot be linked passes, since only one
    /// assertion may come to that.
    fn execute(
        &mut self,
        exec: WastExecute<'a>,
        holds: impl Fn(&Outcome) -> bool,
    ) -> Result<Verdict, Difference> {
        let outcome = match exec {
            WastExecute::Invoke(invoke) => match self.invoke(&invoke)? {
                Ok(outcome) => outcome,
                Err(reason) => return Ok(Verdict::Skipped(reason)),
            },
            WastExecute::Get { module, global, .. } => match self.find(module.as_ref()) {
                Named::Alive(pair) => self.global(pair, global)?,
                Named::Missing(reason) => return Ok(Verdict::Skipped(reason)),
            },
            WastExecute::Wat(module) => {
                let wasm = match encode(&mut QuoteWat::Wat(module)) {
                    Ok(wasm) => wasm,
                    Err(error) => return Ok(Verdict::Skipped(error)),
                };
                match self.instantiate(&wasm)? {
                    Birth::Alive(_) => Outcome::Returned(Vec::new()),
                    Birth::Died(outcome) => outcome,
                    Birth::Unlinkable => return Ok(Verdict::Held(true)),
                    Birth::Refused(reason) => return Ok(Verdict::Skipped(reason)),
                }
            }
        };
        Ok(Verdict::Held(holds(&outcome)))
    }

    fn invoke(&mut self, invoke: &WastInvoke<'a>) -> Result<Result<Outcome, String>, Difference> {
        let pair = match self.find(invoke.module.as_ref()) {
            Named::Alive(pair) => pair,
            Named::Missing(reason) => return Ok(Err(reason)),
        };
        let args: Option<Vec<Arg>> = invoke.args.iter().map(argument).collect();
        let Some(args) = args else {
            return Ok(Err("an argument of another proposal".into()));
        };
        let outcome = self.twins.call(pair, invoke.name, &args)?;
        Ok(outcome.ok_or_else(|| format!("there is no function {}", invoke.name)))
    }

    fn global(&mut self, pair: usize, name: &str) -> Result<Outcome, Difference> {
        let pair = &self.twins.pairs[pair];
        let seen = |instance: &wasmer::Instance, side: &mut Side| {
            let value = instance
                .exports
                .get_global(name)
                .unwrap()
                .clone()
                .get(&mut side.store);
            Seen::of(&value, &side.store)
        };
        let (plain, rewritten) = (
            seen(&pair.plain, &mut self.twins.plain),
            seen(&pair.rewritten, &mut self.twins.rewritten),
        );
        match plain == rewritten {
            true => Ok(Outcome::Returned(vec![plain])),
            false => Err(format!("{name}: plain {plain:?}, rewritten {rewritten:?}")),
        }
    }

    fn bring_up(&mut self, wasm: &[u8]) -> Result<Named, Difference> {
        // What stands in for it until it is there: whatever asks for it after a difference is left
        // out.
        self.current = Named::Missing("a difference".into());
        Ok(match self.instantiate(wasm)? {
            Birth::Alive(pair) => Named::Alive(pair),
            Birth::Died(outcome) => {
                Named::Missing(format!("the engine does not start it: {outcome:?}"))
            }
            Birth::Unlinkable => Named::Missing("the engine does not link it".into()),
            Birth::Refused(reason) => Named::Missing(reason),
        })
    }

    fn instantiate(&mut self, wasm: &[u8]) -> Result<Birth, Difference> {
        let guest = match Guest::from_bytes("spec", wasm) {
            Ok(guest) => guest,
            Err(error) => return Ok(Birth::Refused(reason(&error))),
        };
        for import in guest.imports() {
            if let Some(Named::Missing(reason)) = self.registered.get(import.module.as_str()) {
                return Ok(Birth::Refused(reason.clone()));
            }
        }
        let (registered, spectest) = (&self.registered, &self.spectest);
        self.twins.instantiate(
            &guest,
            (self.choice)(&guest),
            |twins, module, name, _| -> Offered {
                match registered.get(module) {
                    Some(Named::Alive(pair)) => {
                        let pair = &twins.pairs[*pair];
                        let plain = pair.plain.exports.get_extern(name)?.clone();
                        Some((plain, pair.rewritten.exports.get_extern(name)?.clone()))
                    }
                    Some(Named::Missing(_)) => None,
                    None if module == "spectest" => spectest.get(name).cloned(),
                    None => None,
                }
            },
        )
    }

    fn reject(&mut self, module: &mut QuoteWat<'a>) {
        // What the text format's parser does not take never reaches the program.
        let Ok(wasm) = module.encode() else { return };
        match Guest::from_bytes("spec", &wasm) {
            Err(_) => self.tally.rejected += 1,
            Ok(_) => self.tally.accepted += 1,
        }
    }

    fn name(&mut self, name: Option<&'a str>, born: Named) {
        if let Some(name) = name {
            self.modules.insert(name, born.clone());
        }
        self.current = born;
    }

    fn find(&self, name: Option<&Id<'a>>) -> Named {
        match name {
            None => self.current.clone(),
            Some(id) => self
                .modules
                .get(id.name())
                .cloned()
                .unwrap_or_else(|| Named::Missing("an unknown name".into())),
        }
    }

    fn skip(&mut self, reason: String) {
        *self.tally.skipped.entry(reason).or_default() += 1;
    }
}

/// A module's bytes, with everything in it exported unless it was spelt out byte by byte and means
/// that.
fn encode(module: &mut QuoteWat<'_>) -> Result<Vec<u8>, String> {
    let is_binary = matches!(module, QuoteWat::Wat(Wat::Module(module)) if matches!(module.kind, ModuleKind::Binary(_)));
    let wasm = module
        .encode()
        .map_err(|error| format!("the text format's parser: {}", error.message()))?;
    match exposed(&wasm) {
        Ok(exposed) if !is_binary => Ok(exposed),
        // What cannot be read the program is to refuse.
        _ => Ok(wasm),
    }
}

/// The features a refusal names, else its words.
fn reason(error: &GuestError) -> String {
    match error {
        GuestError::Unsupported { features, .. } => features.join(", "),
        GuestError::Invalid { message, .. } => format!("invalid: {message}"),
        other => other.to_string(),
    }
}

fn argument(arg: &WastArg<'_>) -> Option<Arg> {
    let WastArg::Core(arg) = arg else { return None };
    Some(match arg {
        WastArgCore::I32(value) => Arg::I32(*value),
        WastArgCore::I64(value) => Arg::I64(*value),
        WastArgCore::F32(value) => Arg::F32(value.bits),
        WastArgCore::F64(value) => Arg::F64(value.bits),
        WastArgCore::V128(value) => Arg::V128(u128::from_le_bytes(value.to_le_bytes())),
        WastArgCore::RefExtern(number) | WastArgCore::RefHost(number) => Arg::Extern(*number),
        WastArgCore::RefNull(ty) => match format!("{ty:?}") {
            name if name.contains("Extern") => Arg::NullExtern,
            name if name.contains("Exn") => Arg::NullException,
            _ => Arg::NullFunc,
        },
    })
}

/// Whether a value is what an assertion expects.
fn fits(value: &Seen, expected: &WastRet<'_>) -> bool {
    match expected {
        WastRet::Core(expected) => fits_core(value, expected),
        _ => false,
    }
}

fn fits_core(value: &Seen, expected: &WastRetCore<'_>) -> bool {
    match (value, expected) {
        (Seen::I32(value), WastRetCore::I32(expected)) => value == expected,
        (Seen::I64(value), WastRetCore::I64(expected)) => value == expected,
        (Seen::F32(bits), WastRetCore::F32(pattern)) => fits_f32(*bits, pattern),
        (Seen::F64(bits), WastRetCore::F64(pattern)) => fits_f64(*bits, pattern),
        (Seen::V128(value), WastRetCore::V128(pattern)) => {
            fits_vector(value.to_le_bytes(), pattern)
        }
        (Seen::Null, WastRetCore::RefNull(_)) => true,
        (Seen::Extern(_), WastRetCore::RefExtern(None)) => true,
        (Seen::Extern(number), WastRetCore::RefExtern(Some(expected))) => {
            *number == Some(*expected)
        }
        (Seen::Func(_), WastRetCore::RefFunc(_)) => true,
        (value, WastRetCore::Either(choices)) => {
            choices.iter().any(|choice| fits_core(value, choice))
        }
        _ => false,
    }
}

fn fits_f32(bits: u32, pattern: &NanPattern<wast::token::F32>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn fits_f64(bits: u64, pattern: &NanPattern<wast::token::F64>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & !(1 << 63) == 0x7ff8 << 48,
        NanPattern::ArithmeticNan => bits & (0x7ff8 << 48) == 0x7ff8 << 48,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn fits_vector(bytes: [u8; 16], pattern: &V128Pattern) -> bool {
    let lane32 =
        |lane: usize| u32::from_le_bytes(bytes[lane * 4..lane * 4 + 4].try_into().unwrap());
    let lane64 =
        |lane: usize| u64::from_le_bytes(bytes[lane * 8..lane * 8 + 8].try_into().unwrap());
    match pattern {
        V128Pattern::I8x16(lanes) => (0..16).all(|lane| bytes[lane] == lanes[lane] as u8),
        V128Pattern::I16x8(lanes) => {
            (0..8).all(|lane| bytes[lane * 2..lane * 2 + 2] == lanes[lane].to_le_bytes())
        }
        V128Pattern::I32x4(lanes) => (0..4).all(|lane| lane32(lane) == lanes[lane] as u32),
        V128Pattern::I64x2(lanes) => (0..2).all(|lane| lane64(lane) == lanes[lane] as u64),
        V128Pattern::F32x4(lanes) => (0..4).all(|lane| fits_f32(lane32(lane), &lanes[lane])),
        V128Pattern::F64x2(lanes) => (0..2).all(|lane| fits_f64(lane64(lane), &lanes[lane])),
    }
}

/// The module that the scripts take from their host.
fn spectest(twins: &mut Twins) -> HashMap<&'static str, (Extern, Extern)> {
    let plain = spectest_side(&mut twins.plain);
    let rewritten = spectest_side(&mut twins.rewritten);
    plain
        .into_iter()
        .zip(rewritten)
        .map(|((name, plain), (_, rewritten))| (name, (plain, rewritten)))
        .collect()
}

fn spectest_side(side: &mut Side) -> Vec<(&'static str, Extern)> {
    use Type::{F32, F64, I32, I64};
    let printers: [(&str, &[Type]); 7] = [
        ("print", &[]),
        ("print_i32", &[I32]),
        ("print_i64", &[I64]),
        ("print_f32", &[F32]),
        ("print_f64", &[F64]),
        ("print_i32_f32", &[I32, F32]),
        ("print_f64_f64", &[F64, F64]),
    ];
    let mut items: Vec<(&'static str, Extern)> = Vec::new();
    for (name, params) in printers {
        let calls = side.calls.clone();
        let printer = Function::new(
            &mut side.store,
            FunctionType::new(params, []),
            move |args| {
                calls.lock().unwrap().push(format!("{name}{args:?}"));
                Ok(vec![])
            },
        );
        items.push((name, printer.into()));
    }
    let store = &mut side.store;
    items.push(("global_i32", Global::new(store, Value::I32(666)).into()));
    items.push(("global_i64", Global::new(store, Value::I64(666)).into()));
    items.push(("global_f32", Global::new(store, Value::F32(666.6)).into()));
    items.push(("global_f64", Global::new(store, Value::F64(666.6)).into()));
    let table = TableType::new(Type::FuncRef, 10, Some(20));
    items.push((
        "table",
        Table::new(store, table, Value::FuncRef(None))
            .unwrap()
            .into(),
    ));
    items.push((
        "memory",
        Memory::new(store, MemoryType::new(1, Some(2), false))
            .unwrap()
            .into(),
    ));
    items.push((
        "shared_memory",
        Memory::new(store, MemoryType::new(1, Some(2), true))
            .unwrap()
            .into(),
    ));
    items
}
