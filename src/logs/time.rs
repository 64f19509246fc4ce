//! Moments, and the spellings of a time, without a calendar library and without a clock.

/// A moment, in milliseconds since 1970, UTC.
pub type Moment = i64;

pub(super) const DAY: i64 = 86_400_000;

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
    Some(days(year, month, day)? * DAY + time + half * 3_600_000)
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
}

/// Days since 1970 of a date of the Gregorian calendar (Howard Hinnant, chrono-compatible
/// low-level date algorithms).
pub(super) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
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
pub(super) fn civil(days: i64) -> (i64, i64, i64) {
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
