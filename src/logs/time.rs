//! Times as log lines write them, without a calendar library and without a clock.

/// A moment, in milliseconds since 1970, UTC.
pub type Moment = i64;

/// What a line's own time leaves open.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reference {
    /// The present, for times that name no year; without it they have none.
    pub now: Option<Moment>,
}

/// Bytes of a line in which its time stands; Compose writes a container's name before it, syslog a
/// host's and a process's.
const HEAD: usize = 160;

const DAY: i64 = 86_400_000;

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// The time that a line begins with, in any spelling of the runtime, the engine and the journal.
///
/// A time without a zone is taken for UTC, which is what containers run in.
pub(super) fn of_line(line: &[u8], reference: Reference) -> Option<Moment> {
    let head = line.get(..HEAD).unwrap_or(line);
    for field in [b"__REALTIME_TIMESTAMP=".as_slice(), b"_SOURCE_REALTIME_TIMESTAMP="] {
        if let Some(digits) = head.strip_prefix(field) {
            return microseconds(digits);
        }
    }
    let start = after_decoration(head);
    if let Some(moment) = iso(start).or_else(|| american(start)) {
        return Some(moment);
    }
    if let Some(quoted) = start.strip_prefix(b"time=\"") {
        return iso(quoted);
    }
    if MONTHS.iter().any(|month| start.starts_with(*month)) {
        // What a process writes itself is finer, and has a year.
        return message_of_syslog(start).and_then(iso).or_else(|| syslog(start, reference));
    }
    let bar = memchr::memmem::find(head, b"| ")?;
    iso(after_decoration(head.get(bar + 2..)?))
}

/// The microseconds of the journal's forms.
pub(super) fn microseconds(digits: &[u8]) -> Option<Moment> {
    let mut reader = Reader(digits);
    reader.number(1, 18).map(|micros| micros / 1_000)
}

/// RFC 3339, UTC, to the second where the moment is one.
pub fn rfc3339(moment: Moment) -> String {
    let (days, rest) = (moment.div_euclid(DAY), moment.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milli) = (rest / 1_000 % 60, rest % 1_000);
    let fraction = if milli == 0 { String::new() } else { format!(".{milli:03}") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// A time as a person gives it: RFC 3339 or a part of it, from the date on.
pub fn parse(text: &str) -> Option<Moment> {
    let mut reader = Reader(text.trim().as_bytes());
    let moment = reader.iso().or_else(|| {
        reader = Reader(text.trim().as_bytes());
        reader.date()
    })?;
    reader.0.is_empty().then_some(moment)
}

/// Past the runtime's `<6>`, and what else may stand before a time.
fn after_decoration(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(b"MESSAGE=").unwrap_or(line);
    let line = match line {
        [b'<', digit, b'>', rest @ ..] if digit.is_ascii_digit() => rest,
        [b'<', a, b, b'>', rest @ ..] if a.is_ascii_digit() && b.is_ascii_digit() => rest,
        _ => line,
    };
    let begin = line.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'[' | b'('));
    begin.and_then(|begin| line.get(begin..)).unwrap_or_default()
}

fn iso(text: &[u8]) -> Option<Moment> {
    Reader(text).iso()
}

/// `Jun 01 08:24:14`, as syslog and `journalctl` write it; none where the year is not known.
fn syslog(text: &[u8], reference: Reference) -> Option<Moment> {
    let month = MONTHS.iter().position(|name| text.starts_with(*name))?;
    let mut reader = Reader(text.get(3..)?);
    reader.spaces();
    let day = reader.number(1, 2)?;
    reader.spaces();
    let time = reader.clock()?;
    let month = i64::try_from(month).ok()? + 1;
    let now = reference.now?;
    let (year, ..) = civil(now.div_euclid(DAY));
    let in_year = |year| Some(days(year, month, day)? * DAY + time);
    // A time of tomorrow or later was last year.
    in_year(year).filter(|moment| *moment <= now + DAY).or_else(|| in_year(year - 1))
}

/// What follows `host process[pid]: `.
fn message_of_syslog(text: &[u8]) -> Option<&[u8]> {
    let colon = memchr::memmem::find(text, b"]: ")?;
    text.get(colon + 3..).map(after_decoration)
}

/// `3/30/2020 2:37:40 PM`, as the daemon on Windows writes it.
fn american(text: &[u8]) -> Option<Moment> {
    let mut reader = Reader(text);
    let month = reader.number(1, 2)?;
    reader.skip(b"/")?;
    let day = reader.number(1, 2)?;
    reader.skip(b"/")?;
    let year = reader.number(4, 4)?;
    reader.skip(b" ")?;
    let time = reader.clock()?;
    reader.skip(b" ")?;
    let hour = time / 3_600_000;
    let half = match (reader.0.get(..2)?, hour) {
        (b"AM", 12) => -12,
        (b"PM", 1..12) => 12,
        (b"AM" | b"PM", _) => 0,
        _ => return None,
    };
    Some(days(year, month, day)? * DAY + time + half * 3_600_000)
}

