//! Runs a script of the specification's test suite on both sides and checks its assertions.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use linmem::guest::{Guest, GuestError};
use wasmer::{
    Extern, Function, FunctionType, Global, Memory, MemoryType, Table, TableType, Type, Value,
};
use wast::core::{ModuleKind, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::Id;
use wast::{QuoteWat, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

use super::differential::{
    self, Difference, Differential, Instantiation, Offered, Outcome, Places, Side,
};
use super::expose::with_all_exports;
use super::replay::SlotCounts;
use super::values::{Arg, Observed};

/// The results of the assertions of some scripts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Assertions that hold on both sides.
    pub held: usize,
    /// Assertions that the engine fails as given, with the same outcome on both sides.
    pub engine: usize,
    /// Invalid modules that are refused.
    pub rejected: usize,
    /// Modules that are invalid in these tests and valid in later versions: several memories and
    /// tables, and a number in the place of a zero byte.
    pub accepted: usize,
    /// Assertions that are not run, by reason.
    pub skipped: BTreeMap<String, usize>,
    /// The slots whose replay agrees with memory.
    pub slot_counts: SlotCounts,
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.held += other.held;
        self.engine += other.engine;
        self.rejected += other.rejected;
        self.accepted += other.accepted;
        differential::add(&mut self.slot_counts, other.slot_counts.clone());
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
            slot_counts,
            ..
        } = self;
        writeln!(
            f,
            "held {held}, engine fails {engine}, rejected {rejected}, accepted {accepted}, slot_counts {slot_counts:?}"
        )?;
        self.skipped
            .iter()
            .try_for_each(|(reason, count)| writeln!(f, "  skipped {count}: {reason}"))
    }
}

/// Selects the memory of a module that is journaled.
pub type Choice = fn(&Guest) -> Option<u32>;

/// A named module of a script.
#[derive(Debug, Clone)]
enum Named {
    Instance(usize),
    /// The module does not run, for this reason. Everything that needs it is skipped.
    Missing(String),
}

/// The result of an assertion.
enum Verdict {
    Held(bool),
    Skipped(String),
}

struct Script<'a> {
    runs: Differential,
    choice: Choice,
    spectest: HashMap<&'static str, (Extern, Extern)>,
    definitions: HashMap<&'a str, Vec<u8>>,
    last_definition: Vec<u8>,
    modules: HashMap<&'a str, Named>,
    current: Named,
    registered: HashMap<&'a str, Named>,
    tally: Tally,
}

