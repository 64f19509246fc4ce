//! When a job runs: each so many minutes, or as an expression of cron says.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Zoned;

use super::Refused;

/// The five fields of cron: minute, hour, day of the month, month, day of the week.
pub(super) const FIELDS: usize = 5;

const MINUTES_OF_A_DAY: u64 = 24 * 60;

/// A run may start this much later than its time, so that not all devices start at once.
const LONGEST_DELAY: Duration = Duration::from_mins(15);

/// So many runs are looked at for the shortest time between two.
const RUNS_LOOKED_AT: usize = 200;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
pub(super) const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const NICKNAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// The times of a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Times {
    /// Each so many minutes: a number that divides an hour, or whole hours that divide a day.
    Every(u64),
    /// As five fields say, in numbers.
    Cron { fields: [String; FIELDS], cron: Box<Cron> },
}

impl Times {
    /// Each `interval`, which a person wrote as `given`.
    pub fn every(interval: Duration) -> Result<Self, Refused> {
        let shown = humantime::format_duration(interval);
        if interval < Duration::from_mins(1) {
            return Err(Refused::new(
                format!(
                    "--every {shown}: runs at less than 1 minute from each other load the device"
                ),
                "for example --every 15m; `edgeprobe vpn --watch` tells of a change at once",
            ));
        }
        let minutes = interval.as_secs() / 60;
        let even = interval.as_secs().is_multiple_of(60) && interval.subsec_nanos() == 0;
        if even && divides(minutes) {
            return Ok(Self::Every(minutes));
        }
        let nearest = (1..=MINUTES_OF_A_DAY)
            .filter(|minutes| divides(*minutes))
            .min_by_key(|other| other.abs_diff(minutes))
            .unwrap_or(1);
        Err(Refused::new(
            format!("--every {shown}: neither an hour nor a day is divided evenly by it"),
            format!(
                "the nearest is --every {}; --cron takes any times",
                humantime::format_duration(Duration::from_mins(nearest))
            ),
        ))
    }

    /// As an expression of cron says: five fields or a nickname such as `@hourly`.
    pub fn cron(expression: &str) -> Result<Self, Refused> {
        let shown = edgeprobe_facts::clean::line(expression, 60);
        let wrong = |what: String| {
            Refused::new(
                format!("--cron `{shown}`: {what}"),
                "five fields: minute, hour, day of the month, month, day of the week; for example \
                 --cron \"*/15 6-18 * * mon-fri\"",
            )
        };
        let lower = expression.trim().to_lowercase();
        let nickname = NICKNAMES.iter().find(|(name, _)| *name == lower);
        let text = nickname.map_or(lower.as_str(), |(_, fields)| fields);
        let fields: Vec<String> = text
            .split_whitespace()
            .enumerate()
            .map(|(index, field)| in_numbers(index, field))
            .collect::<Option<_>>()
            .ok_or_else(|| wrong("this cannot be read as times of cron".to_owned()))?;
        let fields: [String; FIELDS] =
            fields.try_into().map_err(|_| wrong("it has not five fields".to_owned()))?;
        let cron = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build()
            .parse(&fields.join(" "))
            .map_err(|error| wrong(error.to_string()))?;
        let times = Self::Cron { fields, cron: Box::new(cron) };
        // The thirtieth of February.
        if times.after(&Zoned::now()).is_none() {
            return Err(wrong("this time never comes".to_owned()));
        }
        Ok(times)
    }

    /// The five fields, `shift` minutes later where they are those of an interval.
    pub(super) fn fields(&self, shift: u64) -> [String; FIELDS] {
        let star = || "*".to_owned();
        match self {
            Self::Cron { fields, .. } => fields.clone(),
            Self::Every(1) => [star(), star(), star(), star(), star()],
            Self::Every(minutes @ ..60) if shift == 0 => {
                [format!("*/{minutes}"), star(), star(), star(), star()]
            }
            Self::Every(minutes @ ..60) => {
                [format!("{shift}-59/{minutes}"), star(), star(), star(), star()]
            }
            Self::Every(60) => [shift.to_string(), star(), star(), star(), star()],
            Self::Every(MINUTES_OF_A_DAY) => {
                [shift.to_string(), "0".to_owned(), star(), star(), star()]
            }
            Self::Every(minutes) => {
                [shift.to_string(), format!("*/{}", minutes / 60), star(), star(), star()]
            }
        }
    }

    /// How much later than its time a run may start.
    pub(super) fn longest_delay(&self) -> Duration {
        match self {
            Self::Every(minutes) => LONGEST_DELAY.min(Duration::from_mins(*minutes)),
            Self::Cron { .. } => Duration::from_mins(1),
        }
    }

    /// The shortest time between two runs.
    pub fn shortest_gap(&self) -> Duration {
        let Self::Cron { .. } = self else {
            let Self::Every(minutes) = self else { return Duration::ZERO };
            return Duration::from_mins(*minutes);
        };
        let mut shortest = Duration::from_hours(24 * 366);
        let mut at = Zoned::now();
        for index in 0..RUNS_LOOKED_AT {
            let Some(next) = self.after(&at) else { break };
            // The first is some time after now, which is no run.
            if index > 0 {
                shortest = shortest.min(next.duration_since(&at).unsigned_abs());
            }
            at = next;
        }
        shortest
    }

