use super::*;
use crate::value::Float;

const HEADER: &str = "{\"format\":\"linmem.host/1\",\"recorder\":\"test\"}\n";
const START: &str = r#"{"module":0,"bytes":"AGFzbQEAAAA="}
{"place":0,"file":"app.mjs","line":3,"column":7,"function":"main","first":2,"lines":["a","b","c"]}
{"place":1,"file":"glue.mjs","line":1,"from":0}
{"memory":0,"pages":1}
{"instance":0,"module":0,"given":[{"import":["env","base"],"value":"0x3f800000"}],"at":0}
{"created":0,"exports":[{"export":"memory","memory":0}]}
{"function":0,"instance":0,"export":"f"}
{"function":1,"instance":0,"import":["env","g"]}
"#;
const CALL: &str = r#"{"detached":0,"method":"encodeInto","at":1}
{"wrote":0,"address":16,"length":2,"at":1}
{"memory":0,"writes":[[16,"/wA="]],"since":0,"full":true}
{"call":0,"args":[1,"-2",null,{"ref":4},"0x7ff8000000000001"],"at":1}
{"import":1,"args":[]}
{"answer":[-1]}
{"return":[]}
{"end":"exit"}
"#;

fn read_text(text: &str) -> Result<HostLog, ReadError> {
    read(text.as_bytes(), &Limits::default())
}

