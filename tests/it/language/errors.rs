//! Invalid steps files and their complete error messages.

use linmem::script;

/// Compares the message for an invalid file with the snapshot of that name.
fn assert_refused(snapshot: &str, file: &str, text: &str) {
    let errors = script::parse(file, text).expect_err(snapshot);
    let text = text
        .escape_debug()
        .to_string()
        .replace("\\n", "\n")
        .replace("\\\"", "\"");
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(snapshot, format!("{}\n--------\n{errors}", text.trim_end()));
    });
}

macro_rules! faulty {
    ($($name:ident: $text:expr;)*) => {
        $(#[test]
        fn $name() {
            assert_refused(stringify!($name), "demo.steps", $text);
        })*
    };
}

faulty! {
    misspelt_words: "modul \"a.wat\"\nwirte 1, \"a\"\nx = cal f()\nassert 1 == 1\nfrobnicate x\nif x\n";
    misspelt_variables: "ptr = call get()\nwrite prt, \"a\"\nexpect ptr == True\nx = read ptr, lenght as utf8\nlet y = len\n";
    misspelt_functions: "let a = lenn(\"x\")\nlet b = get_ptr(1)\nlet c = U32(7)\n";
    misspelt_reads: "let p = 4\na = read p, 4 as utf\nb = read p, 4 as string\nc = read p as u33\nd = read p as picture\n\
                        e = read p, 4 as utf-8\n";
    malformed_reads: "let p = 4\na = read p as utf8\nb = read p, 4 as u32\nc = read p, 4 as cstr\nd = read p, 4\n\
                            e = read p\nf = read p as u32[]\ng = read p as bytes[4]\nread p as u32\nglobal g\n";
    names_used_before_their_value: "write ptr, \"a\"\nptr = call get()\nregion buffer = ptr, 4\nwrite buffer, \"a\"\n";
    invalid_lines_are_reported_once: "ptr := call get()\ntext = \"a\"\nn == call f()\nwrite ptr, text\nexpect n == 1\n";
    malformed_calls: "f()\nx = f(1)\nlet y = call f()\ncall my-export(1)\ncall f\ncall f(1,)\nexpect call f() == 1\n\
                         x, x = call f()\na, b = read 1 as u8\na, b = 3\ncall (1)\nlet z = f()\nexpect trap f()\n";
    brackets: "ptr = call get(1, [2, 3)\nwrite 0, utf8(\"a\"\nlet a = (1 + 2\nlet b = a)\nlet c = [1 2]\nlet d = (1, 2)\n\
               call f(1,\n  2\n\n# the end\nlet e = [\n";
    texts: "let a = \"never closed\nlet b = \"C:\\folder\"\nlet c = \"\\x41\"\nlet d = \"\\u{110000} \\u0041\"\nlet e = \"\\u0041\"\n\
            let f = “a”\nlet g = 'a'\nlet h = utf8(\"a\nlet i = \"a\\\n";
    byte_literals: "let a = hex\"f\"\nlet b = hex\"ff f 00\"\nlet c = hex\"0xff\"\nlet d = hex\"ff\nlet e = hex \"ff\"\n";
    numbers: "let a = 1__0\nlet b = 0x\nlet c = 0b102\nlet d = 0o17\nlet e = ff\nlet f = 12ab\nlet g = 1.\nlet h = .5\n\
              let i = 170141183460469231731687303715884105728\nlet j = 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff_f\n\
              let k = 1e999\nlet l = 64KiB\nlet m = 0x_1\nlet n = 1_\n";
    habits_of_other_languages: "let a = 1; let b = 2\nlet c = a && a\nlet d = !a\nlet e = a => 1\n// a comment\nlet f = a ? 1 : 2\n\
                                let g = { a }\nlet h = 1 +\nlet i = 1 + + 1\nexpect a = 1\nlet j = 1 < a < 3\nlet k = 2 \\\n";
    module_must_be_first_and_only: "input a = 1\nmodule \"a.wat\"\nmodule \"b.wat\"\nmodule c\nmodule \"\"\nmemory m\nmemory n\n";
    inputs: "input a = 1\ninput a = 2\na = call f()\nlet b = 3\ninput b = 4\ninput c = b\ninput d = hello\ninput e = pages()\n\
             input true = 1\ninput 4 = 1\n";
    misplaced_imports: "input size = 4\nlet x = 1\nimport env.f() returns x\nimport env.f() returns size\nimport env.g(a1) returns a2\n";
    malformed_imports: "import env.f\nimport log(a)\nimport env.a(x y)\nimport env.b(x, x)\nimport env.c() return 1\n\
                           import env.d() returns 1 returns 2\nimport env.e() returns 1 ; returns 2\n\
                           import env.g() traps \"a\" ; returns 1\nimport env.h() ;\nimport env.i(a: i32)\n\
                           import env.j() frobs 1\nimport env.k() copies 1, 2\nimport a-b.c()\n";
    import_memories: "import env.m pages 2 max 1\nimport env.n pages\nimport env.o pages -1\nimport env.p pages 1 max\n\
                      import env.q pages 99999999999999999999\n";
    numbers_of_arguments: "let a = len()\nlet b = repeat(\"a\")\nlet c = u32()\nlet d = pages(1)\nlet e = file()\nlet f = calls()\n\
                           let g = call_args(env.f)\nlet h = calls(env.f, 1)\nlet i = as_u32(1, 2)\n";
    writes_without_width: "let p = 4\nwrite p, 7\nwrite p, -1.5\nwrite p, [1, 2]\nwrite p, true\nwrite p\nwrite p \"a\"\nimport env.f() writes 1, 2\n";
    findings: "expect finding laek\nexpect finding out_of_bounds\nexpect finding \"leak\"\nexpect finding\nexpect finding surprise\n\
               expect finding use after release\n";
    blocks: "let p = 4\nblock one = p, 4\nregion two = p, 4\nrelease two\nrelease onne\nrelease three\nblock p, 4\nregion r = p\n";
    slices: "let x = [1]\nlet a = x[1..]\nlet b = x[..2]\nlet c = x[]\nlet d = x[1...2]\nlet e = x[1, 2]\nlet f = x[1..=2]\n";
    wide_and_unsafe_characters: "let a = \"漢字漢字\" ++ b\n\tlet c = \"e\u{301}\u{1b}[2J\u{202e}\" ++ d\nlet é = 1\nlet f = 1\u{a0}+ 2\nlet g = \u{7}\n";
    questions: "ask how = 1\nask \"how\"\nask \"how\" = later\nask \"why\" = never\nlet later = 1\n";
}

