//! Round trips, limits and messages of the encodings.

use super::*;
use proptest::prelude::*;

fn message<T: std::fmt::Debug, E: std::fmt::Display>(result: Result<T, E>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn names_and_types_are_the_same_list() {
    for number in NumberType::ALL {
        assert_eq!(NumberType::from_name(number.name()), Some(number));
        let bits = number.name().trim_start_matches(char::is_alphabetic);
        assert_eq!(bits.parse(), Ok(number.size() * 8));
    }
    assert_eq!(NumberType::from_name("u128"), None);
}

#[test]
fn every_range_ends_where_it_says() {
    for number in NumberType::ALL {
        let Some((low, high)) = number.range() else {
            continue;
        };
        for n in [low, high] {
            let bytes = encode(number, &Value::Int(n)).unwrap();
            assert_eq!(bytes.len(), number.size());
            assert_eq!(decode(number, &bytes), Ok(Value::Int(n)));
        }
        for n in [low - 1, high + 1, i128::MIN, i128::MAX] {
            assert_eq!(
                encode(number, &Value::Int(n)),
                Err(EncodeError::OutOfRange {
                    number,
                    value: n,
                    low,
                    high
                })
            );
        }
    }
}

#[test]
fn a_number_that_does_not_fit_says_what_would() {
    assert_eq!(
        message(encode(NumberType::U8, &Value::Int(-1))),
        "-1 does not fit in u8, which holds 0 to 255"
    );
    assert_eq!(
        message(encode(NumberType::I32, &Value::Int(0xffff_ffff))),
        "4294967295 does not fit in i32, which holds -2147483648 to 2147483647; for the same \
         bits, write `as_i32(4294967295)`"
    );
    let half = Value::Float(Float::from_f64(0.5));
    assert_eq!(
        message(encode(NumberType::U16, &half)),
        "0.5 is a float; u16 takes an integer"
    );
    assert_eq!(
        message(encode(NumberType::F32, &Value::Text("1".into()))),
        "text was given; f32 takes a number"
    );
    assert_eq!(
        message(encode(NumberType::U8, &Value::Bool(true))),
        "a truth value was given; u8 takes a number"
    );
}

#[test]
fn integers_become_floats_only_exactly() {
    assert_eq!(
        encode(NumberType::F32, &Value::Int(1 << 24)).unwrap(),
        16_777_216f32.to_le_bytes()
    );
    assert_eq!(
        message(encode(NumberType::F32, &Value::Int((1 << 24) + 1))),
        "16777217 is not exact as f32; to round it, write it with a point: `16777217.0`"
    );
    assert!(encode(NumberType::F64, &Value::Int((1 << 53) + 1)).is_err());
    assert_eq!(
        encode(NumberType::F64, &Value::Int(i128::MIN)).unwrap(),
        (-(2f64.powi(127))).to_le_bytes()
    );
    assert!(encode(NumberType::F64, &Value::Int(i128::MAX)).is_err());
    assert_eq!(encode(NumberType::F32, &Value::Int(0)).unwrap(), [0; 4]);
}

#[test]
fn an_f64_rounds_to_f32_but_never_becomes_infinite() {
    let encoded = |x: f64| encode(NumberType::F32, &Value::Float(Float::from_f64(x)));
    assert_eq!(encoded(0.1).unwrap(), 0.1f32.to_le_bytes());
    assert_eq!(encoded(f64::INFINITY).unwrap(), f32::INFINITY.to_le_bytes());
    assert_eq!(
        message(encoded(1e300)),
        "1e300 is too large for f32, which holds at most 3.4028235e38"
    );
}

#[test]
fn a_nan_keeps_its_payload_at_its_own_width() {
    let bytes = 0x7f80_0001u32.to_le_bytes();
    let value = decode(NumberType::F32, &bytes).unwrap();
    assert_eq!(encode(NumberType::F32, &value).unwrap(), bytes);
}

#[test]
fn a_wrong_size_is_an_error() {
    assert_eq!(
        message(decode(NumberType::U32, &[1, 2, 3])),
        "3 bytes were given; u32 takes 4"
    );
    assert_eq!(
        decode_array(NumberType::U16, &[1, 0, 2, 1]),
        Ok(Value::List(vec![Value::Int(1), Value::Int(258)]))
    );
    assert_eq!(
        message(decode_array(NumberType::U16, &[1, 0, 2])),
        "1 bytes were given; u16 takes 2"
    );
}

#[test]
fn bad_utf8_says_where_and_shows_it() {
    assert_eq!(decode_utf8("häß".as_bytes()).unwrap(), "häß");
    assert_eq!(
        message(decode_utf8(b"ab\xff\x1bc")),
        "not valid UTF-8: an invalid byte at byte 2 of 5: \"ab\\xff\\u{1b}c\""
    );
    assert_eq!(
        message(decode_utf8(b"caf\xc3")),
        "not valid UTF-8: an incomplete character at byte 3 of 4: \"caf\\xc3\""
    );
    let long = [
        "é".repeat(50).as_bytes(),
        b"a\xff",
        "b".repeat(90).as_bytes(),
    ]
    .concat();
    let error = decode_utf8(&long).unwrap_err();
    assert_eq!(error.at, 101);
    assert_eq!(
        error.excerpt,
        format!("…\"{}a\\xff{}\"…", "é".repeat(11), "b".repeat(23))
    );
}

#[test]
fn bad_utf16_says_where() {
    assert_eq!(decode_utf16(&utf16("a€😀")).unwrap(), "a€😀");
    assert_eq!(
        message(decode_utf16(&[65, 0, 66])),
        "3 bytes were given; UTF-16 takes an even number of bytes"
    );
    let lone = [utf16("😀a"), 0xdc00u16.to_le_bytes().to_vec()].concat();
    assert_eq!(
        message(decode_utf16(&lone)),
        "not valid UTF-16: half of a surrogate pair, 0xdc00, without the other half at byte 6 of 8"
    );
    assert!(matches!(
        decode_utf16(&[0, 0xd8]),
        Err(BadUtf16::LoneSurrogate { at: 0, .. })
    ));
}

#[test]
fn only_text_and_bytes_are_written_as_they_are() {
    assert_eq!(
        bytes_to_write(&Value::Text("é".into())).unwrap(),
        [0xc3, 0xa9]
    );
    assert_eq!(bytes_to_write(&Value::Bytes(vec![0xff])).unwrap(), [0xff]);
    assert_eq!(
        message(bytes_to_write(&Value::Int(7))),
        "a number alone has no width; give it one: `u32(7)`"
    );
    assert_eq!(
        message(bytes_to_write(&Value::Int(-7))),
        "a number alone has no width; give it one: `i32(-7)`"
    );
    assert_eq!(
        message(bytes_to_write(&Value::Int(1 << 40))),
        "a number alone has no width; give it one: `u64(1099511627776)`"
    );
    let half = Value::Float(Float::from_f64(0.5));
    assert_eq!(
        message(bytes_to_write(&half)),
        "a number alone has no width; give it one: `f64(0.5)`"
    );
    for value in [Value::List(vec![]), Value::Bool(true), Value::Null] {
        assert!(bytes_to_write(&value).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bytes_of_every_number_type_round_trip(bytes in any::<[u8; 8]>()) {
        for number in NumberType::ALL {
            let bytes = &bytes[..number.size()];
            let value = decode(number, bytes).unwrap();
            prop_assert_eq!(encode(number, &value).unwrap(), bytes);
        }
    }

    #[test]
    fn any_integer_is_encoded_exactly_or_refused(n in any::<i128>(), shift in 0u32..128) {
        let value = Value::Int(n >> shift);
        for number in NumberType::ALL {
            let Ok(bytes) = encode(number, &value) else { continue };
            match (decode(number, &bytes).unwrap(), n >> shift) {
                (Value::Int(back), n) => prop_assert_eq!(back, n),
                (Value::Float(back), n) => prop_assert_eq!(back.to_f64() as i128, n),
                (other, _) => prop_assert!(false, "{other}"),
            }
        }
    }

    #[test]
    fn texts_round_trip(text in any::<String>()) {
        prop_assert_eq!(decode_utf8(text.as_bytes()).unwrap(), text.clone());
        prop_assert_eq!(decode_utf16(&utf16(&text)).unwrap(), text.clone());
        prop_assert_eq!(cstr(&text), [text.as_bytes(), &[0]].concat());
    }

    #[test]
    fn arbitrary_bytes_decode_as_the_standard_library_says(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let expected = std::str::from_utf8(&bytes).map_err(|error| error.valid_up_to());
        match (decode_utf8(&bytes), expected) {
            (Ok(text), Ok(same)) => prop_assert_eq!(text, same),
            (Err(error), Err(at)) => {
                prop_assert_eq!(error.at, at);
                prop_assert!(!error.to_string().chars().any(safe::is_unsafe));
            }
            (found, expected) => prop_assert!(false, "{found:?} {expected:?}"),
        }
        let _ = decode_utf16(&bytes);
    }
}
