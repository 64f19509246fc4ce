//! cron's five fields as systemd's calendar event (systemd.time(7)).

use std::collections::BTreeSet;
use std::time::Duration;

use super::Refused;
use super::times::{DAYS, Times};

/// The value of `OnCalendar=`.
pub(super) fn on_calendar(times: &Times) -> Result<String, Refused> {
    let [minute, hour, day, month, weekday] = times.fields(0);
    let weekdays = weekdays(&weekday);
    if day != "*" && weekdays.is_some() {
        // cron takes either, systemd both.
        return Err(Refused::new(
            format!(
                "--cron `{times}`: systemd has no times by day of the month or day of the week"
            ),
            "give one of the two, or `--with cron`",
        ));
    }
    let weekdays = weekdays.map(|days| format!("{} ", days.join(","))).unwrap_or_default();
    let (minute, hour) = (items(&minute, 0), items(&hour, 0));
    let (day, month) = (items(&day, 1), items(&month, 1));
    Ok(format!("{weekdays}*-{month}-{day} {hour}:{minute}:00"))
}

/// A span as systemd reads it.
pub(super) fn span(duration: Duration) -> String {
    format!("{}s", duration.as_secs())
}

/// The items of a field whose least value is `least`.
fn items(field: &str, least: u8) -> String {
    let item = |item: &str| {
        let item = item.replace('-', "..");
        match item.strip_prefix("*/") {
            Some(step) => format!("{least}/{step}"),
            None => item,
        }
    };
    field.split(',').map(item).collect::<Vec<_>>().join(",")
}

/// The days of the week by name; nothing where all are meant. systemd knows no steps there.
fn weekdays(field: &str) -> Option<Vec<&'static str>> {
    let mut days = BTreeSet::new();
    for item in field.split(',') {
        let (range, step) = item.split_once('/').unwrap_or((item, "1"));
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (0, 6),
            Some((first, last)) => (first.parse().ok()?, last.parse().ok()?),
            None => (range.parse().ok()?, range.parse().ok()?),
        };
        // Sunday is 0 and 7.
        days.extend((first..=last).step_by(step.parse().ok()?).map(|day: usize| day % 7));
    }
    let names: Vec<&str> = days.into_iter().filter_map(|day| DAYS.get(day).copied()).collect();
    (names.len() < DAYS.len()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_becomes_its_part() {
        let of = |text| on_calendar(&Times::cron(text).unwrap()).unwrap();
        assert_eq!(of("*/15 * * * *"), "*-*-* *:0/15:00");
        assert_eq!(of("5,35 6-18 * * 1-5"), "mon,tue,wed,thu,fri *-*-* 6..18:5,35:00");
        assert_eq!(of("0 0 */2 * *"), "*-*-1/2 0:0:00");
        assert!(on_calendar(&Times::cron("0 0 1 * 1").unwrap()).is_err());
    }
}
