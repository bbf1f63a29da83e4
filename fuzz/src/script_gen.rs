//! Generates scripts for a guest: they call its exports with arguments of the right types, between all
//! other statements.

use std::fmt::Write as _;

use arbitrary::{Arbitrary, Result, Unstructured};
use linmem::guest::{ExternType, FuncType, Guest, ValueType};
use linmem::safe;

/// Names that have a value from the start.
const NAMES: [&str; 4] = ["p", "q", "r", "s"];
/// Addresses, lengths and arguments at limits.
const EDGES: [i64; 20] = [
    0,
    1,
    -1,
    3,
    8,
    16,
    100,
    1024,
    4095,
    4096,
    65532,
    65535,
    65536,
    65537,
    131072,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    i64::MAX,
    i64::MIN,
];

/// The seed of a script. It is taken from the bytes before the module, which takes all the rest.
#[derive(Debug)]
pub struct Seed(Vec<Step>, [u8; 8]);

#[derive(Debug, Arbitrary)]
enum Step {
    Call {
        export: u8,
        args: [Number; 4],
        into: u8,
    },
    CallAnything {
        export: u8,
        args: [Number; 2],
    },
    ExpectTrap {
        export: u8,
        args: [Number; 4],
    },
    WriteText(Number, String),
    WriteNumber(Number, u8, Number),
    WriteMany(Number, Number),
    Read {
        at: Number,
        len: Number,
        how: u8,
        into: u8,
    },
    Grow(Number),
    Region(Number, Number, u8),
    Block(Number, Number, u8),
    Release(u8),
    Let(u8, Number),
    Global(u8, u8),
    Set(u8, Number),
    Expect(Number, Number),
    ExpectFinding(u8),
    Ask(Number),
}

#[derive(Debug, Arbitrary)]
enum Number {
    Edge(u8),
    Near(u8, i8),
    Small(u16),
    Any(i64),
    Name(u8),
    NameAnd(u8, i8),
}

impl Number {
    fn text(&self) -> String {
        let edge = |n: u8| EDGES[n as usize % EDGES.len()];
        match self {
            Number::Edge(n) => edge(*n).to_string(),
            Number::Near(n, by) => edge(*n).saturating_add(i64::from(*by)).to_string(),
            Number::Small(n) => n.to_string(),
            Number::Any(n) => n.to_string(),
            Number::Name(n) => name(*n).into(),
            Number::NameAnd(n, by) => format!("{} + {by}", name(*n)),
        }
    }

    /// Returns an argument, which fits `ty` in most cases.
    fn of(&self, ty: &ValueType) -> String {
        match (ty, self) {
            (ValueType::I32, Number::Any(n)) => (*n as i32).to_string(),
            (ValueType::I32 | ValueType::I64, _) => self.text(),
            (ValueType::F32 | ValueType::F64, Number::Any(n)) => {
                format!("{:?}", f64::from(*n as f32))
            }
            (ValueType::F32 | ValueType::F64, Number::Edge(n)) => {
                ["nan", "inf", "-inf", "-0.0"][*n as usize % 4].into()
            }
            (ValueType::F32 | ValueType::F64, _) => "1.5".into(),
            (ValueType::V128, _) => "hex\"00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\"".into(),
            _ => "null".into(),
        }
    }
}

fn name(n: u8) -> &'static str {
    NAMES[n as usize % NAMES.len()]
}

impl Seed {
    pub fn new(u: &mut Unstructured<'_>) -> Result<Self> {
        let count = u.int_in_range(1..=14)?;
        Ok(Seed(
            (0..count)
                .map(|_| Step::arbitrary(u))
                .collect::<Result<_>>()?,
            u.arbitrary()?,
        ))
    }

    /// Returns the script for a guest.
    pub fn text(&self, guest: &Guest) -> Result<String> {
        let Seed(steps, choices) = self;
        let mut text = String::new();
        imports(guest, choices, &mut text);
        text.push_str(
            "type Pair = { number: u32, next: *Pair, kind: u8 enum { a = 0, b = 1 }, text: *cstr }\n",
        );
        for (name, value) in NAMES.iter().zip([16, 1024, 65536, 0]) {
            let _ = writeln!(text, "let {name} = {value}");
        }
        for step in steps {
            if let Some(line) = line(step, guest) {
                let _ = writeln!(text, "{line}");
            }
        }
        Ok(text)
    }
}

/// Defines some of the functions that the guest imports.
fn imports(guest: &Guest, choices: &[u8; 8], text: &mut String) {
    for (import, choice) in guest.imports().iter().zip(choices) {
        let ExternType::Func(ty) = &import.ty else {
            continue;
        };
        let params: Vec<String> = (0..ty.params.len()).map(|n| format!("a{n}")).collect();
        let number = ty
            .params
            .iter()
            .position(|ty| *ty == ValueType::I32)
            .map_or("70000".into(), |n| format!("a{n}"));
        let action = match choice % 7 {
            0 => continue,
            1 => format!("writes {number}, u32({number} & 0xff)"),
            2 => format!("copies {number}, 16, 100"),
            3 => format!("grows {number}"),
            4 => format!("reads {number}, 8 as utf8"),
            5 => "traps \"enough\\u{1b}\"".into(),
            _ => format!("writes 65530, repeat(\"x\", 12); copies 8, {number} & 0xffff, 20"),
        };
        let results: Vec<String> = ty
            .results
            .iter()
            .map(|ty| Number::Small(7).of(ty))
            .collect();
        let returns = match results.is_empty() || choice % 7 == 5 {
            true => String::new(),
            false => format!("; returns {}", results.join(", ")),
        };
        let (module, name) = (quoted(&import.module), quoted(&import.name));
        let _ = writeln!(
            text,
            "import {module}.{name}({}) {action} {returns}",
            params.join(", ")
        );
    }
}

