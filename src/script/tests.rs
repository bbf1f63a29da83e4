//! What is read from files that are right. Faulty ones: `tests/it/language/errors.rs`.

use super::ast::*;
use super::*;
use crate::value::Value;

const DEFAULT: &str = r#"module "wasm_is_cool.wat"
input text = "Did you know"

ptr = call get_wasm_memory_buffer_pointer()
region buffer = ptr, 1024
write ptr, text
n   = call add_wasm_is_cool(len(text))
ptr = call get_wasm_memory_buffer_pointer()      # memory may have moved: fetch it again
out = read ptr, n as utf8
expect out == text ++ " Wasm is cool!"
"#;

fn read(text: &str) -> Script {
    parse("test.steps", text).unwrap_or_else(|errors| panic!("{errors}"))
}

fn refused(text: &str) -> String {
    parse("test.steps", text).expect_err(text).to_string()
}

/// The expression with every bracket written.
fn shape(text: &str) -> String {
    let names = ["a", "b", "c", "x"];
    show(&parse_expression(text, &names).unwrap_or_else(|errors| panic!("{errors}")))
}

fn show(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Literal(value) => value.to_string(),
        ExprKind::Variable(name) => name.clone(),
        ExprKind::Unary { op, operand } => format!("({op:?} {})", show(operand)),
        ExprKind::Binary { op, left, right } => format!("({} {op:?} {})", show(left), show(right)),
        ExprKind::Index { of, index } => format!("{}[{}]", show(of), show(index)),
        ExprKind::Slice { of, start, end } => {
            format!("{}[{}..{}]", show(of), show(start), show(end))
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn the_default_session_is_read() {
    let script = read(DEFAULT);
    assert_eq!(script.module(), Some("wasm_is_cool.wat"));
    assert_eq!(
        script
            .inputs()
            .map(|(name, _)| name.text.as_str())
            .collect::<Vec<_>>(),
        ["text"]
    );
    assert_eq!(script.steps().count(), 7);
    let last = script.statements.last().unwrap();
    assert_eq!(
        (last.line, last.text.as_str()),
        (10, "expect out == text ++ \" Wasm is cool!\"")
    );
    assert_eq!(
        script.statements[6].text,
        "ptr = call get_wasm_memory_buffer_pointer()"
    );
    assert_eq!(
        script.address_variables().into_iter().collect::<Vec<_>>(),
        ["ptr"]
    );
    assert_eq!(script.line_column(last.span.start + 7), (10, 8));
}

#[test]
fn line_ends_and_byte_order_marks_do_not_matter() {
    let plain = read(DEFAULT);
    let windows = read(&format!("\u{feff}{}", DEFAULT.replace('\n', "\r\n")));
    let texts = |script: &Script| {
        script
            .statements
            .iter()
            .map(|s| (s.line, s.text.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(texts(&plain), texts(&windows));
    assert_eq!(
        windows.line_column(windows.statements[0].span.start),
        (1, 1)
    );
}

#[test]
fn every_statement_of_the_language_is_read() {
    let script = read(
        r#"module "g.wasm"
input text = "a"
memory "my memory"
import env.nothing()
import "my-mod"."a b"(x, y) writes x, u32(y) ; copies x, y, 4 ; grows 70000 ; reads x, y as utf8 ; returns 1, 2.5
import env.fail(p) reads p as u8[4] ; traps "no: " ++ text
import env.memory pages 1 max 2
import env.open pages 1
import env.base = 1024
call f()
a, _, b = call "my-export"(1, -2, 0x1f, text, null,
    [1, 2],  # a list
    hex"ff 00")
g = global counter
set "my.global" = g + 1
write a, text
t = read a, 4 as utf8
t16 = read a, 4 as utf16
bytes = read a + 4, 4 as bytes
one = read a as u32
c = read a as cstr
four = read a as f64[b * 2]
old = grow 1
cb = callback in table(x: i32, y: f64) -> (i32, i64) returns x, 1
z = call table[cb](1)
grow 2
region r = a, 16
block k = a, 16
release k
expect trap call f()
expect trap "out of bounds" call f(a)
expect finding out-of-bounds
expect calls(env.nothing) == 2
expect call_args("my-mod"."a b", 0)[1] == 7
ask "how many?" = later
let later = len(t)
"#,
    );
    assert_eq!(script.imports().count(), 6);
    assert_eq!(
        script.memory().map(|name| name.text.as_str()),
        Some("my memory")
    );
    assert_eq!(
        script.address_variables().into_iter().collect::<Vec<_>>(),
        ["a"]
    );
    let call = script.statements.iter().find(|s| s.line == 11).unwrap();
    assert_eq!(
        call.text,
        r#"a, _, b = call "my-export"(1, -2, 0x1f, text, null, [1, 2], hex"ff 00")"#
    );
    let Import {
        name,
        kind: ImportKind::Function {
            params, actions, ..
        },
        ..
    } = script.imports().nth(1).unwrap()
    else {
        panic!("not a function")
    };
    assert_eq!(
        (
            name.module.as_str(),
            name.name.as_str(),
            params.len(),
            actions.len()
        ),
        ("my-mod", "a b", 2, 5)
    );
    let open = script.imports().find(|i| i.name.name == "open").unwrap();
    assert_eq!(
        open.kind,
        ImportKind::Memory {
            min: 1,
            max: None,
            shared: false
        }
    );
    let finding = script.statements.iter().find_map(|s| match &s.kind {
        StatementKind::ExpectFinding { kind } => Some(kind.text.as_str()),
        _ => None,
    });
    assert_eq!(finding, Some("out-of-bounds"));
}

#[test]
fn the_words_of_statements_are_names_where_that_is_clear() {
    let script = read(
        "module = call f()\nread = call f(module)\ncall = call call(read)\nbytes = read call, \
         len(\"a\") as bytes\nlen = grow 1\npages = read module + len as u32\nlet memory = \
         pages() + pages\nlet as = bytes[0..len(bytes)]\nblock block = memory, 4\nregion region = \
         memory, 4\nrelease block\nlet trap = 1\nexpect trap == 1\nlet hex = 1\nexpect finding == \
         1\n"
        .replace("expect finding", "let finding = 1\nexpect finding")
        .as_str(),
    );
    assert_eq!(script.statements.len(), 16);
}

#[test]
fn operators_bind_as_documented() {
    assert_eq!(shape("1 + 2 * 3"), "(1 Add (2 Multiply 3))");
    assert_eq!(shape("1 - 2 - 3"), "((1 Subtract 2) Subtract 3)");
    assert_eq!(
        shape("a | b ^ c & 1 << 2 + 3 == 4"),
        "((a Or (b Xor (c And (1 ShiftLeft (2 Add 3))))) Equal 4)"
    );
    assert_eq!(
        shape("-a[1] ++ ~b % 2"),
        "((Minus a[1]) Join ((Not b) Remainder 2))"
    );
    assert_eq!(shape("x[1..a + 1][0]"), "x[1..(a Add 1)][0]");
    assert_eq!(shape("(a + b) * c"), "((a Add b) Multiply c)");
    assert_eq!(shape("1-1"), "(1 Subtract 1)");
    assert_eq!(shape("- -5"), "5");
}

#[test]
fn literals_are_exact() {
    assert_eq!(
        shape("-170141183460469231731687303715884105728"),
        i128::MIN.to_string()
    );
    assert_eq!(
        shape("0x7fff_ffff_ffff_ffff_ffff_ffff_ffff_ffff"),
        i128::MAX.to_string()
    );
    assert_eq!(shape("0b1010"), "10");
    assert_eq!(shape("1_000"), "1000");
    assert_eq!(shape("-2e3"), "-2000.0");
    assert_eq!(shape("1_0.5e-1"), "1.05");
    assert_eq!(shape("-inf"), "-inf");
    assert_eq!(shape("x[1..4]"), "x[1..4]");
    let text = parse_expression(r#""\n\t\r\0\\\"\u{e9}#""#, &[]).unwrap();
    assert_eq!(
        text.kind,
        ExprKind::Literal(Value::Text("\n\t\r\0\\\"é#".into()))
    );
    let bytes = parse_expression("hex\"ff FE\t00ab\"", &[]).unwrap();
    assert_eq!(
        bytes.kind,
        ExprKind::Literal(Value::Bytes(vec![0xff, 0xfe, 0, 0xab]))
    );
}

#[test]
fn expressions_stand_alone() {
    let errors = parse_expression("hello", &[]).unwrap_err();
    assert_eq!(
        errors.errors[0].help.as_deref(),
        Some("put text in quotes: \"hello\"")
    );
    assert_eq!(
        parse_expression("", &[]).unwrap_err().errors[0].message,
        "expected a value, found nothing"
    );
    assert!(parse_expression("1\n2", &[]).is_err());
    assert!(parse_expression("pages()", &[]).is_err());
    assert!(parse_expression("1 2", &[]).is_err());
}

#[test]
fn statements_stand_alone() {
    assert!(parse_statement("write p, \"a\"", &["p"]).is_ok());
    assert!(parse_statement("write q, \"a\"", &["p"]).is_err());
    assert!(parse_statement("release b", &[]).is_ok());
}

#[test]
fn addresses_are_told_from_lengths_and_offsets() {
    let script = read(
        "let p = 1\nlet n = 2\nlet i = 3\nlet list = [1]\nwrite p + i * 4, utf8(\"a\")\nx = read \
         list[i], n as utf8\ny = read as_u32(p) + len(x) as u8\n",
    );
    assert_eq!(
        script.address_variables().into_iter().collect::<Vec<_>>(),
        ["list", "p"]
    );
}

#[test]
fn depth_is_bounded() {
    let deep = |open: &str, close: &str, n: usize| {
        format!("let x = {}1{}", open.repeat(n), close.repeat(n))
    };
    read(&deep("(", ")", 190));
    read(&deep("len([", "])", 90));
    read(&deep("-len(", ")", 90));
    read(&deep("len(len(", "))", 95));
    read(&format!(
        "let x = [1]\nlet y = {}1{}",
        "x[".repeat(190),
        "]".repeat(190)
    ));
    read(&format!("let x = 1{}", " + 1".repeat(480)));
    for text in [
        deep("(", ")", 100_000),
        deep("[", "]", 100_000),
        deep("-", "", 100_000),
        deep("~", "", 100_000),
    ] {
        assert!(refused(&text).contains("nested brackets or signs"));
    }
    assert!(
        refused(&format!("let x = 1{}", " + 1".repeat(100_000)))
            .contains("operators in one expression")
    );
    assert!(
        refused(&format!("let l = [1]\nlet x = l{}", "[0]".repeat(100_000)))
            .contains("operators in one")
    );
}

mod markdown {
    use super::*;

    fn read(text: &str) -> Script {
        parse("test.MD", text).unwrap_or_else(|errors| panic!("{errors}"))
    }

    #[test]
    fn prose_is_narration_of_the_next_step() {
        let script = read(concat!(
            "# The buffer\n\nThe guest says *where* `ptr` is\nand we \
             write.\n\n<b>html</b>\n\n<div>gone</div>\n\n",
            "```steps\nmodule \"a.wat\"\n```\n\nIt needs:\n\n- one\n- two `x`\n  - \
             three\n\n```rust\nlet gone = 1;\n```\n\n",
            "~~~steps extra words\nptr = call get()\nwrite ptr, \
             \"a\"\n~~~\n\nLast.\n\n```steps\nexpect ptr == 1\n```\nEnd.\n",
        ));
        let narrations: Vec<_> = script
            .statements
            .iter()
            .map(|s| s.narration.as_deref())
            .collect();
        let first = "It needs:\n\n- one\n- two x\n  - three";
        let opening = "The buffer\n\nThe guest says where ptr is and we write.\n\nhtml";
        assert_eq!(
            script.document.of_step(0).unwrap().plain(),
            opening,
            "a block without a step sets the session up"
        );
        assert_eq!(script.document.title.as_deref(), Some("The buffer"));
        assert_eq!(script.document.closing.plain(), "End.");
        assert_eq!(narrations, [None, Some(first), None, Some("Last.")]);
        assert_eq!(
            script.statements.iter().map(|s| s.line).collect::<Vec<_>>(),
            [11, 25, 26, 32]
        );
        assert_eq!(script.module(), Some("a.wat"));
    }

    #[test]
    fn blocks_in_lists_and_quotes_keep_their_places() {
        let text = "\u{feff}1. First\r\n\r\n   ```steps\r\n   let a = [1,\r\n   2]\r\n   let b = \
                    a\r\n   ```\r\n\r\n> Quoted\r\n>\r\n> ```steps\r\n> let c = (1 +\r\n> 2)\r\n> \
                    ```\r\n";
        let script = read(text);
        let texts: Vec<_> = script
            .statements
            .iter()
            .map(|s| (s.line, s.text.as_str()))
            .collect();
        assert_eq!(
            texts,
            [
                (4, "let a = [1, 2]"),
                (6, "let b = a"),
                (12, "let c = (1 + 2)")
            ]
        );
        assert_eq!(script.line_column(script.statements[2].span.start), (12, 3));
        assert_eq!(script.statements[0].narration.as_deref(), Some("- First"));
        assert_eq!(script.statements[2].narration.as_deref(), Some("Quoted"));
    }

    #[test]
    fn a_bracket_does_not_reach_into_the_next_block() {
        let errors =
            parse("a.md", "```steps\nlet a = (1\n```\n\n```steps\n+ 2)\n```\n").unwrap_err();
        assert_eq!(
            errors
                .errors
                .iter()
                .map(|e| (e.line, e.column))
                .collect::<Vec<_>>(),
            [(2, 9), (6, 4)]
        );
    }
}

mod arbitrary {
    use super::*;
    use proptest::prelude::*;

    /// Checks that any text is parsed or refused, with spans inside the text and messages that are
    /// safe to print.
    fn survives(text: &str) {
        for name in ["a.steps", "a.md", "-"] {
            match parse(name, text) {
                Ok(script) => {
                    script.address_variables();
                    for statement in &script.statements {
                        assert!(text.get(statement.span.start..statement.span.end).is_some());
                        assert!(!statement.text.contains('\n'));
                    }
                }
                Err(errors) => {
                    assert!(!errors.errors.is_empty());
                    let shown = errors.to_string();
                    assert!(
                        shown
                            .chars()
                            .all(|c| c == '\n' || !crate::safe::is_unsafe(c)),
                        "{shown:?}"
                    );
                    assert!(
                        errors
                            .errors
                            .iter()
                            .all(|e| e.span.start <= text.len() && e.line > 0 && e.column > 0)
                    );
                }
            }
        }
        let _ = parse_expression(text, &["a"]);
        let _ = parse_statement(text, &["a"]);
    }

    fn soup() -> impl Strategy<Value = String> {
        let pieces = [
            "call",
            "write",
            "read",
            "as",
            "utf8",
            "u32",
            "let",
            "input",
            "import",
            "env",
            "expect",
            "trap",
            "finding",
            "leak",
            "ask",
            "module",
            "block",
            "region",
            "release",
            "grow",
            "global",
            "set",
            "memory",
            "returns",
            "reads",
            "callback",
            "args",
            "->",
            ":",
            "i32",
            "call_reads",
            "printed",
            "traps",
            "pages",
            "max",
            "shared",
            "a",
            "b",
            "len",
            "calls",
            "true",
            "inf",
            "nan",
            "hex\"",
            "\"",
            "\\u{",
            "}",
            "0x",
            "12",
            "1.",
            "1e9",
            "_",
            "..",
            ".",
            "(",
            ")",
            "[",
            "]",
            ",",
            ";",
            "=",
            "==",
            "<",
            "+",
            "++",
            "-",
            "~",
            "*",
            "!",
            "&&",
            "//",
            "#",
            "\n",
            "\r\n",
            "\t",
            " ",
            " ",
            " ",
            "```steps\n",
            "\n```\n",
            "> ",
            "- ",
            "é",
            "漢",
            "\u{feff}",
            "\u{1b}",
            "\u{202e}",
            "170141183460469231731687303715884105728",
        ];
        proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..60)
            .prop_map(|found| found.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text(text in "(?s).{0,200}") {
            survives(&text);
        }

        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            survives(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn tokens_in_any_order(text in soup()) {
            survives(&text);
        }

        #[test]
        fn the_default_session_damaged(at in 0..DEFAULT.len(), length in 0usize..12, piece in soup()) {
            let mut text = DEFAULT.to_owned();
            text.replace_range(at..(at + length).min(DEFAULT.len()), piece.get(..piece.len().min(6)).unwrap_or("x"));
            survives(&text);
        }
    }
}

#[test]
fn files_are_those_that_calls_of_file_name() {
    let script = read(
        "input a = file(\"a.bin\")\nwrite 0, file ( \"b c\" )  # file(\"no\")\n\
         let name = \"file(1)\"\nwrite 0, file(name ++ \"d\") ++ file(\"e\")\n",
    );
    assert_eq!(script.files(), ["a.bin", "b c", "e"]);
}
