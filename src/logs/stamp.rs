//! The time that a line begins with, in every spelling of the runtime, the engine and the journal.

use super::months::{Month, month};
use super::time::{DAY, Iso, Moment, american, clock, in_utc, iso, microseconds, midnight};

/// Bytes of a line in which its time stands; Compose writes a container's name before it, syslog a
/// host's and a process's.
const HEAD: usize = 200;

/// The times that a line has. Two lines are compared by the clock that both have.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Stamp {
    pub(super) utc: Option<Moment>,
    /// The time of a prefix without a zone, as syslog and `journalctl` write it.
    pub(super) local: Option<Local>,
    /// Whether both are there and the first names its zone, so that they tell the prefix's offset.
    pub(super) tells_offset: bool,
}

/// A time that names no zone, and a year in some spellings alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Local {
    pub(super) year: Option<i64>,
    pub(super) month: Month,
    pub(super) day: i64,
    /// Milliseconds of the day.
    pub(super) time: i64,
}

impl Stamp {
    pub(super) fn utc(at: Moment) -> Self {
        Self { utc: Some(at), ..Self::default() }
    }

    /// Whether the line has no time.
    pub(super) fn is_none(self) -> bool {
        self.utc.is_none() && self.local.is_none()
    }

    /// This one, or another where a line has none.
    pub(super) fn or(self, other: Self) -> Self {
        if self.is_none() { other } else { self }
    }

    /// Milliseconds from another time to this, by the clock that both have; `None` where they have
    /// no clock in common. What two clocks differ in is no time that has passed.
    pub(super) fn since(self, earlier: Self) -> Option<i64> {
        if let (Some(late), Some(early)) = (self.utc, earlier.utc) {
            return Some(late - early);
        }
        let (late, early) = (self.local?, earlier.local?);
        let early = early.in_year(early.year.unwrap_or(SOME_YEAR))?;
        let year = late.year.unwrap_or(SOME_YEAR);
        let distances = [year - 1, year, year + 1].map(|year| Some(late.in_year(year)? - early));
        distances.into_iter().flatten().min_by_key(|distance| distance.abs())
    }
}

/// A leap year, for differences of times that name none.
const SOME_YEAR: i64 = 2000;

impl Local {
    /// The moment that it would be in a year, in UTC; `None` where its month is unknown.
    pub(super) fn in_year(self, year: i64) -> Option<Moment> {
        self.month.number().and_then(|month| self.in_month(year, month))
    }

    pub(super) fn in_month(self, year: i64, month: i64) -> Option<Moment> {
        Some(midnight(year, month, self.day)? + self.time)
    }
}

/// The times that a line has in its front.
pub(super) fn parse_line(line: &[u8]) -> Stamp {
    let head = line.get(..HEAD).unwrap_or(line);
    for field in [b"__REALTIME_TIMESTAMP=".as_slice(), b"_SOURCE_REALTIME_TIMESTAMP="] {
        if let Some(digits) = head.strip_prefix(field) {
            return Stamp { utc: microseconds(digits), ..Stamp::default() };
        }
    }
    let start = after_decoration(head);
    if let Some(own) = parse_prefix(start) {
        return own;
    }
    // Compose writes a container's name and a bar before the line.
    memchr::memmem::find(head, b"| ")
        .and_then(|bar| head.get(bar + 2..))
        .and_then(|rest| own(after_decoration(rest)))
        .map(|own| Stamp::utc(own.at))
        .unwrap_or_default()
}

fn parse_prefix(start: &[u8]) -> Option<Stamp> {
    if let Some(own) = own(start) {
        let prefix = || (!own.has_zone).then(|| header(own.rest)).flatten();
        let Some(message) = prefix() else { return Some(Stamp::utc(own.at)) };
        return Some(prefixed(local(own.at)?, message));
    }
    if let Some(at) = american(start) {
        return Some(Stamp::utc(at));
    }
    // `Fri 2026-11-14 15:42:48 CET gw1 dockerd[700]: `, as `journalctl -o short-full` writes it.
    let weekday = start.iter().position(|byte| *byte == b' ').filter(|length| *length <= 12);
    if let Some(full) = weekday.and_then(|length| iso(start.get(length + 1..)?)) {
        let rest = full.rest.strip_prefix(b" ").unwrap_or(full.rest);
        let zone = rest.split(|byte| *byte == b' ').next().unwrap_or_default();
        if full.has_zone || matches!(zone, b"UTC" | b"GMT" | b"Z") {
            return Some(Stamp::utc(full.at));
        }
        let message = header(rest.get(zone.len()..).unwrap_or_default()).unwrap_or_default();
        return Some(prefixed(local(full.at)?, message));
    }
    let (local, rest) = syslog(start)?;
    Some(prefixed(local, header(rest).unwrap_or_default()))
}

