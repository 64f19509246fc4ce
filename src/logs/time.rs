//! Moments, and the spellings of a time in logs.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

/// A moment, in milliseconds since 1970, UTC.
pub type Moment = i64;

/// Milliseconds.
pub const DAY: i64 = 86_400_000;

/// The microseconds of the journal's forms.
pub(super) fn microseconds(digits: &[u8]) -> Option<Moment> {
    let mut reader = Reader(digits);
    reader.number(1, 18).map(|micros| micros / 1_000)
}

/// RFC 3339, UTC, to the second where the moment is one, else to the millisecond. A moment beyond the
/// year 9999 becomes its end.
pub fn rfc3339(moment: Moment) -> String {
    let at = Timestamp::from_millisecond(moment).unwrap_or(Timestamp::MAX);
    if at.subsec_millisecond() == 0 { at.to_string() } else { format!("{at:.3}") }
}

/// A time as a person gives it: RFC 3339 or a part of it, from the date on.
pub fn parse(text: &str) -> Option<Moment> {
    let mut reader = Reader(text.trim().as_bytes());
    let moment = reader.iso().map(|iso| iso.at).or_else(|| {
        reader = Reader(text.trim().as_bytes());
        reader.date()
    })?;
    reader.0.is_empty().then_some(moment)
}

/// A date and a time, and where its spelling ends.
pub(super) struct Iso<'t> {
    /// Taken for UTC where it names no zone.
    pub(super) at: Moment,
    pub(super) has_zone: bool,
    pub(super) rest: &'t [u8],
}

/// `2017-11-28 18:46:19`, with `T`, a fraction and a zone as they come, at the front of a text.
pub(super) fn iso(text: &[u8]) -> Option<Iso<'_>> {
    let mut reader = Reader(text);
    reader.iso().map(|iso| Iso { rest: reader.0, ..iso })
}

/// The time of the day at the front of a text, in milliseconds, and what follows it.
pub(super) fn clock(text: &[u8]) -> Option<(i64, &[u8])> {
    let mut reader = Reader(text);
    reader.clock().map(|time| (time, reader.0))
}

/// `3/30/2020 2:37:40 PM`, as the daemon on Windows writes it.
pub(super) fn american(text: &[u8]) -> Option<Moment> {
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
    Some(midnight(year, month, day)? + time + half * 3_600_000)
}

/// Reads from the front of a text.
struct Reader<'t>(&'t [u8]);

impl<'t> Reader<'t> {
    fn iso(&mut self) -> Option<Iso<'t>> {
        let date = self.date()?;
        if self.skip(b"T").is_none() {
            self.skip(b" ")?;
        }
        let time = self.clock()?;
        let zone = self.zone();
        let at = date + time - zone.unwrap_or_default();
        Some(Iso { at, has_zone: zone.is_some(), rest: self.0 })
    }

    /// `2017-11-28`, or `2017/11/28` as Go's and socat's logs have it.
    fn date(&mut self) -> Option<Moment> {
        let year = self.number(4, 4)?;
        let separator: &[u8] = if self.skip(b"/").is_some() { b"/" } else { b"-" };
        if separator == b"-" {
            self.skip(b"-")?;
        }
        let month = self.number(2, 2)?;
        self.skip(separator)?;
        midnight(year, month, self.number(2, 2)?)
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
}

/// The begin of a day in UTC; `None` for what is not a date since 1970.
pub(super) fn midnight(year: i64, month: i64, day: i64) -> Option<Moment> {
    let date =
        Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()?;
    let begin = Offset::UTC.to_timestamp(date.to_datetime(Time::midnight())).ok()?.as_millisecond();
    (begin >= 0).then_some(begin)
}

/// The date and time of a moment in UTC.
pub(super) fn in_utc(moment: Moment) -> Option<DateTime> {
    Some(Offset::UTC.to_datetime(Timestamp::from_millisecond(moment).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_a_person_is_read() {
        assert_eq!(parse("2024-02-29"), parse("2024-02-29T00:00Z"));
        assert_eq!(parse("2024-02-29").map(rfc3339).as_deref(), Some("2024-02-29T00:00:00Z"));
        assert_eq!(parse("2023-02-29"), None);
        assert_eq!(parse("yesterday"), None);
    }

    #[test]
    fn a_moment_beyond_all_years_is_told() {
        assert_eq!(rfc3339(i64::MAX).get(..5), Some("9999-"));
    }
}