/// Reads from the front of a text.
struct Reader<'t>(&'t [u8]);

impl Reader<'_> {
    /// `2017-11-28 18:46:19`, with `T`, a fraction and a zone as they come.
    fn iso(&mut self) -> Option<Moment> {
        let date = self.date()?;
        if self.skip(b"T").is_none() {
            self.skip(b" ")?;
        }
        let time = self.clock()?;
        let zone = self.zone().unwrap_or_default();
        Some(date + time - zone)
    }

    fn date(&mut self) -> Option<Moment> {
        let year = self.number(4, 4)?;
        self.skip(b"-")?;
        let month = self.number(2, 2)?;
        self.skip(b"-")?;
        Some(days(year, month, self.number(2, 2)?)? * DAY)
    }

    /// Hours, minutes, perhaps seconds and a fraction, in milliseconds.
    fn clock(&mut self) -> Option<i64> {
        let hour = self.number(1, 2)?;
        self.skip(b":")?;
        let minute = self.number(2, 2)?;
        let second = if self.skip(b":").is_some() { self.number(2, 2)? } else { 0 };
        let mut milli = 0;
        if self.skip(b".").or_else(|| self.skip(b",")).is_some() {
            let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let kept = digits.min(3);
            milli = self.number(kept, kept)?;
            milli *= 10_i64.pow(u32::try_from(3 - kept).ok()?);
            self.0 = self.0.get(digits - kept..)?;
        }
        let sane = hour < 24 && minute < 60 && second <= 60;
        sane.then_some(((hour * 60 + minute) * 60 + second) * 1_000 + milli)
    }

    /// `Z`, `+00:00` or `-0400`, after a space or not.
    fn zone(&mut self) -> Option<i64> {
        let before = self.0;
        let _ = self.skip(b" ");
        let read = self.zone_alone();
        if read.is_none() {
            self.0 = before;
        }
        read
    }

    fn zone_alone(&mut self) -> Option<i64> {
        if self.skip(b"Z").is_some() {
            return Some(0);
        }
        let sign = if self.skip(b"+").is_some() {
            1
        } else {
            self.skip(b"-")?;
            -1
        };
        let hours = self.number(2, 2)?;
        let _ = self.skip(b":");
        Some(sign * (hours * 60 + self.number(2, 2)?) * 60_000)
    }

    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let digits = self.0.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        if digits < least || digits == 0 {
            return None;
        }
        let (read, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        Some(read.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
    }

    fn skip(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    fn spaces(&mut self) {
        while self.skip(b" ").is_some() {}
    }
}

/// Days since 1970 of a date of the Gregorian calendar (Howard Hinnant, chrono-compatible
/// low-level date algorithms).
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1970..=9999).contains(&year) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let in_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    Some(era * 146_097 + in_era - 719_468)
}

/// The date of a day since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, in_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let of_year = in_era - (365 * of_era + of_era / 4 - of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Option<String> {
        of_line(line.as_bytes(), Reference { now: parse("2022-06-01T00:00:00Z") }).map(rfc3339)
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
            ("May 29 02:11:14 N8 systemd[1]: Started.", "2022-05-29T02:11:14Z"),
            ("Dec 29 02:11:14 N8 systemd[1]: Started.", "2021-12-29T02:11:14Z"),
            ("__REALTIME_TIMESTAMP=1653790274000123", "2022-05-29T02:11:14Z"),
            ("edgeAgent  | <6> 2022-05-29 02:11:14 [INF]", "2022-05-29T02:11:14Z"),
        ] {
            assert_eq!(told(line).as_deref(), Some(moment), "{line}");
        }
    }

    #[test]
    fn other_lines_have_no_time() {
        for line in
            ["", "   at System.Threading", "caused by: timed out", "2017-99-28 18:46:19", "<"]
        {
            assert_eq!(told(line), None, "{line}");
        }
    }

    #[test]
    fn dates_go_there_and_back() {
        for days_since in (0..40_000).step_by(13) {
            let (year, month, day) = civil(days_since);
            assert_eq!(days(year, month, day), Some(days_since));
        }
        assert_eq!(parse("2024-02-29"), parse("2024-02-29T00:00Z"));
        assert_eq!(parse("yesterday"), None);
    }
}
