//! The values of options, and their parsers. Each error states what is expected.

use std::time::Duration;

use linmem::session::limits::default_max_history;
use linmem::timeline::At;

/// `--max-time`, where 0 means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxTime(pub Option<Duration>);

/// A number of bytes; `None` for what fits the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxHistory(pub Option<u64>);

impl MaxHistory {
    /// Returns the number of bytes.
    pub fn bytes(self) -> u64 {
        self.0.unwrap_or_else(default_max_history)
    }
}

pub fn parse_set(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_string(), value.to_string()))
        }
        _ => Err("expected NAME=VALUE, such as text=Hello".into()),
    }
}

pub fn parse_at(text: &str) -> Result<At, String> {
    let expected =
        || "expected a step's number, such as 4, or 4.12 for a store inside it".to_string();
    At::parse(text).ok_or_else(expected)
}

pub fn parse_screen(text: &str) -> Result<(u16, u16), String> {
    let expected = || "expected columns and rows from 40x12 to 300x100, such as 80x24".to_string();
    let (columns, rows) = text.split_once('x').ok_or_else(expected)?;
    let (columns, rows) = (
        columns.parse().map_err(|_| expected())?,
        rows.parse().map_err(|_| expected())?,
    );
    let fits = (40..=300).contains(&columns) && (12..=100).contains(&rows);
    fits.then_some((columns, rows)).ok_or_else(expected)
}

pub fn parse_size(text: &str) -> Result<u64, String> {
    let expected = || "expected a size such as 64KiB, 16MiB or 1GiB".to_string();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).ok_or_else(expected)?;
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err(expected()),
    };
    let number: u64 = number.parse().map_err(|_| expected())?;
    number.checked_mul(1 << shift).ok_or_else(expected)
}

pub fn parse_max_history(text: &str) -> Result<MaxHistory, String> {
    if text == "auto" {
        return Ok(MaxHistory(None));
    }
    let size = parse_size(text).map_err(|expected| format!("{expected}, or auto"))?;
    Ok(MaxHistory(Some(size)))
}

pub fn parse_count(text: &str) -> Result<u64, String> {
    let expected = || "expected a number of stores such as 20000, 500k, 4M or 1G".to_string();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).ok_or_else(expected)?;
    let times = match unit.trim() {
        "" => 1,
        "k" | "K" => 1_000,
        "m" | "M" => 1_000_000,
        "g" | "G" => 1_000_000_000,
        _ => return Err(expected()),
    };
    let number: u64 = number.parse().map_err(|_| expected())?;
    number.checked_mul(times).ok_or_else(expected)
}

pub fn parse_time(text: &str) -> Result<MaxTime, String> {
    let expected = || "expected a time such as 500ms, 10s or 2m, or 0 for no limit".to_string();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).ok_or_else(expected)?;
    let number: f64 = number.parse().map_err(|_| expected())?;
    let seconds = match unit.trim() {
        "" if number == 0.0 => 0.0,
        "ms" => number / 1000.0,
        "s" => number,
        "m" | "min" => number * 60.0,
        _ => return Err(expected()),
    };
    let time = Duration::try_from_secs_f64(seconds).map_err(|_| expected())?;
    Ok(MaxTime((!time.is_zero()).then_some(time)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_say_what_they_expect() {
        assert_eq!(parse_count("0"), Ok(0));
        assert_eq!(parse_count("500k"), Ok(500_000));
        assert_eq!(parse_count("4M"), Ok(4_000_000));
        assert_eq!(parse_count("1G"), Ok(1_000_000_000));
        for bad in ["", "M", "-1", "1.5M", "4MB", "4 million", "99999999999G"] {
            assert!(parse_count(bad).unwrap_err().contains("500k, 4M"), "{bad}");
        }
    }

    #[test]
    fn sizes_and_times_say_what_they_expect() {
        assert_eq!(parse_size("64KiB"), Ok(65536));
        assert_eq!(parse_size("1GiB"), Ok(1 << 30));
        assert!(parse_size("1TiB").unwrap_err().contains("expected"));
        assert!(parse_size("99999999999GiB").is_err());
        assert_eq!(parse_max_history("auto"), Ok(MaxHistory(None)));
        assert_eq!(parse_max_history("2MiB"), Ok(MaxHistory(Some(2 << 20))));
        assert!(parse_max_history("all").unwrap_err().ends_with("or auto"));
        assert_eq!(parse_time("0"), Ok(MaxTime(None)));
        assert_eq!(
            parse_time("500ms"),
            Ok(MaxTime(Some(Duration::from_millis(500))))
        );
        assert!(parse_time("10").unwrap_err().contains("10s"));
        assert_eq!(parse_screen("120x40"), Ok((120, 40)));
        for bad in ["", "80", "0x0", "39x12", "80x24x2", "99999x24", "-80x24"] {
            assert!(parse_screen(bad).unwrap_err().contains("80x24"), "{bad}");
        }
        assert_eq!(
            parse_at("4.12"),
            Ok(At {
                step: 4,
                store: Some(12)
            })
        );
        assert!(parse_at("x").is_err());
        assert_eq!(parse_set("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(parse_set("a").is_err());
    }
}
