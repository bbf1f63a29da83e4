//! Where errors point, and what an expression cannot use up.

use super::*;

#[test]
fn an_error_points_at_the_part_to_blame() {
    let wide = call(
        Function::Encode(NumberType::U8),
        vec![at(3, 4, int(1)), at(6, 9, int(256))],
    );
    let error = evaluate(&at(0, 10, wide), &env()).unwrap_err();
    assert_eq!(error.span, Span { start: 6, end: 9 });
    let missing = binary(int(1), Add, at(4, 8, name("nope\u{1b}")));
    let error = evaluate(&at(0, 8, missing), &env()).unwrap_err();
    assert_eq!(
        (error.span.start, error.to_string().as_str()),
        (4, "`nope\\u{1b}` has no value here")
    );
}

#[test]
fn a_large_text_is_quick_and_a_huge_one_refused() {
    let twice = binary(
        call(Function::Repeat, vec![name("big"), int(2)]),
        Join,
        text("!"),
    );
    assert_eq!(
        shown(call(Function::Len, vec![twice])),
        ((20 << 20) + 1).to_string()
    );
    let repeat = |times| call(Function::Repeat, vec![name("big"), int(times)]);
    assert_eq!(
        refusal(repeat(26)),
        "the result would be larger than 256 MiB, the limit for one value"
    );
    assert_eq!(
        refusal(repeat(i128::MAX)),
        "the result would be larger than 256 MiB, the limit for one value"
    );
    assert!(
        refusal(list((0..26).map(|_| name("big")).collect()))
            .starts_with("the result would be larger")
    );
    let half = || name("half");
    let mut env = env();
    env.variables
        .insert("half".to_owned(), Value::Bytes(vec![0; MAX_VALUE / 2]));
    let joined = evaluate(&binary(half(), Join, half()), &env).unwrap_err();
    assert_eq!(
        joined.to_string(),
        "the result would be larger than 256 MiB, the limit for one value"
    );
}

#[test]
fn many_large_values_in_one_expression_are_refused() {
    let part = || {
        call(
            Function::Len,
            vec![call(Function::Repeat, vec![text("x"), int(200 << 20)])],
        )
    };
    let sum = (0..5)
        .map(|_| part())
        .reduce(|a, b| binary(a, Add, b))
        .unwrap();
    assert_eq!(
        refusal(binary(sum, Add, part())),
        "this expression builds more than 1024 MiB, the limit for one expression; name a part of it \
         with `let`"
    );
}

#[test]
fn a_long_chain_of_joins_is_not_copied_at_each_link() {
    let chain = (0..300).fold(name("big"), |chain, _| binary(chain, Join, text("ab")));
    assert_eq!(
        shown(call(Function::Len, vec![chain])),
        ((10 << 20) + 600).to_string()
    );
}

#[test]
fn depth_is_an_error_before_it_is_an_overflow() {
    let nested = |levels| (0..levels).fold(int(1), |inner, _| unary(UnaryOp::Minus, inner));
    assert_eq!(shown(nested(1000)), "1");
    assert!(refusal(nested(1001)).contains("nests deeper than 1000 levels"));
    let mixed = (0..330).fold(text("x"), |inner, _| {
        slice(
            index(
                list(vec![call(Function::Repeat, vec![inner, int(1)])]),
                int(0),
            ),
            0,
            1,
        )
    });
    assert!(refusal(mixed).contains("nests deeper than 1000 levels"));
}

#[test]
fn lists_cannot_be_nested_step_by_step_without_end() {
    let mut env = env();
    env.variables.insert("a".to_owned(), Value::Int(0));
    let mut levels = 0;
    let error = loop {
        match evaluate(&list(vec![name("a")]), &env) {
            Ok(value) => env.variables.insert("a".to_owned(), value),
            Err(error) => break error,
        };
        levels += 1;
    };
    assert_eq!(
        (levels, error.to_string()),
        (
            64,
            "this list nests deeper than 64 levels, the limit for lists".to_owned()
        )
    );
}