#[test]
fn long_lines_are_cut_around_the_caret() {
    let text = format!(
        "let a = \"{}\" ++ oops ++ \"{}\"\n",
        "é漢".repeat(200),
        "x".repeat(500)
    );
    assert_refused("long_lines_are_cut_around_the_caret", "demo.steps", &text);
}

#[test]
fn many_errors_are_counted() {
    let text = "let a = b\n".repeat(30);
    assert_refused("many_errors_are_counted", "demo.steps", &text);
}

#[test]
fn markdown_positions_are_those_of_the_file() {
    let text = concat!(
        "# Title\r\n\r\n- item\r\n\r\n  ```steps\r\n  ptr = call get()\r\n  write prt, \"a\"\r\n  ```\r\n\r\n",
        "> ```steps\r\n> expect (1 ==\r\n> oops)\r\n> ```\r\n"
    );
    assert_refused("markdown_positions_are_those_of_the_file", "demo.md", text);
}

#[test]
fn markdown_without_steps_is_refused() {
    assert_refused(
        "markdown_without_steps",
        "demo.md",
        "# Title\n\n```step\ncall f()\n```\n",
    );
    assert_refused(
        "markdown_without_any_block",
        "demo.md",
        "# Title\n\nProse.\n",
    );
}

#[test]
fn file_names_are_escaped() {
    let errors = script::parse("a\u{1b}[2J.steps", "oops").unwrap_err();
    assert!(errors.to_string().starts_with("a\\u{1b}[2J.steps:1:1: "));
    assert!(!errors.to_string().ends_with('\n'));
}

/// Large files with an error in every line. Quadratic work would take minutes.
#[test]
fn large_invalid_files_are_refused_quickly() {
    let names: String = (0..20_000).map(|i| format!("let a{i} = b{i}\n")).collect();
    // No more errors than a person reads are collected.
    assert_eq!(
        script::parse("a.steps", &names).unwrap_err().errors.len(),
        300
    );
    let one_line = format!("call f({}b)\n", "b, ".repeat(200_000));
    let errors = script::parse("a.steps", &one_line).unwrap_err().errors;
    assert_eq!(
        errors.last().map(|e| (e.line, e.column)),
        Some((1, 8 + 3 * 200_000))
    );
    let many_names: String = (0..100_000).map(|i| format!("a{i}, ")).collect();
    assert!(script::parse("a.steps", &format!("{many_names}z = call f()")).is_err());
    assert!(script::parse("a.steps", &format!("import env.f({many_names}z)")).is_err());
    assert!(script::parse("a.steps", &"(".repeat(1_000_000)).is_err());
    assert!(script::parse("a.steps", &"a,".repeat(300_000)).is_err());
    assert!(script::parse("a.steps", &format!("let a = (\n{}", "a,\n".repeat(300_000))).is_err());
}