/// What a process writes itself is finer than its prefix, and has a year.
fn prefixed(local: Local, message: &[u8]) -> Stamp {
    let own = own(message);
    Stamp {
        utc: own.as_ref().map(|own| own.at),
        local: Some(local),
        tells_offset: own.is_some_and(|own| own.has_zone),
    }
}

/// The time at the front of what a program writes: as it is, or in the engine's `time="…"`.
fn own(text: &[u8]) -> Option<Iso<'_>> {
    let quoted = text.strip_prefix(b"time=").unwrap_or(text);
    iso(quoted.strip_prefix(b"\"").unwrap_or(quoted))
}

/// Whether a text begins with a time.
pub(super) fn own_time(text: &[u8]) -> bool {
    own(text).is_some()
}

/// The time that is written without a zone, and was taken for UTC.
fn local(at: Moment) -> Option<Local> {
    let date = in_utc(at)?.date();
    Some(Local {
        year: Some(date.year().into()),
        month: Month::Known(date.month().into()),
        day: date.day().into(),
        time: at.rem_euclid(DAY),
    })
}

/// `Jun 01 08:24:14`, in any language, and what follows it.
fn syslog(text: &[u8]) -> Option<(Local, &[u8])> {
    let length = text.iter().take(24).position(|byte| *byte == b' ')?;
    let (name, rest) = text.split_at_checked(length)?;
    let rest = rest.trim_ascii_start();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (day, after) = rest.split_at_checked(digits).filter(|_| (1..=2).contains(&digits))?;
    let day = day.iter().fold(0, |day, digit| day * 10 + i64::from(digit - b'0'));
    let (time, rest) = clock(after.strip_prefix(b" ")?.trim_ascii_start())?;
    let month = month(name).filter(|_| (1..=31).contains(&day))?;
    Some((Local { year: None, month, day, time }, rest))
}

/// What follows a syslog header, ` host process[pid]: `; `None` where there is no header.
fn header(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.strip_prefix(b" ")?;
    let colon = memchr::memmem::find(rest, b": ")?;
    let (header, message) = rest.split_at_checked(colon)?;
    let is_header = header.split(|byte| *byte == b' ').count() == 2
        && !header.iter().any(|byte| matches!(byte, b'"' | b'='));
    is_header.then(|| after_decoration(message.get(2..).unwrap_or_default()))
}

/// Past the runtime's `<6>`, and what else may stand before a time.
pub(super) fn after_decoration(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(b"MESSAGE=").unwrap_or(line);
    let line = match line {
        [b'<', digit, b'>', rest @ ..] if digit.is_ascii_digit() => rest,
        [b'<', a, b, b'>', rest @ ..] if a.is_ascii_digit() && b.is_ascii_digit() => rest,
        _ => line,
    };
    let begin = line.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'[' | b'('));
    begin.and_then(|begin| line.get(begin..)).unwrap_or_default()
}

/// A line without what the journal's export form and Compose write before it.
pub(super) fn bare(text: &[u8]) -> &[u8] {
    let text = text.strip_prefix(b"MESSAGE=").unwrap_or(text);
    let head = text.get(..48).unwrap_or(text);
    let bar = memchr::memmem::find(head, b" | ");
    bar.and_then(|bar| text.get(bar + 3..)).unwrap_or(text)
}

