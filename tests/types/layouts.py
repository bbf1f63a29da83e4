#!/usr/bin/env python3
"""Makes the test data about layouts: random types, compiled by clang and rustc, and measured.

    python3 -m venv .venv && .venv/bin/pip install ziglang
    rustup target add wasm32-unknown-unknown
    tests/types/layouts.py .venv/bin/python

It needs node too. It writes, beside itself:

- layouts.steps: the types that the steps language can declare
- layouts.txt: a line for each type: its name, its size as the compiler states it, and each field
  with its offset; of a bit field the first bit and the number of bits. Each line is measured by the
  compiled program: with sizeof and offsetof, size_of and offset_of!, and for bit fields with a
  store. Nothing is taken from debug information.
- c_layouts.wasm and rust_layouts.wasm: the same types as debug information
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
random.seed(20)

# The steps language, C, Rust.
SCALARS = [
    ("u8", "uint8_t", "u8"),
    ("u16", "uint16_t", "u16"),
    ("u32", "uint32_t", "u32"),
    ("u64", "uint64_t", "u64"),
    ("i8", "int8_t", "i8"),
    ("i16", "int16_t", "i16"),
    ("i32", "int32_t", "i32"),
    ("i64", "int64_t", "i64"),
    ("f32", "float", "f32"),
    ("f64", "double", "f64"),
    ("bool", "_Bool", "bool"),
]
NAMES = "abcdefghij"


def c_field(name, ty):
    """Returns a field of C from (base, suffix)."""
    base, suffix = ty
    return f"{base} {name}{suffix};"


def random_type(known):
    """Returns a type as (steps, (C base, C suffix), Rust)."""
    kind = random.random()
    steps, c, rust = random.choice(SCALARS)
    if kind < 0.5:
        return steps, (c, ""), rust
    if kind < 0.65:
        n = random.randint(1, 7)
        return f"[{steps}; {n}]", (c, f"[{n}]"), f"[{rust}; {n}]"
    if kind < 0.72:
        n, m = random.randint(1, 3), random.randint(1, 3)
        return f"[[{steps}; {m}]; {n}]", (c, f"[{n}][{m}]"), f"[[{rust}; {m}]; {n}]"
    if kind < 0.82 or not known:
        return f"*{steps}", (f"{c} *", ""), f"*const {rust}"
    inner = random.choice(known)
    if kind < 0.9:
        return f"*{inner}", (f"{inner} *", ""), f"*const {inner}"
    return inner, (inner, ""), inner


def fields(known):
    return [(NAMES[i], random_type(known)) for i in range(random.randint(1, 8))]


def plain(prefix, count):
    """Returns types that the steps language, C and Rust can all have."""
    types, known = [], []
    for i in range(count):
        name = f"{prefix}{i}"
        form = random.choices(["struct", "packed", "union"], [8, 1, 1])[0]
        own = fields(known[-12:])
        types.append((name, form, own))
        # A packed record of Rust cannot be compared or copied by reference, but it can be a field.
        known.append(name)
    return types


def steps_of(name, form, own):
    word = {"struct": "", "packed": "packed ", "union": "union "}[form]
    listed = ", ".join(f"{field}: {ty[0]}" for field, ty in own)
    return f"type {name} = {word}{{ {listed} }}"


def c_of(name, form, own):
    word = "union" if form == "union" else "struct"
    packed = " __attribute__((packed))" if form == "packed" else ""
    listed = " ".join(c_field(field, ty[1]) for field, ty in own)
    return f"typedef {word}{packed} {{ {listed} }} {name};"


def rust_of(name, form, own):
    word = "union" if form == "union" else "struct"
    packed = ", packed" if form == "packed" else ""
    listed = ", ".join(f"pub {field}: {ty[2]}" for field, ty in own)
    return f"#[derive(Clone, Copy)] #[repr(C{packed})] pub {word} {name} {{ {listed} }}"


def bit_fields(count):
    """Returns structs of C with bit fields, as (name, text, fields)."""
    types = []
    for i in range(count):
        own, text = [], []
        for field in NAMES[: random.randint(2, 7)]:
            base, bits = random.choice(
                [("uint8_t", 8), ("uint16_t", 16), ("uint32_t", 32), ("int32_t", 32), ("uint64_t", 64)]
            )
            if random.random() < 0.2:
                text.append(f"{base} {field};")
                own.append((field, None))
            else:
                n = random.randint(1, bits)
                text.append(f"{base} {field} : {n};")
                own.append((field, n))
        packed = " __attribute__((packed))" if random.random() < 0.3 else ""
        name = f"B{i}"
        types.append((name, f"typedef struct{packed} {{ {' '.join(text)} }} {name};", own))
    return types


RUST_TYPES = [
    "u8", "u16", "u32", "u64", "i64", "f64", "bool", "char", "u128", "()", "&'static str",
    "&'static [u16]", "Option<u32>", "Option<u8>", "Option<bool>", "Option<char>",
    "Option<&'static u8>", "Option<core::num::NonZeroU16>", "(u8, u32)", "[u16; 3]",
    "Result<u64, u8>", "Option<(u8, u64)>",
]


def rust_own(count):
    """Returns types that only Rust lays out: it orders fields as it likes, and has enums with data."""
    types = []
    for i in range(count):
        name = f"S{i}"
        if random.random() < 0.6:
            own = [(NAMES[j], random.choice(RUST_TYPES)) for j in range(random.randint(1, 7))]
            listed = ", ".join(f"pub {field}: {ty}" for field, ty in own)
            types.append((name, f"pub struct {name} {{ {listed} }}", [field for field, _ in own]))
        else:
            variants = []
            for j in range(random.randint(1, 5)):
                content = random.choice(["", "({})", "{{ a: {}, b: {} }}"])
                content = content.format(random.choice(RUST_TYPES), random.choice(RUST_TYPES))
                variants.append(f"V{j}{content}" if content.startswith("(") else f"V{j} {content}")
            types.append((name, f"pub enum {name} {{ {', '.join(variants)} }}", []))
    return types


def run(folder, *command):
    # Debug information has the folder that a compiler runs in: this one is mapped to `.`.
    subprocess.run(command, check=True, cwd=folder)


MEASURE = """
const module = new WebAssembly.Module(require("fs").readFileSync(process.argv[1]));
const { memory, layout, count, bits } = new WebAssembly.Instance(module, {}).exports;
const numbers = new Uint32Array(memory.buffer, layout(), count());
const found = [...numbers];
for (let i = 0; bits; i++) { const n = bits(i); if (n == -1) break; found.push(n >>> 0); }
console.log(JSON.stringify(found));
"""


def measured(wasm):
    done = subprocess.run(["node", "-e", MEASURE, wasm], check=True, capture_output=True, text=True)
    return iter(json.loads(done.stdout))


def clang(python, folder, text, debug):
    (folder / "types.c").write_text(text)
    out = str(folder / "c.wasm")
    run(
        folder, python, "-m", "ziglang", "cc", "-target", "wasm32-freestanding", "-O1", "-nostdlib",
        "-fno-sanitize=all", "-Wl,--no-entry", f"-ffile-prefix-map={folder}=.",
        *(["-g"] if debug else ["-g0", "-Wl,--strip-all"]), str(folder / "types.c"), "-o", out,
    )
    return out


def rustc(folder, text, debug):
    (folder / "types.rs").write_text(text)
    out = str(folder / "rust.wasm")
    run(
        folder, "rustc", "--target", "wasm32-unknown-unknown", "--edition", "2021", "-O", "--crate-type",
        "cdylib", "-C", "panic=abort", "--remap-path-prefix", f"{folder}=.",
        *(["-g"] if debug else ["-C", "strip=symbols"]), str(folder / "types.rs"), "-o", out,
    )
    return out


C_START = "#include <stdint.h>\n#include <stddef.h>\n"
RUST_START = """#![no_std]
#![allow(dead_code, improper_ctypes_definitions)]
#[panic_handler] fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }
"""


def measure_c(python, folder, types, bits):
    numbers, text = [], [C_START]
    for name, form, own in types:
        text.append(c_of(name, form, own))
        numbers.append(f"sizeof({name})")
        numbers += [f"offsetof({name}, {field})" for field, _ in own]
    probes = []
    for name, definition, own in bits:
        text.append(definition)
        numbers.append(f"sizeof({name})")
        for field, _ in own:
            probes.append(
                f"case {len(probes)}: {{ {name} t; __builtin_memset(&t, 0, sizeof t); t.{field} = -1;"
                " return find((unsigned char *)&t, sizeof t); }"
            )
    text.append(f"static const uint32_t layouts[] = {{ {', '.join(numbers)} }};")
    text.append(f"""
