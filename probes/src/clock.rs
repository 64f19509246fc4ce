//! How far is the device's clock from its peers'?

use std::time::{Instant, SystemTime};

use edgeprobe_facts::clock::{ClockFacts, ClockSource};
use edgeprobe_facts::endpoint::TrustResult;
use edgeprobe_facts::{Facts, Failure, Observation, Outcome, Step, Token, Vantage};

use crate::recorder::{Recorder, Timeline};

/// How far the clock may be off, in seconds.
///
/// Azure accepts tokens and requests that are about five minutes off; certificates that were
/// issued today are backdated by no more than hours. Below this the clock breaks nothing.
const TOLERANCE_S: f64 = 300.0;

/// Compares the device's clock with the dates of the HTTP answers among the observations.
///
/// Only a peer whose certificate verifies counts, at whatever time: anyone else, a portal or an
/// inspecting proxy, may say any date. Nothing when there is no such answer.
pub fn compare(
    timeline: Timeline,
    vantage: &Vantage,
    observations: &[Observation],
) -> Option<Observation> {
    let mut recorder = Recorder::start(timeline);
    let begun = Instant::now();
    let sources: Vec<ClockSource> = observations.iter().filter_map(source).collect();
    let offset = median(sources.iter().map(|source| source.offset_s).collect())?;

    let result = judge(offset, sources.len());
    let outcome = if result.is_ok() { Outcome::Pass } else { Outcome::Fail };
    recorder.record(Step::Compare, outcome, begun);
    let facts = ClockFacts { device_time: device_time(), offset_s: Some(offset), sources };
    Some(recorder.finish(vantage, "http-date", "the hub's clock", result, Facts::Clock(facts)))
}

fn judge(offset: f64, sources: usize) -> Result<(), Failure> {
    if offset.abs() <= TOLERANCE_S {
        return Ok(());
    }
    let (token, direction) =
        if offset < 0.0 { (Token::ClockBehind, "behind") } else { (Token::ClockAhead, "ahead of") };
    let answers = if sources == 1 { "an answer".to_owned() } else { format!("{sources} answers") };
    let detail = format!(
        "this device's clock is {} {direction} the date of {answers}",
        spoken(offset.abs())
    );
    Err(Failure::new(Step::Compare, token, detail))
}

/// What one observation says of the time, if it says anything that counts.
fn source(observation: &Observation) -> Option<ClockSource> {
    let facts = observation.facts.endpoint()?;
    let trust = facts.tls.as_ref()?.trust.as_ref()?;
    if trust.within_validity != TrustResult::Trusted {
        return None;
    }
    let http = facts.http.as_ref()?;
    // The date has whole seconds and says nothing of the fraction: on average half a second.
    let peer_time = http.date? as f64 + 0.5;
    let exchange_ms = observation
        .steps
        .iter()
        .filter(|record| matches!(record.step, Step::Http | Step::Upgrade))
        .map(|record| record.duration_ms)
        .next_back()
        .unwrap_or(observation.duration_ms);
    Some(ClockSource {
        observation: observation.id.clone(),
        offset_s: milliseconds_of(http.device_time? - peer_time),
        uncertainty_s: milliseconds_of(0.5 + exchange_ms / 2e3),
    })
}

fn median(mut offsets: Vec<f64>) -> Option<f64> {
    offsets.sort_by(f64::total_cmp);
    let middle = offsets.len() / 2;
    let upper = *offsets.get(middle)?;
    if offsets.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *offsets.get(middle.checked_sub(1)?)?;
    Some(milliseconds_of(f64::midpoint(lower, upper)))
}

/// Seconds, to the millisecond.
fn milliseconds_of(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}

/// The device's time in seconds since 1970; zero before.
fn device_time() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// A duration of minutes and more, in the one unit that a person would use.
fn spoken(seconds: f64) -> String {
    const UNITS: [(f64, &str); 3] = [(86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes")];
    UNITS.iter().find(|(length, _)| seconds >= 2.0 * length).map_or_else(
        || format!("{seconds:.0} seconds"),
        |(length, unit)| format!("{:.0} {unit}", seconds / length),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use edgeprobe_facts::endpoint::{EndpointFacts, HttpFacts, TlsFacts, Transport, Trust};
    use edgeprobe_facts::{Role, StepRecord};

    use super::*;

    /// An answer dated 1000 s, taken at `device_time` on the device in an exchange of 200 ms.
    fn answer(device_time: f64, within_validity: TrustResult) -> Observation {
        let trust = Trust {
            device: TrustResult::Expired,
            ca_file: None,
            public: TrustResult::Expired,
            within_validity,
        };
        let facts = EndpointFacts {
            detour: None,
            proxy: None,
            transport: Transport::Https,
            role: Role::Hub,
            server: "hub.example".to_owned(),
            port: 443,
            peer: [192, 0, 2, 1].into(),
            local: None,
            round_trip_ms: None,
            kernel_round_trip_ms: None,
            round_trips: None,
            tls: Some(TlsFacts { trust: Some(trust), ..TlsFacts::default() }),
            http: Some(HttpFacts {
                date: Some(1000),
                device_time: Some(device_time),
                ..HttpFacts::default()
            }),
            amqp: None,
            mqtt: None,
            unexpected: None,
        };
        let step = StepRecord { step: Step::Http, outcome: Outcome::Pass, duration_ms: 200.0 };
        Observation {
            id: format!("host/https/{device_time}"),
            vantage: Vantage::Host,
            target: String::new(),
            outcome: Outcome::Pass,
            failure: None,
            started_ms: 0.0,
            duration_ms: 500.0,
            steps: vec![step],
            tries: None,
            facts: Facts::Https(facts),
        }
    }

    fn compared(observations: &[Observation]) -> Option<Observation> {
        compare(Timeline::start(Duration::from_secs(1)), &Vantage::Host, observations)
    }

    fn facts(observation: &Observation) -> &ClockFacts {
        match &observation.facts {
            Facts::Clock(facts) => facts,
            other => panic!("not a clock: {other:?}"),
        }
    }

    #[test]
    fn the_median_answer_counts() {
        let times = [1000.5, 1001.5, 9_999_999.0].map(|time| answer(time, TrustResult::Trusted));
        let seen = compared(&times).unwrap();
        assert_eq!(seen.id, "host/clock/http-date");
        assert_eq!(seen.outcome, Outcome::Pass);
        assert_eq!(facts(&seen).offset_s, Some(1.0));
        assert!((facts(&seen).sources[0].uncertainty_s - 0.6).abs() < 1e-9);
    }

    #[test]
    fn five_minutes_are_borne_and_no_more() {
        let token = |time| compared(&[answer(time, TrustResult::Trusted)]).unwrap().token();
        assert_eq!(token(1000.5 + 300.0), None);
        assert_eq!(token(1000.5 + 301.0), Some(Token::ClockAhead));
        assert_eq!(token(1000.5 - 301.0), Some(Token::ClockBehind));
        let seen = compared(&[answer(1000.5 - 7200.0, TrustResult::Trusted)]).unwrap();
        let detail = seen.failure.unwrap().detail;
        assert_eq!(detail, "this device's clock is 2 hours behind the date of an answer");
    }

    #[test]
    fn an_impostors_date_is_no_evidence() {
        assert!(compared(&[answer(5000.0, TrustResult::UnknownIssuer)]).is_none());
        assert!(compared(&[answer(5000.0, TrustResult::NameMismatch)]).is_none());
        assert!(compared(&[]).is_none());
    }
}