fn line(step: &Step, guest: &Guest) -> Option<String> {
    Some(match step {
        Step::Call { export, args, into } => {
            let (export, ty) = function(guest, *export)?;
            let results: Vec<String> = (0..ty.results.len())
                .map(|n| name(into.wrapping_add(n as u8)).into())
                .collect();
            let names = if results.is_empty() || results.len() > NAMES.len() || *into % 5 == 0 {
                String::new()
            } else {
                format!("{} = ", results.join(", "))
            };
            format!("{names}call {export}({})", arguments(ty, args))
        }
        Step::CallAnything { export, args } => {
            let (export, _) = function(guest, *export)?;
            format!(
                "call {export}({})",
                args.iter().map(Number::text).collect::<Vec<_>>().join(", ")
            )
        }
        Step::ExpectTrap { export, args } => {
            let (export, ty) = function(guest, *export)?;
            format!("expect trap call {export}({})", arguments(ty, args))
        }
        Step::WriteText(at, text) => format!("write {}, {}", at.text(), quoted(text)),
        Step::WriteNumber(at, width, value) => {
            let ty = ["u8", "u16", "i32", "u64", "f32", "i8"][*width as usize % 6];
            let mask = if ty == "f32" {
                "1.5".into()
            } else {
                format!("({}) & 0x7f", value.text())
            };
            format!("write {}, {ty}({mask})", at.text())
        }
        Step::WriteMany(at, Number::Small(n)) => format!(
            "write zeroed {}, Pair {{ number: {n}, kind: \"b\" }}",
            at.text()
        ),
        Step::WriteMany(at, count) => format!(
            "write {}, repeat(\"ab\", ({}) & 0xffff)",
            at.text(),
            count.text()
        ),
        Step::Read { at, len, how, into } => {
            let how = match how % 12 {
                0 => ", L as utf8",
                1 => ", L as utf16",
                2 => ", L as bytes",
                3 => " as cstr",
                4 => " as u32",
                5 => " as f64",
                6 => " as i16[L]",
                7 => " as Pair",
                8 => " as [Pair; 2]",
                9 => " as **Pair",
                10 => " as { n: u8, t: utf8(n) }",
                _ => ", 4 as bytes",
            };
            format!(
                "{} = read {}{}",
                name(*into),
                at.text(),
                how.replace('L', &len.text())
            )
        }
        Step::Grow(pages) => format!("grow {}", pages.text()),
        Step::Region(at, _, n) if n % 4 == 3 => {
            format!("view area{} = {} as [Pair; 2]", n % 3, at.text())
        }
        Step::Region(at, len, n) => format!("region area{} = {}, {}", n % 3, at.text(), len.text()),
        Step::Block(at, len, n) => format!("block block{} = {}, {}", n % 3, at.text(), len.text()),
        Step::Release(n) => format!("release block{}", n % 3),
        Step::Let(into, value) => format!("let {} = {}", name(*into), value.text()),
        Step::Global(into, n) => format!("{} = global {}", name(*into), global(guest, *n)?),
        Step::Set(n, value) => format!("set {} = {}", global(guest, *n)?, value.text()),
        Step::Expect(left, right) => format!("expect {} != {}", left.text(), right.text()),
        Step::ExpectFinding(n) => {
            let kinds = linmem::finding_kind::FindingKind::ALL;
            format!("expect finding {}", kinds[*n as usize % kinds.len()])
        }
        Step::Ask(value) => format!("ask \"what?\" = {}", value.text()),
    })
}

fn arguments(ty: &FuncType, args: &[Number; 4]) -> String {
    let args: Vec<String> = ty
        .params
        .iter()
        .zip(args.iter().cycle())
        .map(|(ty, number)| number.of(ty))
        .collect();
    args.join(", ")
}

fn function(guest: &Guest, nth: u8) -> Option<(String, &FuncType)> {
    let functions: Vec<_> = guest
        .exports()
        .iter()
        .filter_map(|export| match &export.ty {
            ExternType::Func(ty) => Some((&export.name, ty)),
            _ => None,
        })
        .collect();
    let (name, ty) = functions.get(nth as usize % functions.len().max(1))?;
    Some((quoted(name), ty))
}

fn global(guest: &Guest, nth: u8) -> Option<String> {
    let is_global = |ty: &ExternType| matches!(ty, ExternType::Global(_));
    let globals: Vec<_> = guest
        .exports()
        .iter()
        .filter(|export| is_global(&export.ty))
        .collect();
    globals
        .get(nth as usize % globals.len().max(1))
        .map(|export| quoted(&export.name))
}

fn quoted(text: &str) -> String {
    safe::quoted(text, usize::MAX)
}