    /// The first time after this one, in the time zone of this one.
    pub fn after(&self, time: &Zoned) -> Option<Zoned> {
        let parsed;
        let cron = match self {
            Self::Cron { cron, .. } => cron.as_ref(),
            Self::Every(_) => {
                parsed = self.fields(0).join(" ").parse::<Cron>().ok()?;
                &parsed
            }
        };
        cron.find_next_occurrence(time, false).ok()
    }
}

/// Whether an hour, or in whole hours a day, is divided evenly.
fn divides(minutes: u64) -> bool {
    match minutes {
        0 => false,
        1..=60 => 60 % minutes == 0,
        _ => minutes.is_multiple_of(60) && MINUTES_OF_A_DAY.is_multiple_of(minutes),
    }
}

/// A field with numbers in the place of names, which crons take outside of ranges alone; nothing
/// where it has what not every cron knows.
fn in_numbers(index: usize, field: &str) -> Option<String> {
    let numbered = |word: &str| -> Option<String> {
        let name = |names: &[&str], first: usize| {
            names.iter().position(|name| *name == word).map(|at| (at + first).to_string())
        };
        match word {
            "*" => Some(word.to_owned()),
            word if !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) => {
                Some(word.to_owned())
            }
            _ if index == 3 => name(&MONTHS, 1),
            _ if index == 4 => name(&DAYS, 0),
            _ => None,
        }
    };
    let item = |item: &str| -> Option<String> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) if step.parse::<u8>().is_ok_and(|step| step > 0) => {
                // A step of one number is read differently by each cron.
                (range.contains(['*', '-']).then_some(range)?, format!("/{step}"))
            }
            Some(_) => return None,
            None => (item, String::new()),
        };
        let ends: Vec<String> = range.split('-').map(numbered).collect::<Option<_>>()?;
        let is_range = match ends.as_slice() {
            [_] => true,
            [first, last] => first != "*" && last != "*",
            _ => false,
        };
        is_range.then(|| ends.join("-") + &step)
    };
    field.split(',').map(item).collect::<Option<Vec<_>>>().map(|items| items.join(","))
}

/// As `--every` or `--cron` takes it.
impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(minutes) => {
                write!(f, "every {}", humantime::format_duration(Duration::from_mins(*minutes)))
            }
            Self::Cron { fields, .. } => write!(f, "{}", fields.join(" ")),
        }
    }
}

impl FromStr for Times {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        match text.strip_prefix("every ").map(humantime::parse_duration) {
            Some(Ok(interval)) => Self::every(interval),
            _ => Self::cron(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_divides_an_hour_or_a_day() {
        for (given, fields) in [
            (1, "* * * * *"),
            (15, "*/15 * * * *"),
            (60, "0 * * * *"),
            (360, "0 */6 * * *"),
            (1440, "0 0 * * *"),
        ] {
            let times = Times::every(Duration::from_mins(given)).unwrap();
            assert_eq!(times.fields(0).join(" "), fields);
            assert_eq!(times.to_string().parse::<Times>().unwrap(), times);
        }
        assert_eq!(Times::Every(15).fields(7).join(" "), "7-59/15 * * * *");
        assert_eq!(Times::Every(360).fields(7).join(" "), "7 */6 * * *");
        let seven = Times::every(Duration::from_mins(7)).unwrap_err();
        assert_eq!(seven.hint, "the nearest is --every 6m; --cron takes any times");
        assert!(Times::every(Duration::from_secs(90)).is_err());
        assert!(Times::every(Duration::from_secs(59)).unwrap_err().message.contains("1 minute"));
    }

    #[test]
    fn names_become_numbers_and_what_one_cron_alone_reads_is_refused() {
        let fields = |text| Times::cron(text).map(|times| times.fields(0).join(" "));
        assert_eq!(fields("*/15 6-18 * * MON-fri").unwrap(), "*/15 6-18 * * 1-5");
        assert_eq!(fields("5,35 0 1-7/2 jan,jul *").unwrap(), "5,35 0 1-7/2 1,7 *");
        assert_eq!(fields("@hourly").unwrap(), "0 * * * *");
        for bad in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "5/15 * * * *",
            "@reboot",
            "0 0 L * *",
            "0 0 * * 5#2",
            "0 0 30 2 *",
            "* * * * mon-*",
            "*/0 * * * *",
            "a * * * *",
            "* * * * *\n* ",
        ] {
            assert!(Times::cron(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_shortest_gap_is_between_two_runs() {
        let gap = |text| Times::cron(text).unwrap().shortest_gap();
        assert_eq!(gap("0,5 * * * *"), Duration::from_mins(5));
        assert_eq!(gap("* * * * *"), Duration::from_mins(1));
        assert_eq!(Times::Every(30).shortest_gap(), Duration::from_mins(30));
    }
}
