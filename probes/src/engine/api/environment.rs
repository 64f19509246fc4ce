//! The environment of the runtime's containers, which is full of secrets.

use edgeprobe_facts::engine::ContainerEnvironment;
use edgeprobe_facts::proxy::{NoProxyList, ProxyUrl};
use edgeprobe_facts::runtime::names;

/// The variable in which the runtime tells its modules the hub's name.
const HUB: &str = "IOTEDGE_IOTHUBHOSTNAME";

/// The variable in which the preview of 2017 told edgeAgent all that it needed.
const CONNECTION_STRING: &str = "DeviceConnectionString";

/// The hub's name, if it can be nothing but a name.
pub(super) fn hub(environment: &[String]) -> Option<String> {
    let named = value(environment, HUB).and_then(names::host);
    named.or_else(|| value(environment, CONNECTION_STRING).and_then(names::hub_of))
}

/// What bears on the network; nothing else is looked at.
pub(super) fn read(environment: &[String]) -> ContainerEnvironment {
    let host = |name: &str| value(environment, name).and_then(names::host);
    let mut problems = Vec::new();
    // .NET looks for these in lower case first.
    let proxy = ["https_proxy", "HTTPS_PROXY"].into_iter().find_map(|name| {
        let text = value(environment, name).filter(|text| !text.trim().is_empty())?;
        text.parse::<ProxyUrl>().map_err(|error| problems.push(format!("{name}: {error}"))).ok()
    });
    let no_proxy = ["no_proxy", "NO_PROXY"].into_iter().find_map(|name| value(environment, name));
    ContainerEnvironment {
        upstream_protocol: value(environment, "UpstreamProtocol").and_then(names::word),
        https_proxy: proxy,
        no_proxy: no_proxy.and_then(NoProxyList::parse),
        gateway_hostname: host("IOTEDGE_GATEWAYHOSTNAME"),
        parent_hostname: host("IOTEDGE_PARENTHOSTNAME"),
        hostname: host("EdgeDeviceHostName"),
        network: value(environment, "NetworkId").and_then(names::network),
        problems,
    }
}

/// The value of a variable, whose name .NET's configuration finds in any spelling; the exact one
/// first.
fn value<'e>(environment: &'e [String], name: &str) -> Option<&'e str> {
    let entries = || environment.iter().filter_map(|entry| entry.split_once('='));
    let exact = entries().find(|(own, _)| *own == name);
    let proxy = name.eq_ignore_ascii_case("https_proxy") || name.eq_ignore_ascii_case("no_proxy");
    exact
        .or_else(|| entries().find(|(own, _)| !proxy && own.eq_ignore_ascii_case(name)))
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|entry| (*entry).to_owned()).collect()
    }

    #[test]
    fn of_the_preview_s_connection_string_the_hub_is_kept() {
        let entries = environment(&["DeviceConnectionString=HostName=h.net;SharedAccessKey=x="]);
        assert_eq!(hub(&entries).as_deref(), Some("h.net"));
    }

    #[test]
    fn what_bears_on_the_network_is_kept_and_no_secret() {
        let read = read(&environment(&[
            "UPSTREAMPROTOCOL=AmqpWs",
            "https_proxy=http://user:hunter2@proxy:3128",
            "NO_PROXY=localhost,.corp",
            "IOTEDGE_GATEWAYHOSTNAME=parent.corp",
            "NetworkId=site",
            "IOTEDGE_MODULEGENERATIONID=hunter2",
            "DockerRegistryAuth__0__password=hunter2",
            "EdgeDeviceHostName=HostName=h;SharedAccessKey=hunter2",
        ]));
        assert_eq!(read.upstream_protocol.as_deref(), Some("AmqpWs"));
        assert_eq!(read.https_proxy.as_ref().unwrap().to_string(), "http://***@proxy:3128");
        assert_eq!(read.no_proxy.as_deref(), Some("localhost,.corp"));
        assert_eq!(read.gateway_hostname.as_deref(), Some("parent.corp"));
        assert_eq!((read.network.as_deref(), read.hostname.as_ref()), (Some("site"), None));
        let shown = format!("{read:?} {}", serde_json::to_string(&read).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_proxy_that_cannot_be_understood_is_said_to_be_none() {
        let read = read(&environment(&["https_proxy=socks5://user:hunter2@proxy"]));
        assert_eq!(read.https_proxy, None);
        assert!(!format!("{read:?}").contains("hunter2"));
        assert_eq!(read.problems.len(), 1);
    }
}
