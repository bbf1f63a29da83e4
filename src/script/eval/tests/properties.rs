//! Whatever the tree: an answer or an error, never a panic.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Fixed, expr};
use crate::data_types::NumberType;
use crate::safe;
use crate::script::ast::{BinaryOp, CallPart, Function, HostFunctionName, ImportName, UnaryOp};
use crate::script::eval::*;
use crate::value::Float;

fn any_int() -> impl Strategy<Value = i128> {
    prop_oneof![
        -3i128..6,
        any::<i32>().prop_map(i128::from),
        any::<u64>().prop_map(i128::from),
        any::<i128>(),
        Just(i128::MIN),
        Just(i128::MAX)
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => any_int().prop_map(Value::Int),
        1 => any::<u32>().prop_map(|bits| Value::Float(Float::F32(bits))),
        1 => any::<u64>().prop_map(|bits| Value::Float(Float::F64(bits))),
        1 => any::<bool>().prop_map(Value::Bool),
        2 => "\\PC{0,6}|[aé\0\u{1b}]{0,4}".prop_map(Value::Text),
        2 => vec(any::<u8>(), 0..6).prop_map(Value::Bytes),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| vec(inner, 0..3).prop_map(Value::List))
}

fn any_binary_op() -> impl Strategy<Value = BinaryOp> {
    use BinaryOp::*;
    select(vec![
        Equal,
        NotEqual,
        Less,
        LessOrEqual,
        Greater,
        GreaterOrEqual,
        Or,
        Xor,
        And,
        ShiftLeft,
        ShiftRight,
        Add,
        Subtract,
        Join,
        Multiply,
        Divide,
        Remainder,
    ])
}

fn any_function() -> impl Strategy<Value = Function> {
    use Function::*;
    let plain = vec![
        Len, Utf8, Utf16, Cstr, AsU32, AsI32, AsU64, AsI64, Repeat, Bytes, File, Pages, Printed,
        Object,
    ];
    prop_oneof![
        select(plain),
        select(NumberType::ALL.to_vec()).prop_map(Encode)
    ]
}

fn any_import() -> impl Strategy<Value = HostFunctionName> {
    select(vec!["log", "other"]).prop_map(|name| {
        HostFunctionName::Import(ImportName {
            module: "env".to_owned(),
            name: name.to_owned(),
        })
    })
}

fn any_part() -> impl Strategy<Value = CallPart> {
    select(vec![CallPart::Args, CallPart::Reads, CallPart::Results])
}

fn any_expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        6 => any_value().prop_map(ExprKind::Literal),
        1 => select(vec!["x", "missing"]).prop_map(|name| ExprKind::Variable(name.to_owned())),
        1 => any_import().prop_map(ExprKind::Calls),
    ]
    .prop_map(expr);
    leaf.prop_recursive(5, 40, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            1 => vec(inner.clone(), 0..4).prop_map(ExprKind::List),
            2 => (select(vec![UnaryOp::Minus, UnaryOp::Not]), boxed())
                .prop_map(|(op, operand)| ExprKind::Unary { op, operand }),
            6 => (any_binary_op(), boxed(), boxed())
                .prop_map(|(op, left, right)| ExprKind::Binary { op, left, right }),
            2 => (boxed(), boxed()).prop_map(|(of, index)| ExprKind::Index { of, index }),
            2 => (boxed(), boxed(), boxed()).prop_map(|(of, start, end)| ExprKind::Slice { of, start, end }),
            4 => (any_function(), vec(inner.clone(), 0..3))
                .prop_map(|(function, args)| ExprKind::Function { function, args }),
            1 => (any_part(), any_import(), boxed())
                .prop_map(|(part, function, index)| ExprKind::CallPart { part, function, index }),
        ]
        .prop_map(expr)
    })
}

fn env(x: Value) -> Fixed {
    Fixed {
        variables: [("x".to_owned(), x)].into(),
    }
}

fn literal(value: Value) -> Box<Expr> {
    Box::new(expr(ExprKind::Literal(value)))
}

fn slice(of: Value, start: usize, end: usize) -> Result<Value, EvalError> {
    let bound = |n: usize| literal(Value::Int(n as i128));
    evaluate(
        &expr(ExprKind::Slice {
            of: literal(of),
            start: bound(start),
            end: bound(end),
        }),
        &env(Value::Null),
    )
}

fn is_printable(text: &str) -> bool {
    !text.chars().any(|c| c != '\n' && safe::is_unsafe(c))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_tree_has_a_value_or_an_error(tree in any_expr(), x in any_value()) {
        let env = env(x);
        if let Err(error) = evaluate(&tree, &env) {
            prop_assert!(is_printable(&error.to_string()), "{error}");
        }
        prop_assert!(is_printable(&explain_failure(&tree, &env)));
    }

    #[test]
    fn any_value_is_an_address_or_an_error(value in any_value()) {
        for is_64 in [false, true] {
            match address(&value, "the address", is_64) {
                Ok(address) => prop_assert!(is_64 || address <= u32::MAX.into()),
                Err(error) => prop_assert!(is_printable(&error.to_string())),
            }
        }
    }

    #[test]
    fn any_input_keeps_its_type_or_is_refused(default in any_value(), typed in any::<String>(), parsed in proptest::option::of(any_value())) {
        match coerce_input(&default, &typed, parsed) {
            Ok(value) => {
                let raw = matches!((&default, &value), (Value::Text(_), Value::Bytes(_)));
                prop_assert!(raw || default.type_name() == value.type_name());
            }
            Err(error) => prop_assert!(is_printable(&error.to_string())),
        }
    }

    #[test]
    fn slices_agree_with_rust(text in "[aé€😀]{0,6}", start in 0usize..24, end in 0usize..24) {
        let expected = text.get(start..end).map(str::to_owned).map(Value::Text);
        prop_assert_eq!(slice(Value::Text(text.clone()), start, end).ok(), expected);
        let bytes = text.into_bytes();
        let expected = bytes.get(start..end).map(<[u8]>::to_vec).map(Value::Bytes);
        prop_assert_eq!(slice(Value::Bytes(bytes.clone()), start, end).ok(), expected);
        let list: Vec<_> = bytes.into_iter().map(|byte| Value::Int(byte.into())).collect();
        let expected = list.get(start..end).map(<[Value]>::to_vec).map(Value::List);
        prop_assert_eq!(slice(Value::List(list), start, end).ok(), expected);
    }

    #[test]
    fn integers_agree_with_rust(a in any_int(), b in any_int()) {
        let of = |op| {
            evaluate(&expr(ExprKind::Binary { op, left: literal(Value::Int(a)), right: literal(Value::Int(b)) }), &env(Value::Null)).ok()
        };
        prop_assert_eq!(of(BinaryOp::Add), a.checked_add(b).map(Value::Int));
        prop_assert_eq!(of(BinaryOp::Multiply), a.checked_mul(b).map(Value::Int));
        prop_assert_eq!(of(BinaryOp::Divide), a.checked_div(b).map(Value::Int));
        prop_assert_eq!(of(BinaryOp::Less), Some(Value::Bool(a < b)));
        if let Ok(count @ 0..=126) = u32::try_from(b) {
            prop_assert_eq!(of(BinaryOp::ShiftLeft), a.checked_mul(1 << count).map(Value::Int));
        }
    }
}
