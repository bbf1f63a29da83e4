//! Recordings of hosts, read.

use linmem::hostlog::{self, HostLog, Limits, ReadError};

use crate::assert_safe;

/// Reads the bytes as a recording, and again after the first line and the definitions that most lines
/// need.
pub fn check(bytes: &[u8]) {
    examine(bytes);
    let mut whole = br#"{"format":"linmem.host/1"}
{"module":0,"bytes":"AGFzbQEAAAA="}
{"memory":0,"pages":1}
{"table":0}
{"instance":0,"module":0,"given":[]}
{"created":0,"exports":[{"export":"memory","memory":0}]}
{"function":0,"instance":0,"export":"f"}
{"function":1,"instance":0,"import":["m","n"]}
"#
    .to_vec();
    whole.extend_from_slice(bytes);
    examine(&whole);
}

fn examine(bytes: &[u8]) {
    let limits = Limits {
        line: 1 << 16,
        file: 1 << 20,
        lines: 1000,
        ..Limits::default()
    };
    let read: Result<HostLog, ReadError> = hostlog::read(bytes, &limits);
    match read {
        Ok(log) => {
            assert!(log.entries.len() <= 1000);
            assert!(log.crossings() <= log.entries.len() as u64);
            assert_safe(&log.recorder, false);
        }
        Err(error) => {
            assert!(error.line >= 1);
            assert_safe(&error.to_string(), false);
        }
    }
}