/// What a line says after a syslog prefix, and the program that the prefix names.
pub(super) fn without_prefix(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = after_decoration(line);
    let rest = match (own(start), syslog(start)) {
        (Some(own), _) => own.rest,
        (None, Some((_, rest))) => rest,
        (None, None) => {
            let weekday = start.iter().position(|byte| *byte == b' ')?;
            let rest = iso(start.get(weekday + 1..)?)?.rest;
            let zone = rest.strip_prefix(b" ").unwrap_or(rest);
            let length = zone.iter().position(|byte| *byte == b' ')?;
            if zone.get(..length)?.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'+') {
                zone.get(length..)?
            } else {
                rest
            }
        }
    };
    let message = header(rest)?;
    let header = rest.strip_prefix(b" ")?;
    let program = header.split(|byte| *byte == b' ').nth(1)?;
    let end = program.iter().position(|byte| matches!(byte, b'[' | b':'));
    Some((end.and_then(|end| program.get(..end)).unwrap_or(program), message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::time::rfc3339;

    fn utc(line: &str) -> Option<String> {
        parse_line(line.as_bytes()).utc.map(rfc3339)
    }

    #[test]
    fn every_spelling_is_read() {
        for (line, moment) in [
            ("2017-11-28 18:46:19 [INF] - Starting", "2017-11-28T18:46:19Z"),
            ("<6> 2020-12-30 23:17:40.335 +00:00 [INF] - Edge", "2020-12-30T23:17:40.335Z"),
            ("2019-03-12 18:46:28.705 -04:00 [INF] - Edge", "2019-03-12T22:46:28.705Z"),
            ("<6>2018-09-10T06:43:26Z [INFO] - Starting", "2018-09-10T06:43:26Z"),
            ("2023-01-01T00:00:00.123456789Z 2023 text", "2023-01-01T00:00:00.123Z"),
            ("3/30/2020 2:37:40 PM info: edgelet_docker", "2020-03-30T14:37:40Z"),
            ("3/30/2020 12:07:40 AM info: edgelet_docker", "2020-03-30T00:07:40Z"),
            ("time=\"2021-03-04T10:11:12.5-07:00\" level=error", "2021-03-04T17:11:12.500Z"),
            (
                "May 29 02:11:14 N8 aziot-identityd[1472]: 2022-05-29T02:11:14Z [WARN] - x",
                "2022-05-29T02:11:14Z",
            ),
            (
                "May 29 04:11:14 N8 dockerd[70]: time=\"2022-05-29T04:11:14.5+02:00\" level=error",
                "2022-05-29T02:11:14.500Z",
            ),
            (
                "Sun 2022-05-29 04:11:14 CEST N8 aziot-edged[9]: 2022-05-29T02:11:14Z [WARN] - x",
                "2022-05-29T02:11:14Z",
            ),
            ("Sun 2022-05-29 02:11:14 UTC N8 systemd[1]: Started.", "2022-05-29T02:11:14Z"),
            ("2022-05-29T04:11:14+0200 N8 systemd[1]: Started.", "2022-05-29T02:11:14Z"),
            ("2022/05/29 02:11:14 socat[12] E \"x\" exists", "2022-05-29T02:11:14Z"),
            ("__REALTIME_TIMESTAMP=1653790274000123", "2022-05-29T02:11:14Z"),
            ("edgeAgent  | <6> 2022-05-29 02:11:14 [INF]", "2022-05-29T02:11:14Z"),
        ] {
            assert_eq!(utc(line).as_deref(), Some(moment), "{line}");
        }
    }

    #[test]
    fn a_prefix_without_a_zone_is_kept_apart() {
        for line in [
            "May 29 04:11:14 N8 systemd[1]: Started.",
            "5月 29 04:11:14 N8 systemd[1]: Started.",
            "mai 29 04:11:14 N8 systemd[1]: Started.",
            "5월 29 04:11:14 N8 kernel: Started.",
            "2022-05-29 04:11:14 N8 aziot-edged[9]: Started.",
            "So 2022-05-29 04:11:14 CEST N8 systemd[1]: Started.",
        ] {
            let stamp = parse_line(line.as_bytes());
            assert_eq!(stamp.utc, None, "{line}");
            let local = stamp.local.expect("a prefix");
            assert_eq!(local.in_year(2022).map(rfc3339).unwrap(), "2022-05-29T04:11:14Z", "{line}");
        }
    }

    #[test]
    fn other_lines_have_no_time() {
        for line in
            ["", "   at System.Threading", "caused by: timed out", "2017-99-28 18:46:19", "<"]
        {
            assert!(parse_line(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn two_clocks_have_no_time_between_them() {
        let of = |line: &str| parse_line(line.as_bytes());
        let both = of("Nov 14 15:42:48 gw aziot-edged[1]: 2026-11-14T14:42:48Z [WARN] - x");
        let prefix = of("Nov 14 15:42:49 gw systemd[1]: y");
        let own = of("2026-11-14T14:43:48Z z");
        assert_eq!(prefix.since(both), Some(1_000));
        assert_eq!(own.since(both), Some(60_000));
        assert_eq!(own.since(prefix), None);
        let new_year = of("Jan 01 00:00:10 gw systemd[1]: y");
        assert_eq!(new_year.since(of("Dec 31 23:59:50 gw systemd[1]: y")), Some(20_000));
    }

    #[test]
    fn the_program_of_a_prefix_is_read() {
        for (line, program, message) in [
            ("May 29 02:11:14 N8 dockerd[70]: time=x", "dockerd", "time=x"),
            ("2022-05-29T04:11:14+0200 N8 kernel: text", "kernel", "text"),
            ("Sun 2022-05-29 04:11:14 CEST N8 systemd[1]: Started.", "systemd", "Started."),
        ] {
            let (of, says) = without_prefix(line.as_bytes()).expect("a prefix");
            assert_eq!((of, says), (program.as_bytes(), message.as_bytes()));
        }
        assert_eq!(without_prefix(b"<6> 2020-12-30 23:17:40.335 +00:00 [INF] - a: b"), None);
    }
}