void *memset(void *to, int byte, size_t n) {{ volatile char *p = to; while (n--) *p++ = byte; return to; }}
static int find(unsigned char *bytes, int n) {{
  int first = -1, count = 0;
  for (int i = 0; i < n * 8; i++) if (bytes[i / 8] >> (i % 8) & 1) {{ if (first < 0) first = i; count++; }}
  return first << 8 | count;
}}
__attribute__((export_name("layout"))) const uint32_t *layout(void) {{ return layouts; }}
__attribute__((export_name("count"))) int count(void) {{ return {len(numbers)}; }}
__attribute__((export_name("bits"))) int bits(int i) {{ switch (i) {{ {' '.join(probes)} }} return -1; }}
""")
    found = measured(clang(python, folder, "\n".join(text), False))
    lines = []
    for name, _, own in types:
        size = next(found)
        lines.append(f"c {name} {size} " + " ".join(f"{field}={next(found)}" for field, _ in own))
    sizes = [(name, next(found), own) for name, _, own in bits]
    for name, size, own in sizes:
        places = []
        for field, _ in own:
            bit = next(found)
            places.append(f"{field}={bit >> 8}:{bit & 255}")
        lines.append(f"bits {name} {size} " + " ".join(places))
    return lines


def measure_rust(folder, types, own_types):
    text, numbers = [RUST_START], []
    for name, form, own in types:
        text.append(rust_of(name, form, own))
        numbers.append(f"core::mem::size_of::<{name}>() as u32")
        numbers += [f"core::mem::offset_of!({name}, {field}) as u32" for field, _ in own]
    for name, definition, names in own_types:
        text.append(definition)
        numbers.append(f"core::mem::size_of::<{name}>() as u32")
        numbers += [f"core::mem::offset_of!({name}, {field}) as u32" for field in names]
    text.append(f"static LAYOUTS: [u32; {len(numbers)}] = [{', '.join(numbers)}];")
    text.append(
        "#[no_mangle] pub extern \"C\" fn layout() -> *const u32 { LAYOUTS.as_ptr() }\n"
        "#[no_mangle] pub extern \"C\" fn count() -> usize { LAYOUTS.len() }"
    )
    found = measured(rustc(folder, "\n".join(text), False))
    lines = []
    for name, _, own in types:
        size = next(found)
        lines.append(f"rust {name} {size} " + " ".join(f"{field}={next(found)}" for field, _ in own))
    for name, _, names in own_types:
        size = next(found)
        lines.append(f"own {name} {size} " + " ".join(f"{field}={next(found)}" for field in names))
    return lines


def main():
    python = sys.argv[1]
    c_types, bits = plain("C", 90), bit_fields(20)
    rust_types, own_types = plain("R", 60), rust_own(50)
    lines = [steps_of(*ty) for ty in c_types + rust_types]
    (HERE / "layouts.steps").write_text(
        "# Made by layouts.py: random types, whose layouts are in layouts.txt.\n" + "\n".join(lines) + "\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        measured_lines = measure_c(python, folder, c_types, bits)
        measured_lines += measure_rust(folder, rust_types, own_types)
        (HERE / "layouts.txt").write_text("\n".join(line.rstrip() for line in measured_lines) + "\n")

        text = [C_START] + [c_of(*ty) for ty in c_types] + [ty[1] for ty in bits]
        names = [ty[0] for ty in c_types + bits]
        text += [f"{name} v{name};" for name in names]
        text.append(
            "__attribute__((export_name(\"variables\"))) const void *variables(int i) {\n  switch (i) {"
            + " ".join(f"case {i}: return &v{name};" for i, name in enumerate(names))
            + "}\n  return 0;\n}"
        )
        text.append(
            "__attribute__((export_name(\"fill\"))) void fill(C2 *target, const uint32_t count) {"
            " target->d.a = count; }"
        )
        wasm = clang(python, folder, "\n".join(text), True)
        (HERE / "c_layouts.wasm").write_bytes(Path(wasm).read_bytes())

        text = [RUST_START] + [rust_of(*ty) for ty in rust_types] + [ty[1] for ty in own_types]
        names = [ty[0] for ty in rust_types + own_types]
        for at in range(0, len(names), 10):
            params = ", ".join(f"p{i}: &{name}" for i, name in enumerate(names[at : at + 10]))
            text.append(f"#[no_mangle] pub extern \"C\" fn use{at}({params}) -> usize {{ p0 as *const _ as usize }}")
        wasm = rustc(folder, "\n".join(text), True)
        (HERE / "rust_layouts.wasm").write_bytes(Path(wasm).read_bytes())


main()
