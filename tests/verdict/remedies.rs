//! What a verdict says to do fits what was found: the VPN, the rule and the holder at hand.

use edgeprobe_facts::endpoint::Transport;
use edgeprobe_facts::ports::Holder;
use edgeprobe_facts::route::tables::{LinkKind, ReversePathFilter};
use edgeprobe_facts::ruleset::{Family, Position, Tool};
use edgeprobe_facts::trace::Stage;
use edgeprobe_facts::{Facts, Role, Step, Token};
use edgeprobe_verdict::CauseId::*;
use edgeprobe_verdict::{Cause, Status};

use crate::device::*;
use crate::network::*;

fn commands(cause: &Cause) -> Vec<&str> {
    cause.remedy.iter().filter_map(|remedy| remedy.command.as_deref()).collect()
}

/// The commands for a VPN whose interface takes the network's packets by these routes and rules.
fn for_a_vpn(name: &'static str, kind: LinkKind, routes: &[&str], rules: &[&str]) -> Vec<String> {
    let verdict = Device::networked()
        .rerouted(&[(name, kind)], routes, rules)
        .cut_off(Token::TimedOut)
        .traced(Stage::NoReply, |trace| name.clone_into(&mut trace.left[0].interface))
        .expect(Status::Blocked, &[VpnOverride]);
    commands(&verdict.causes[0]).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_vpn_in_the_main_table_is_passed_by_a_table_of_the_networks_own() {
    let halves = ["0.0.0.0/1 via 10.8.0.1 dev tun0", "128.0.0.0/1 via 10.8.0.1 dev tun0"];
    let said = for_a_vpn("tun0", LinkKind::Tun, &halves, &[]);
    assert!(
        said[0].starts_with("sudo ip route add default via 192.168.1.1 table 4711"),
        "{said:?}"
    );
    assert!(!said.iter().any(|it| it.contains("lookup main priority")), "{said:?}");
    assert!(!said.iter().any(|it| it.contains("tailscale") || it.contains("wg")), "{said:?}");
}

#[test]
fn the_remedy_puts_a_rule_ahead_of_the_vpns_rule() {
    let rules = [
        "32764: from all lookup 254 suppress_prefixlength 0",
        "32765: not from all fwmark 51820 lookup 51820",
    ];
    let routes = ["default dev wg0 table 51820"];
    let said = for_a_vpn("wg0", LinkKind::Wireguard, &routes, &rules);
    assert!(said[0].starts_with("sudo ip rule add from 172.18.0.0/16 lookup main priority 100"));
    assert!(!said.iter().any(|it| it.contains("4711") || it.contains("tailscale")), "{said:?}");
    // A rule that is asked early is passed by an earlier one.
    let early = ["50: from all lookup 51820"];
    let said = for_a_vpn("wg0", LinkKind::Wireguard, &routes, &early);
    assert!(said[0].contains("priority 49"), "{said:?}");
}

#[test]
fn a_rule_that_drops_is_passed_in_its_own_chain() {
    let said = |tool, table: &'static str, chain: &'static str, at| {
        let verdict = Device::networked()
            .cut_off(Token::TimedOut)
            .traced(Stage::LostInside, move |trace| {
                let mut rule = dropping("drop");
                (rule.tool, rule.family, rule.at) = (tool, Family::Inet, at);
                (rule.table, rule.chain) = (table.to_owned(), chain.to_owned());
                trace.dropped_by = vec![rule];
            })
            .expect(Status::Blocked, &[ForwardBlocked]);
        commands(&verdict.causes[0]).join("\n")
    };
    let nft = said(Tool::Nft, "site", "transit", Position::Handle(7));
    assert!(
        nft.starts_with("sudo nft insert rule inet site transit ip saddr 172.18.0.0/16 accept")
    );
    let iptables = said(Tool::IptablesLegacy, "filter", "FORWARD", Position::Number(1));
    assert!(iptables.starts_with("sudo iptables-legacy -t filter -I FORWARD -s 172.18.0.0/16"));
    // What meets no rule at all misses the engine's own.
    let policy = said(Tool::Iptables, "filter", "FORWARD", Position::Policy);
    assert!(policy.starts_with("sudo systemctl restart docker"), "{policy}");
    let managed = said(Tool::Nft, "firewalld", "filter_FORWARD", Position::Handle(7));
    assert!(managed.starts_with("sudo firewall-cmd "), "{managed}");
    for one in [nft, iptables, policy] {
        assert!(!one.contains("firewall-cmd") && !one.contains("ufw"), "{one}");
    }
    // A name that a shell would take apart is in no command.
    let odd = said(Tool::Nft, "site;reboot", "transit", Position::Handle(7));
    assert!(!odd.contains("reboot"), "{odd}");
}

#[test]
fn a_port_is_freed_by_who_supervises_its_holder() {
    let said = |process: &str, unit: Option<&str>| {
        let holder = Holder {
            pid: Some(812),
            process: Some(process.to_owned()),
            unit: unit.map(str::to_owned),
            ..Holder::default()
        };
        let verdict = Device::healthy()
            .changed(of_port(443), move |o| taken(o, holder.clone()))
            .expect(Status::Blocked, &[PortInUse]);
        commands(&verdict.causes[0]).join("\n")
    };
    let service = said("nginx", Some("nginx.service"));
    assert!(service.starts_with("sudo systemctl disable --now nginx.service"), "{service}");
    assert!(!service.contains("kill"), "{service}");
    for lonely in [said("busybox", None), said("busybox", Some("session-3.scope"))] {
        assert!(lonely.starts_with("sudo kill 812") && !lonely.contains("disable"), "{lonely}");
    }
    let forwarder = said("docker-proxy", Some("docker.service"));
    assert!(forwarder.starts_with("docker ps --filter publish=443"), "{forwarder}");
    assert!(!forwarder.contains("disable") && !forwarder.contains("kill"), "{forwarder}");
}

#[test]
fn a_command_names_this_devices_interface_and_address() {
    let verdict = Device::networked()
        .nameless(Token::DnsTimeout, Some(Token::DnsTimeout))
        // A way beyond this device is asked for where no name has an address.
        .with(route(HUB_ADDRESS))
        .expect(Status::Blocked, &[DnsHostFailure]);
    assert!(commands(&verdict.causes[0]).contains(&"sudo resolvectl dns eth0 SERVER"));

    let ipv6 = "2603:1030::2";
    let verdict = Device::networked()
        .changed(is_hub_name, |o| {
            let Facts::Dns(facts) = &mut o.facts else { unreachable!() };
            facts.addresses.push(ipv6.parse::<std::net::IpAddr>().unwrap().into());
        })
        .with(route(ipv6))
        .with(connection(Transport::Amqp, Role::Hub, ipv6))
        .failing(|o| o.id.as_str().contains(ipv6) && !is_route(o), Step::Connect, Token::TimedOut)
        .expect(Status::Healthy, &[Ipv6Broken]);
    let command = "sudo sysctl -w net.ipv6.conf.eth0.disable_ipv6=1";
    assert!(commands(&verdict.causes[0]).contains(&command), "{:#?}", verdict.causes[0]);

    let verdict = Device::networked()
        .rerouted(&[("wwan0", LinkKind::Wwan)], &[], &[])
        .retabled(|tables| {
            let link = tables.links.iter_mut().find(|link| link.name == "wwan0");
            link.unwrap().rp_filter = Some(ReversePathFilter::Strict);
        })
        .cut_off(Token::TimedOut)
        .traced(Stage::ReplyLost, |trace| trace.reply.as_mut().unwrap().interface = "wwan0".into())
        .sure(&[ReversePathFilter]);
    let command = format!("ip route get {HUB_ADDRESS}");
    assert!(commands(&verdict.causes[0]).contains(&command.as_str()), "{:#?}", verdict.causes[0]);
}
