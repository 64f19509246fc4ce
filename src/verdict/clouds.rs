//! The clouds that an IoT Hub can live in, by the endings of their names, and names that only look
//! like a hub's.

/// The label before each cloud's own ending.
const SERVICE: &str = "azure-devices";
/// The Device Provisioning Service's.
const PROVISIONING: &str = "azure-devices-provisioning";
/// The label of the zones of private endpoints.
const PRIVATE_LINK: &str = "privatelink";
/// The public cloud, China, the US Government, and Germany, which was closed in 2021.
const ENDINGS: [&str; 4] = ["net", "cn", "us", "de"];
const CLOSED: &str = "de";
/// At most this many letters are taken for a slip.
const SLIPS: usize = 2;

/// The provisioning service of the cloud that a hub is in; the public cloud's where the name does not
/// say.
pub fn provisioning_in_cloud_of(hub: &str) -> String {
    let hub = hub.trim_end_matches('.').to_ascii_lowercase();
    let ending = ENDINGS.iter().find(|ending| hub.ends_with(&format!(".{SERVICE}.{ending}")));
    let ending = ending.filter(|ending| **ending != CLOSED).unwrap_or(&"net");
    format!("global.{PROVISIONING}.{ending}")
}

/// Why a host name is probably not that of the IoT Hub that was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Its ending is nearly that of a cloud; the name that was probably meant.
    Misspelt(String),
    /// It is the name of the private endpoint, for which the hub has no certificate; its own name
    /// leads to the same place.
    PrivateLink(String),
    /// It is a Device Provisioning Service.
    Provisioning,
    /// Its cloud was closed.
    ClosedCloud,
}

impl Doubt {
    /// What is doubtful about a host name; nothing about a hub's, in whatever cloud, nor about one
    /// that does not resemble any.
    pub fn about(host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        let (rest, ending) = host.rsplit_once('.')?;
        let (name, service) = rest.rsplit_once('.')?;
        if service == PROVISIONING {
            return Some(Self::Provisioning);
        }
        if let Some(hub) = name.strip_suffix(&format!(".{PRIVATE_LINK}")) {
            return (service == SERVICE)
                .then(|| Self::PrivateLink(format!("{hub}.{SERVICE}.{ending}")));
        }
        let is_a_cloud = ENDINGS.contains(&ending);
        match service == SERVICE {
            true if ending == CLOSED => Some(Self::ClosedCloud),
            true if is_a_cloud => None,
            _ if distance(service, SERVICE) <= SLIPS => {
                let ending = if is_a_cloud { ending } else { "net" };
                Some(Self::Misspelt(format!("{name}.{SERVICE}.{ending}")))
            }
            _ => None,
        }
    }

    /// The name that was probably meant.
    pub fn meant(&self) -> Option<&str> {
        match self {
            Self::Misspelt(name) | Self::PrivateLink(name) => Some(name),
            Self::Provisioning | Self::ClosedCloud => None,
        }
    }
}

/// How many letters have to be added, left out or exchanged (Levenshtein 1966).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut next = vec![index + 1];
        for ((diagonal, above), against) in row.iter().zip(row.iter().skip(1)).zip(&other) {
            let left = next.last().copied().unwrap_or_default();
            let exchanged = diagonal + usize::from(letter != *against);
            next.push(exchanged.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hubs_of_every_cloud_and_foreign_names_raise_no_doubt() {
        for host in [
            "contoso.azure-devices.net",
            "contoso.azure-devices.cn",
            "contoso.azure-devices.us",
            "contoso.device.azure-devices.net",
            "contoso.service.azure-devices.net",
            "hub.example.com",
            "azure-devices.net",
            "localhost",
        ] {
            assert_eq!(Doubt::about(host), None, "{host}");
        }
    }

    #[test]
    fn slips_of_the_ending_are_corrected() {
        for (host, meant) in [
            ("contoso.azure-device.net", "contoso.azure-devices.net"),
            ("contoso.azuredevices.net", "contoso.azure-devices.net"),
            ("contoso.azure-devices.com", "contoso.azure-devices.net"),
            ("contoso.azure-devces.cn", "contoso.azure-devices.cn"),
            ("contoso.device.azure-divices.us", "contoso.device.azure-devices.us"),
        ] {
            assert_eq!(Doubt::about(host), Some(Doubt::Misspelt(meant.to_owned())), "{host}");
        }
    }

    #[test]
    fn other_services_and_private_endpoints_are_known() {
        let global = "global.azure-devices-provisioning.net";
        assert_eq!(Doubt::about(global), Some(Doubt::Provisioning));
        let link = Doubt::about("Contoso.privatelink.azure-devices.us").unwrap();
        assert_eq!(link.meant(), Some("contoso.azure-devices.us"));
        assert_eq!(Doubt::about("contoso.azure-devices.de"), Some(Doubt::ClosedCloud));
    }

    #[test]
    fn each_cloud_has_its_own_provisioning_service() {
        for (hub, ending) in [
            ("contoso.azure-devices.us", "us"),
            ("Contoso.device.azure-devices.cn", "cn"),
            ("contoso.azure-devices.net", "net"),
            ("contoso.azure-devices.de", "net"),
            ("hub.example.us", "net"),
            ("10.0.0.1", "net"),
        ] {
            let service = format!("global.azure-devices-provisioning.{ending}");
            assert_eq!(provisioning_in_cloud_of(hub), service, "{hub}");
        }
    }

    #[test]
    fn letters_are_counted() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }
}