fn problem(lines: &str) -> String {
    match read_text(&format!("{HEADER}{START}{lines}\n")) {
        Ok(_) => panic!("{lines} is accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_recording_is_read_whole() {
    let log = read_text(&format!("{HEADER}{START}{CALL}")).unwrap();
    assert_eq!(log.recorder, "test");
    assert_eq!(log.modules, [b"\0asm\x01\0\0\0".to_vec()]);
    assert_eq!(log.instances[0].memories, [("memory".to_owned(), 0)]);
    assert_eq!(log.instances[0].crossings, 2);
    assert_eq!(log.busiest_instance(), Some(0));
    assert!(!log.is_cut);
    let events: Vec<&Event> = log.entries.iter().map(|entry| &entry.event).collect();
    assert!(
        matches!(events[3], Event::Detached { method, at: Some(_), .. } if method == "encodeInto")
    );
    let Event::Changed {
        writes,
        since,
        is_full,
        ..
    } = events[5]
    else {
        panic!("{:?}", events[5]);
    };
    assert_eq!(
        (writes.as_slice(), *since, *is_full),
        (&[(16, vec![0xff, 0])][..], Some(0), true)
    );
    let Event::Call { args, at, .. } = events[6] else {
        panic!("{:?}", events[6]);
    };
    assert_eq!(args[1], Crossed::Value(Value::Int(-2)));
    assert_eq!(args[3], Crossed::Object(4));
    let nan = 0x7ff8_0000_0000_0001;
    assert!(matches!(args[4], Crossed::Value(Value::Float(Float::F64(bits))) if bits == nan));
    let place = at.as_ref().unwrap();
    assert_eq!((place.file.as_str(), place.line), ("glue.mjs", 1));
    assert_eq!(place.from.as_ref().unwrap().lines, ["a", "b", "c"]);
}

#[test]
fn every_beginning_of_a_recording_opens() {
    let whole = format!("{HEADER}{START}{CALL}");
    for end in HEADER.len()..whole.len() {
        let (start, rest) = whole.split_at(end);
        let log = read_text(start).unwrap();
        let is_at_line = start.ends_with('\n') || rest.starts_with('\n');
        assert_eq!(log.is_cut, !is_at_line, "{end}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (text, expected) in [
        ("", "line 1: this is not a recording"),
        ("{}\n", "line 1: this is not a recording"),
        (
            "{\"format\":\"linmem.host/2\"}\n",
            "line 1: the format is \"linmem.host/2\"",
        ),
    ] {
        let found = read_text(text).unwrap_err().to_string();
        assert!(found.starts_with(expected), "{found}");
    }
    for (line, expected) in [
        ("[]", "line 10: expected a JSON object"),
        ("{", "line 10: expected a JSON object"),
        (
            "{\"x\":1}",
            "line 10: the object has no key that this format knows; its keys are \"x\"",
        ),
        (
            "{\"call\":9,\"args\":[]}",
            "line 10: there is no function 9 before this line",
        ),
        ("{\"call\":0}", "line 10: the key `args` is missing"),
        (
            "{\"call\":1,\"args\":[]}",
            "line 10: this function cannot be here",
        ),
        (
            "{\"call\":0,\"args\":[1.5]}",
            "line 10: `args` must be a value",
        ),
        (
            "{\"call\":0,\"args\":[],\"at\":2}",
            "line 10: there is no place 2",
        ),
        (
            "{\"return\":[]}",
            "line 10: the end of a call cannot be here: no guest is running",
        ),
        (
            "{\"import\":1,\"args\":[]}",
            "line 10: a call of an import cannot be here",
        ),
        (
            "{\"memory\":2,\"pages\":1}",
            "line 10: this must be memory 1, the next one, not 2",
        ),
        (
            "{\"memory\":0,\"writes\":[[1,\"?\"]]}",
            "line 10: `writes` must be bytes as base64",
        ),
        ("{\"detached\":0}", "line 10: the key `method` is missing"),
        (
            "{\"set_table\":0,\"index\":1,\"function\":0}",
            "line 10: there is no table 0",
        ),
        (
            "{\"table\":0}\n{\"grow_table\":0,\"by\":1}",
            "line 11: the key `before` is missing",
        ),
        (
            "{\"memory\":0,\"pages\":-1}",
            "line 10: `pages` must be a whole number",
        ),
        (
            "{\"module\":7,\"bytes\":\"\"}",
            "line 10: this must be module 1",
        ),
        (
            "{\"instance\":1,\"module\":7,\"given\":[]}",
            "line 10: there is no module 7",
        ),
    ] {
        let found = problem(line);
        assert!(found.starts_with(expected), "{line}: {found}");
    }
}

#[test]
fn limits_hold_before_memory_is_taken() {
    let whole = format!("{HEADER}{START}{CALL}");
    let with = |limits: Limits| read(whole.as_bytes(), &limits).unwrap_err().to_string();
    let default = Limits::default();
    assert_eq!(
        with(Limits {
            line: 50,
            ..default
        }),
        "line 3: the line is longer than 0 MiB, the limit"
    );
    let found = with(Limits {
        file: 100,
        ..default
    });
    assert!(found.contains("more than 100 bytes, the limit"), "{found}");
    let found = with(Limits {
        lines: 4,
        ..default
    });
    assert!(
        found.starts_with("line 5: the recording has more than 4 lines"),
        "{found}"
    );
    let found = with(Limits {
        values: 3,
        ..default
    });
    assert!(found.contains("more than 3 values, the limit"), "{found}");
    let found = with(Limits {
        line_values: 1,
        ..default
    });
    assert!(
        found.contains("more than 1 values in a line, the limit"),
        "{found}"
    );
    let calls = "{\"call\":0,\"args\":[]}\n{\"import\":1,\"args\":[]}\n".repeat(6000);
    let found = problem(&calls);
    assert!(found.contains("10000 calls inside each other"), "{found}");
}

#[test]
fn the_page_of_the_format_has_every_kind_of_line() {
    let page = include_str!("../../docs/hostlog.md");
    for kind in reader::KINDS {
        assert!(page.contains(&format!("{{\"{kind}\": ")), "{kind}");
    }
    for (value, limit) in [
        (Limits::default().file, "2 GiB"),
        (Limits::default().line, "384 MiB"),
    ] {
        let size = limit.split(' ').next().unwrap().parse::<u64>().unwrap();
        let unit = if limit.ends_with("GiB") { 30 } else { 20 };
        assert_eq!(value, size << unit);
        assert!(page.contains(limit), "{limit}");
    }
}
