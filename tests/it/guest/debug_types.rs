//! Types: layouts that compilers measured, of declarations and of debug information, and debug
//! information that is damaged. `tests/types/layouts.py` makes the data.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::support::command::{Folder, in_repository, linmem, read_in_repository};
use crate::support::json_keys::{self, Foreign, Seen};
use linmem::data_types::{Shape, TypeId, TypeSource, TypeTable};
use linmem::guest::Guest;
use linmem::script;
use linmem::testing::debug_types::ask_all;

/// A type as a compiler laid it out.
#[derive(Debug, PartialEq, Eq)]
struct Measured {
    /// `c`, `bits`, `rust` or `own`.
    kind: String,
    name: String,
    layout: TypeLayout,
}

#[derive(Debug, PartialEq, Eq)]
struct TypeLayout {
    size: u64,
    /// The offset of each field in bytes; of a bit field, the first bit and how many.
    fields: BTreeMap<String, String>,
}

fn measured() -> Vec<Measured> {
    let text = read_in_repository("tests/types/layouts.txt");
    let types: Vec<Measured> = text
        .lines()
        .map(|line| {
            let mut words = line.split(' ');
            let mut word = || words.next().unwrap().to_owned();
            Measured {
                kind: word(),
                name: word(),
                layout: TypeLayout {
                    size: word().parse().unwrap(),
                    fields: words
                        .map(|field| field.split_once('=').unwrap())
                        .map(|(name, offset)| (name.to_owned(), offset.to_owned()))
                        .collect(),
                },
            }
        })
        .collect();
    assert!(types.len() >= 200);
    types
}

/// Returns the layout of a type. Fields are as [`Measured`] has them.
fn layout(table: &TypeTable, id: TypeId, kind: &str) -> TypeLayout {
    let ty = table.get(id).unwrap();
    let fields = match &ty.shape {
        Shape::Record(record) => record.fields.as_slice(),
        _ => &[],
    };
    let place = |field: &linmem::data_types::Field| match (field.bits, kind) {
        (Some(bits), _) => format!(
            "{}:{}",
            field.offset * 8 + u64::from(bits.first),
            bits.count
        ),
        (None, "bits") => {
            let size = table.get(field.ty).unwrap().size;
            format!("{}:{}", field.offset * 8, size * 8)
        }
        (None, _) => field.offset.to_string(),
    };
    TypeLayout {
        size: ty.size,
        fields: fields
            .iter()
            .map(|field| (field.name.to_string(), place(field)))
            .collect(),
    }
}

fn module(path: &str) -> Guest {
    Guest::load_for_inspection(&in_repository(path)).unwrap()
}

#[test]
fn declared_layouts_equal_those_of_clang_and_rustc() {
    let text = read_in_repository("tests/types/layouts.steps");
    let mut script = script::parse("layouts.steps", &text).unwrap();
    script.resolve_types(&mut ()).unwrap();
    let table = script.types();
    let mut count = 0;
    for ty in measured() {
        if ty.kind == "c" || ty.kind == "rust" {
            let id = table.find(&ty.name).unwrap();
            assert_eq!(layout(table, id, &ty.kind), ty.layout, "{}", ty.name);
            count += 1;
        }
    }
    assert_eq!(count, 150);
}

#[test]
fn layouts_in_debug_information_equal_those_of_clang_and_rustc() {
    let c = module("tests/types/c_layouts.wasm");
    let rust = module("tests/types/rust_layouts.wasm");
    for ty in measured() {
        let guest = match ty.kind.as_str() {
            "c" | "bits" => &c,
            _ => &rust,
        };
        let mut table = TypeTable::default();
        let id = guest.debug_types().find(&ty.name, &mut table);
        let id = id.unwrap_or_else(|| panic!("{} is not found", ty.name));
        assert_eq!(layout(&table, id, &ty.kind), ty.layout, "{}", ty.name);
    }
}

#[test]
fn types_of_rust_have_their_shapes() {
    let guest = module("guest/rust/wasm_is_cool.wasm");
    let mut table = TypeTable::default();
    let mut find = |name: &str| {
        let id = guest.debug_types().find(name, &mut table);
        let id = id.unwrap_or_else(|| panic!("{name} is not found"));
        table.get(id).unwrap().clone()
    };
    let is_text = |shape: &Shape| matches!(shape, Shape::Slice(slice) if slice.is_text);
    assert!(is_text(&find("&str").shape));
    assert!(is_text(&find("String").shape));
    assert!(is_text(&find("alloc::string::String").shape));
    assert!(
        matches!(find("Vec<u8, alloc::alloc::Global>").shape, Shape::Slice(slice) if !slice.is_text)
    );
    let Shape::Tagged(option) = find("core::option::Option<&str>").shape else {
        panic!("an enum with data")
    };
    // A null address is the tag of `None`, and every other value that of `Some`.
    let tags: Vec<_> = option
        .variants
        .iter()
        .map(|variant| (&*variant.name, variant.tags.as_slice()))
        .collect();
    assert_eq!(
        tags,
        [("None", [0..=0].as_slice()), ("Some", [].as_slice())]
    );
    let none: [&str; 3] = ["Nothing", "alloc::Nothing::String", "std::string::String"];
    for name in none {
        assert_eq!(guest.debug_types().find(name, &mut table), None, "{name}");
    }
}

