//! A source's clock: how far its prefixes are from UTC, learned from lines that carry both times.

use super::months::Month;
use super::stamp::{Local, Stamp};
use super::time::{DAY, Moment, in_utc};

/// No zone is further from UTC than this; milliseconds.
const FARTHEST_ZONE: i64 = 15 * 3_600_000;

/// Every zone is a multiple of a quarter of an hour. A line reaches its prefix with less delay than
/// `SLACK`, else its offset is another clock's and stays as it is.
const QUARTER: i64 = 15 * 60_000;
const SLACK: i64 = 2 * 60_000;

/// Names of months that one source may teach.
const NAMES: usize = 24;

/// What is known of a source's prefixes.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    /// The present, for prefixes that name no year where no line tells it.
    now: Option<Moment>,
    /// The last line that had both times.
    anchor: Option<Anchor>,
    months: Vec<(Month, i64)>,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    utc: Moment,
    /// What the prefix is ahead of UTC.
    offset: i64,
}

impl Clock {
    pub(super) fn new(now: Option<Moment>) -> Self {
        Self { now, ..Self::default() }
    }

    pub(super) fn has_learned(&self) -> bool {
        self.anchor.is_some()
    }

    /// Takes what a line with both times tells.
    pub(super) fn learn(&mut self, stamp: Stamp) {
        let (Some(utc), Some(local), true) = (stamp.utc, stamp.local, stamp.tells_offset) else {
            return;
        };
        let Some(date) = in_utc(utc) else { return };
        let (year, month) = (i64::from(date.year()), i64::from(date.month()));
        let months = match local.month {
            Month::Known(month) => vec![month],
            // The prefix may be on the other side of a month's end.
            Month::Named(_) => vec![month, month % 12 + 1, (month + 10) % 12 + 1],
        };
        let offset = months
            .into_iter()
            .flat_map(|month| [year, year - 1, year + 1].map(|year| (month, year)))
            .filter_map(|(month, year)| Some((month, local.in_month(year, month)? - utc)))
            .find(|(_, offset)| offset.abs() <= FARTHEST_ZONE);
        let Some((month, offset)) = offset else { return };
        if matches!(local.month, Month::Named(_))
            && self.months.len() < NAMES
            && !self.months.iter().any(|(name, _)| *name == local.month)
        {
            self.months.push((local.month, month));
        }
        let whole = (offset + QUARTER / 2).div_euclid(QUARTER) * QUARTER;
        let offset = if (offset - whole).abs() <= SLACK { whole } else { offset };
        self.anchor = Some(Anchor { utc, offset });
    }

    /// The moment of a stamp. A prefix whose zone and year no line tells is taken for UTC, and for
    /// the last twelve months.
    pub(super) fn moment(&self, stamp: Stamp) -> Option<Moment> {
        if stamp.utc.is_some() {
            return stamp.utc;
        }
        let local = self.named(stamp.local?);
        let Some(anchor) = self.anchor else { return self.guessed(local) };
        let year = i64::from(in_utc(anchor.utc)?.year());
        let years = local.year.map_or([year - 1, year, year + 1], |own| [own; 3]);
        let moments = years.map(|year| Some(local.in_year(year)? - anchor.offset));
        moments.into_iter().flatten().min_by_key(|moment| (moment - anchor.utc).abs())
    }

    /// Milliseconds between two lines; `None` where they have no clock in common.
    pub(super) fn between(&self, late: Stamp, early: Stamp) -> Option<i64> {
        let named = |stamp: Stamp| Stamp { local: stamp.local.map(|own| self.named(own)), ..stamp };
        named(late).since(named(early)).or_else(|| {
            self.anchor?;
            Some(self.moment(late)? - self.moment(early)?)
        })
    }

    fn guessed(&self, local: Local) -> Option<Moment> {
        if let Some(year) = local.year {
            return local.in_year(year);
        }
        let now = self.now?;
        let year = i64::from(in_utc(now)?.year());
        // A time of tomorrow or later was last year.
        let of_this_year = local.in_year(year).filter(|moment| *moment <= now + DAY);
        of_this_year.or_else(|| local.in_year(year - 1))
    }

    fn named(&self, local: Local) -> Local {
        let known = self.months.iter().find(|(name, _)| *name == local.month);
        Local { month: known.map_or(local.month, |(_, month)| Month::Known(*month)), ..local }
    }
}

#[cfg(test)]
mod tests {
    use super::super::stamp::parse_line;
    use super::super::time::{parse, rfc3339};
    use super::*;

    fn told(clock: &Clock, line: &str) -> Option<String> {
        clock.moment(parse_line(line.as_bytes())).map(rfc3339)
    }

    fn taught(line: &str) -> Clock {
        let mut clock = Clock::new(parse("2026-11-30T00:00:00Z"));
        clock.learn(parse_line(line.as_bytes()));
        clock
    }

    #[test]
    fn offset_and_year_are_learned() {
        for (line, prefix, moment) in [
            (
                "Nov 14 15:42:48 gw aziot-edged[1]: 2023-11-14T14:42:49Z [WARN] - x",
                "Nov 14 15:43:00 gw systemd[1]: y",
                "2023-11-14T14:43:00Z",
            ),
            (
                "2月 25 12:23:45 gw aziot-edged[1]: 2025-02-25T03:23:45Z [WARN] - x",
                "2月 25 12:24:45 gw systemd[1]: y",
                "2025-02-25T03:24:45Z",
            ),
            (
                "лис 14 15:42:48 gw aziot-edged[1]: 2025-11-14T13:42:48Z [WARN] - x",
                "лис 14 15:43:48 gw systemd[1]: y",
                "2025-11-14T13:43:48Z",
            ),
            (
                "Dec 31 23:59:50 gw aziot-edged[1]: 2023-12-31T18:29:50Z [WARN] - x",
                "Jan  1 00:00:10 gw systemd[1]: y",
                "2023-12-31T18:30:10Z",
            ),
            (
                "Jan  1 05:29:50 gw aziot-edged[1]: 2023-12-31T23:59:50Z [WARN] - x",
                "Jan  1 05:30:10 gw systemd[1]: y",
                "2024-01-01T00:00:10Z",
            ),
        ] {
            let clock = taught(line);
            assert_eq!(told(&clock, prefix).as_deref(), Some(moment), "{line}");
            let (late, early) = (parse_line(prefix.as_bytes()), parse_line(line.as_bytes()));
            let passed = clock.between(late, early).expect("one clock");
            assert!((0..=60_000).contains(&passed), "{line}: {passed}");
        }
    }

    #[test]
    fn without_such_a_line_a_prefix_is_of_the_last_twelve_months() {
        let clock = Clock::new(parse("2022-06-01T00:00:00Z"));
        let told = |line| told(&clock, line);
        assert_eq!(told("May 29 02:11:14 N8 a[1]: x").as_deref(), Some("2022-05-29T02:11:14Z"));
        assert_eq!(told("Dec 29 02:11:14 N8 a[1]: x").as_deref(), Some("2021-12-29T02:11:14Z"));
        assert_eq!(told("лис 14 15:42:48 gw a[1]: x"), None);
        let own = parse_line(b"2021-12-29T05:00:00Z x");
        assert_eq!(clock.between(own, parse_line(b"Dec 29 02:11:14 N8 a[1]: x")), None);
    }

    #[test]
    fn a_time_without_a_zone_teaches_nothing() {
        let clock = taught("Nov 14 15:42:48 gw app[1]: 2026-11-14 15:42:48,123 x");
        assert!(!clock.has_learned());
    }
}