/// Runs one script. Returns the differences between the sides with their lines.
pub fn run(text: &str, choice: Choice) -> Result<(Tally, Vec<Difference>), wast::Error> {
    let mut lexer = wast::lexer::Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = wast::parser::ParseBuffer::new_with_lexer(lexer)?;
    let wast: wast::Wast<'_> = wast::parser::parse(&buffer)?;
    let mut runs = Differential::new(Places::Exact);
    let spectest = spectest(&mut runs);
    let mut script = Script {
        runs,
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
    if let Err(difference) = script.runs.compare_all() {
        differences.push(format!("at the end: {difference}"));
    }
    script.tally.slot_counts = script.runs.slot_counts();
    Ok((script.tally, differences))
}

impl<'a> Script<'a> {
    fn perform(&mut self, directive: WastDirective<'a>) -> Result<(), Difference> {
        match directive {
            WastDirective::Module(mut module) => {
                let name = module.name().as_ref().map(Id::name);
                let module = match encode(&mut module) {
                    Ok(wasm) => self.instantiate_named(&wasm)?,
                    Err(error) => Named::Missing(error),
                };
                self.name(name, module);
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
                let module = self.instantiate_named(&wasm)?;
                self.name(instance.as_ref().map(Id::name), module);
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

    /// Performs the action of an assertion. A module that cannot be linked counts as held, because only
    /// one assertion expects that.
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
                Named::Instance(pair) => self.global(pair, global)?,
                Named::Missing(reason) => return Ok(Verdict::Skipped(reason)),
            },
            WastExecute::Wat(module) => {
                let wasm = match encode(&mut QuoteWat::Wat(module)) {
                    Ok(wasm) => wasm,
                    Err(error) => return Ok(Verdict::Skipped(error)),
                };
                match self.instantiate(&wasm)? {
                    Instantiation::Instance(_) => Outcome::Returned(Vec::new()),
                    Instantiation::Failed(outcome) => outcome,
                    Instantiation::Unlinkable => return Ok(Verdict::Held(true)),
                    Instantiation::Refused(reason) => return Ok(Verdict::Skipped(reason)),
                }
            }
        };
        Ok(Verdict::Held(holds(&outcome)))
    }

    fn invoke(&mut self, invoke: &WastInvoke<'a>) -> Result<Result<Outcome, String>, Difference> {
        let pair = match self.find(invoke.module.as_ref()) {
            Named::Instance(pair) => pair,
            Named::Missing(reason) => return Ok(Err(reason)),
        };
        let args: Option<Vec<Arg>> = invoke.args.iter().map(argument).collect();
        let Some(args) = args else {
            return Ok(Err("an argument of another proposal".into()));
        };
        let outcome = self.runs.call(pair, invoke.name, &args)?;
        Ok(outcome.ok_or_else(|| format!("there is no function {}", invoke.name)))
    }

    fn global(&mut self, pair: usize, name: &str) -> Result<Outcome, Difference> {
        let pair = &self.runs.pairs[pair];
        let seen = |instance: &wasmer::Instance, side: &mut Side| {
            let value = instance
                .exports
                .get_global(name)
                .unwrap()
                .clone()
                .get(&mut side.store);
            Observed::of(&value, &side.store)
        };
        let (plain, rewritten) = (
            seen(&pair.plain, &mut self.runs.plain),
            seen(&pair.rewritten, &mut self.runs.rewritten),
        );
        match plain == rewritten {
            true => Ok(Outcome::Returned(vec![plain])),
            false => Err(format!("{name}: plain {plain:?}, rewritten {rewritten:?}")),
        }
    }

    fn instantiate_named(&mut self, wasm: &[u8]) -> Result<Named, Difference> {
        // After a difference, everything that needs the module is skipped.
        self.current = Named::Missing("a difference".into());
        Ok(match self.instantiate(wasm)? {
            Instantiation::Instance(pair) => Named::Instance(pair),
            Instantiation::Failed(outcome) => {
                Named::Missing(format!("the engine does not start it: {outcome:?}"))
            }
            Instantiation::Unlinkable => Named::Missing("the engine does not link it".into()),
            Instantiation::Refused(reason) => Named::Missing(reason),
        })
    }

    fn instantiate(&mut self, wasm: &[u8]) -> Result<Instantiation, Difference> {
        let guest = match Guest::from_bytes("spec", wasm) {
            Ok(guest) => guest,
            Err(error) => return Ok(Instantiation::Refused(reason(&error))),
        };
        for import in guest.imports() {
            if let Some(Named::Missing(reason)) = self.registered.get(import.module.as_str()) {
                return Ok(Instantiation::Refused(reason.clone()));
            }
        }
        let (registered, spectest) = (&self.registered, &self.spectest);
        self.runs.instantiate(
            &guest,
            (self.choice)(&guest),
            |runs, module, name, _| -> Offered {
                match registered.get(module) {
                    Some(Named::Instance(pair)) => {
                        let pair = &runs.pairs[*pair];
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
        // A module that the parser of the text format refuses never reaches the program.
        let Ok(wasm) = module.encode() else { return };
        match Guest::from_bytes("spec", &wasm) {
            Err(_) => self.tally.rejected += 1,
            Ok(_) => self.tally.accepted += 1,
        }
    }

    fn name(&mut self, name: Option<&'a str>, module: Named) {
        if let Some(name) = name {
            self.modules.insert(name, module.clone());
        }
        self.current = module;
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

/// Returns the bytes of a module with all its items exported. A module that is written as bytes is
/// returned as it is.
fn encode(module: &mut QuoteWat<'_>) -> Result<Vec<u8>, String> {
    let is_binary = matches!(module, QuoteWat::Wat(Wat::Module(module)) if matches!(module.kind, ModuleKind::Binary(_)));
    let wasm = module
        .encode()
        .map_err(|error| format!("the text format's parser: {}", error.message()))?;
    match with_all_exports(&wasm) {
        Ok(exposed) if !is_binary => Ok(exposed),
        // The program must refuse a module that cannot be parsed.
        _ => Ok(wasm),
    }
}

/// Returns the features that an error names, or its message.
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

/// Returns whether a value is what an assertion expects.
fn fits(value: &Observed, expected: &WastRet<'_>) -> bool {
    match expected {
        WastRet::Core(expected) => fits_core(value, expected),
        _ => false,
    }
}

fn fits_core(value: &Observed, expected: &WastRetCore<'_>) -> bool {
    match (value, expected) {
        (Observed::I32(value), WastRetCore::I32(expected)) => value == expected,
        (Observed::I64(value), WastRetCore::I64(expected)) => value == expected,
        (Observed::F32(bits), WastRetCore::F32(pattern)) => fits_f32(*bits, pattern),
        (Observed::F64(bits), WastRetCore::F64(pattern)) => fits_f64(*bits, pattern),
        (Observed::V128(value), WastRetCore::V128(pattern)) => {
            fits_vector(value.to_le_bytes(), pattern)
        }
        (Observed::Null, WastRetCore::RefNull(_)) => true,
        (Observed::Extern(_), WastRetCore::RefExtern(None)) => true,
        (Observed::Extern(number), WastRetCore::RefExtern(Some(expected))) => {
            *number == Some(*expected)
        }
        (Observed::Func(_), WastRetCore::RefFunc(_)) => true,
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

/// Creates the module `spectest`, which the scripts import.
fn spectest(runs: &mut Differential) -> HashMap<&'static str, (Extern, Extern)> {
    let plain = spectest_side(&mut runs.plain);
    let rewritten = spectest_side(&mut runs.rewritten);
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