#[test]
fn functions_and_variables_have_their_declarations() {
    let rust = module("guest/rust/wasm_is_cool.wasm");
    let mut table = TypeTable::default();
    let functions = rust.debug_types().exported_functions(&mut table);
    let (_, function) = functions
        .iter()
        .find(|(export, _)| export == "add_wasm_is_cool")
        .unwrap();
    assert_eq!(function.text, "fn add_wasm_is_cool(length: usize) -> usize");
    assert_eq!(function.params.len(), 1);
    assert_eq!(table.label(function.result.unwrap()), "usize");

    let c = module("tests/types/c_layouts.wasm");
    let mut table = TypeTable::default();
    let functions = c.debug_types().exported_functions(&mut table);
    let texts: Vec<&str> = functions.iter().map(|(_, f)| f.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "const void *variables(int i)",
            "void fill(C2 *target, const uint32_t count)"
        ]
    );
    let variables = c.debug_types().variables(&mut table);
    assert_eq!(variables.len(), 110);
    assert!(
        variables
            .iter()
            .all(|variable| variable.name == format!("v{}", table.label(variable.ty)))
    );
}

/// A text module has line tables, but no types.
#[test]
fn a_module_without_types_is_refused_with_what_to_do() {
    linmem(&["types", "guest/wasm_is_cool.wat"]).assert_refused(&[
        "has no types in debug information",
        "compile it with -g",
        "declare types in a steps file",
    ]);
}

#[test]
fn layouts_are_printed_with_their_holes() {
    let text = linmem(&["types", "tests/types/layouts.steps", "C2"]).success();
    assert_eq!(
        text,
        "struct C2
  offset    size  field
       0       8  a: f64
       8       8  b: u64
      16       1  c: bool
      17       1  (hole)
      18       2  d: C1
      20       1  e: bool
      21       3  (hole)
      24      32  f: [i64; 4]
56 bytes, aligned to 8; 6 fields, 2 holes with 4 bytes
"
    );
    let same = linmem(&["types", "tests/types/c_layouts.wasm", "C2"]).success();
    assert!(
        same.ends_with("56 bytes, aligned to 8; 6 fields, 2 holes with 4 bytes\n"),
        "{same}"
    );
    linmem(&["types", "tests/types/c_layouts.wasm", "c2"])
        .assert_refused(&["has no type \"c2\"", "similar names: \"C2\""]);
    let list = linmem(&["types", "tests/types/c_layouts.wasm", "--filter", "B1"]).success();
    assert!(
        list.contains("  B19\n") && list.contains(": B19\n") && !list.contains("C1"),
        "{list}"
    );
}

#[test]
fn types_page_describes_every_key() {
    let mut seen = Seen::new();
    let layouts = ["C2", "B0"].map(|name| vec!["tests/types/c_layouts.wasm", name]);
    let rust = "guest/rust/wasm_is_cool.wasm";
    let folder = Folder::new().with("a.steps", "type Text = { n: u32, bytes: [u8; n] }");
    let counted = folder.arg("a.steps");
    let others = [
        vec!["tests/types/c_layouts.wasm"],
        vec!["tests/types/layouts.steps"],
        vec![counted.as_str()],
        vec![rust, "core::option::Option<&str>"],
        vec![rust, "Result<&str, core::str::error::Utf8Error>"],
        vec![rust, "core::result::Result<(), core::fmt::Error>"],
        vec![rust, "core::fmt::rt::v1::Alignment"],
        vec![rust, "core::option::Option<core::convert::Infallible>"],
    ];
    for args in layouts.into_iter().chain(others) {
        let args: Vec<&str> = ["types"]
            .into_iter()
            .chain(args)
            .chain(["--format", "json"])
            .collect();
        let document = serde_json::from_str(&linmem(&args).success()).unwrap();
        json_keys::note(&document, Foreign::default(), &mut seen);
    }
    let page = read_in_repository("docs/types.md");
    let (_, ours) = page.split_once("## JSON").unwrap();
    json_keys::assert_agree(&json_keys::described(ours), &seen);
}

/// A pseudo-random sequence, the same in each run.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % end
    }
}

#[test]
fn damaged_debug_information_is_read_without_harm() {
    let mut random = Sequence(7);
    let mut loaded = 0;
    for path in [
        "tests/types/c_layouts.wasm",
        "tests/types/rust_layouts.wasm",
    ] {
        let bytes = std::fs::read(in_repository(path)).unwrap();
        let start = bytes
            .windows(7)
            .position(|name| name == b".debug_")
            .unwrap();
        for _ in 0..50 {
            let mut damaged = bytes.clone();
            for _ in 0..=random.below(12) {
                let at = start + random.below(bytes.len() - start);
                damaged[at] = match random.below(3) {
                    0 => damaged[at] ^ 1 << random.below(8),
                    1 => 0xff,
                    _ => random.below(256) as u8,
                };
            }
            let Ok(guest) = Guest::from_bytes("damaged", &damaged) else {
                continue;
            };
            let begin = Instant::now();
            let text = ask_all(&guest);
            assert!(
                text.chars()
                    .all(|c| c == '\n' || !linmem::safe::is_unsafe(c))
            );
            assert!(begin.elapsed() < Duration::from_secs(30));
            loaded += 1;
        }
    }
    assert!(loaded > 60, "{loaded}");
}
