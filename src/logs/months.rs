//! Months in a prefix, whose names are those of the device's language.

/// How glibc's locales abbreviate the months, January first. A name that is another month's in another
/// language is left out: a line that has both times tells what it means.
const NAMES: [&str; 12] = [
    "jan janv ene gen jän sty led oca янв січ",
    "feb fev febr févr lut úno şub фев лют",
    "mar mär märz mars mrt мар бер",
    "apr avr abr kwi dub nis апр кві",
    "may mai maj mag mei kvě май мая тра",
    "jun juin giu cze čen haz июн чер",
    "jul juil lug lip čec tem июл лип",
    "aug août ago sie ağu авг сер",
    "sep sept set wrz zář eyl сен вер",
    "oct okt out ott paź říj eki окт жов",
    "nov kas ноя",
    "dec dez déc dic gru ara дек гру",
];

/// A month by its number, or by a name that is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Month {
    Known(i64),
    /// A name, by its hash: a line that has both times tells which month it is.
    Named(u64),
}

impl Month {
    pub(super) fn number(self) -> Option<i64> {
        match self {
            Self::Known(number) => Some(number),
            Self::Named(_) => None,
        }
    }
}

/// The month that a prefix begins with; `None` for what is not a month.
pub(super) fn month(name: &[u8]) -> Option<Month> {
    let name = std::str::from_utf8(name).ok()?;
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 {
        let number: i64 = name.get(..digits)?.parse().ok()?;
        let is_month = matches!(name.get(digits..)?, "月" | "월") && (1..=12).contains(&number);
        return is_month.then_some(Month::Known(number));
    }
    let name = name.trim_end_matches('.').to_lowercase();
    if name.is_empty() || !name.chars().all(char::is_alphabetic) {
        return None;
    }
    let known = NAMES.iter().position(|names| names.split(' ').any(|own| own == name));
    if let Some(number) = known.and_then(|index| i64::try_from(index + 1).ok()) {
        return Some(Month::Known(number));
    }
    // FNV-1a
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Some(Month::Named(hash))
}
