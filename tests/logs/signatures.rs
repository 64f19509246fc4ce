//! Signatures are data that others add to: each text finds itself alone, and a file with a mistake is
//! refused with the place and the reason.

use edgeprobe::logs::{Role, Signatures};
use edgeprobe::verdict::Confidence;

use crate::{built_in, scanned};

/// A word for each placeholder.
const WORDS: [(&str, &str); 24] = [
    ("address", "0.0.0.0"),
    ("any", "and so on"),
    ("bridge", "br-5d1a7c2b9e30"),
    ("client", "gw1/$edgeHub"),
    ("container", "edgeHub"),
    ("host", "contoso.azure-devices.net"),
    ("hub", "contoso.azure-devices.net"),
    ("id", "6a82e5e994ba"),
    ("image", "contoso.azurecr.io/sensor:1.0"),
    ("module", "sensor"),
    ("network", "nat"),
    ("number", "12"),
    ("pid", "4711"),
    ("platform", "linux/arm64/v8"),
    ("port", "443"),
    ("process", "nginx"),
    ("reason", "one that is written there"),
    ("registry", "contoso.azurecr.io"),
    ("server", "10.20.0.53"),
    ("status", "403"),
    ("subnet", "172.18.0.5/16"),
    ("table", "raw"),
    ("time", "2026-11-01T00:00:00Z"),
    ("via", "Amqp_Tcp_Only"),
];

fn filled(text: &str) -> String {
    WORDS
        .iter()
        .fold(text.to_owned(), |text, (name, word)| text.replace(&format!("{{{name}}}"), word))
}

#[test]
fn each_text_finds_its_own_signature_alone() {
    let signatures = built_in();
    for signature in signatures.all().iter().filter(|signature| signature.role == Role::Fault) {
        for text in &signature.text {
            let line = format!("<3> 2022-09-15 12:32:45.904 +00:00 [ERR] - {}\n", filled(text));
            let report = scanned(signatures, line.as_bytes(), 4096);
            let found: Vec<&str> =
                report.findings.iter().map(|finding| finding.signature.as_str()).collect();
            if signature.not.iter().any(|not| line.contains(not)) {
                assert!(found.is_empty(), "`{line}` is excluded, yet finds {found:?}");
            } else {
                assert_eq!(found, [signature.id.as_str()], "{line}");
            }
            for finding in report.findings {
                assert!(!finding.summary.contains('{'), "{}", finding.summary);
            }
        }
    }
}

#[test]
fn every_signature_says_where_it_is_known_from() {
    for signature in built_in().all() {
        assert!(signature.source.starts_with("https://"), "{}", signature.id);
        assert!(!signature.versions.is_empty(), "{}", signature.id);
    }
}

#[test]
fn a_file_of_one_s_own_adds_to_the_built_in_ones() {
    let own = r#"
        [[signature]]
        id = "contoso-proxy-blocks"
        text = ["CONTOSO-GW denied {host} by rule {number}"]
        says = "The site's gateway denies {host}."
        candidates = ["proxy-rejects"]
        versions = "gateway 4"
        source = "https://intranet.contoso.example/gateway"
    "#;
    let signatures = Signatures::load(Some(("own.toml", own))).unwrap();
    let log = b"2026-01-01T00:00:00Z CONTOSO-GW denied contoso.azure-devices.net by rule 12\n";
    let report = scanned(&signatures, log, 4096);
    assert_eq!(report.findings[0].summary, "The site's gateway denies contoso.azure-devices.net.");
    assert_eq!(report.verdict.causes[0].id.word(), "proxy-rejects");
}

#[test]
fn a_mistake_is_told_with_its_place_and_reason() {
    let good = "[[signature]]\nid = \"mine\"\nsays = \"It fails.\"\ncandidates = [\"egress-blocked\"]\n\
                versions = \"1\"\nsource = \"https://x\"\n";
    for (more, told) in [
        ("text = [\"{prot} is taken\"]", "{prot} is no placeholder; there are address, any,"),
        ("text = [\"port {port is taken\"]", "a brace is not closed"),
        ("text = [\"a {port}\"]", "has no fixed text of five characters"),
        ("pattern = ['.*']", "has no fixed text of five characters"),
        ("pattern = ['port (is taken']", "cannot be used: error: unclosed group"),
        ("pattern = ['(?:port is taken){1000000}']", "cannot be used"),
        ("", "needs a `text` or a `pattern`"),
        ("text = [\"port is taken\"]\nuntil = [\"never\"]", "`until` names `never`"),
        ("text = [\"port is taken\"]\nrole = \"attempt\"", "needs a `party`"),
        ("text = [\"port is taken\"]\ncolour = \"red\"", "line 8: unknown field `colour`"),
        ("text = [\"port is taken\"]\neffect = \"kills\"", "line 8: unknown variant `kills`"),
        (
            "text = [\"port is taken\"]\nvariant = \"silently\"",
            "`silently` is no sentence of the first",
        ),
        ("text = port", "line 7: "),
    ] {
        let error = Signatures::load(Some(("own.toml", &format!("{good}{more}")))).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("own.toml: ") && error.contains(told), "{more}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
    for (file, told) in [
        ("", "it has no [[signature]]"),
        ("[[signature]]\nid = \"Port!\"\ntext = [\"port is taken\"]", "lower case letters"),
        ("[[signature]]\nid = \"port-allocated\"\ntext = [\"port is taken\"]", "the id is taken"),
        ("[[signature]]\nid = \"mine\"\ntext = [\"port is taken\"]", "needs `candidates`"),
        ("[[signature]]\nid = \"mine\"\ncandidates = [\"gremlins\"]", "unknown variant `gremlins`"),
    ] {
        let error = Signatures::load(Some(("own.toml", file))).unwrap_err().to_string();
        assert!(error.starts_with("own.toml: ") && error.contains(told), "{file}: {error}");
    }
}

/// The commands that are told for what a line decides.
fn commands(line: &str) -> Vec<String> {
    let report = scanned(built_in(), line.as_bytes(), 4096);
    let [cause] = report.verdict.causes.as_slice() else { panic!("{line}: {:#?}", report.verdict) };
    assert_eq!(cause.confidence, Confidence::Confirmed, "{line}");
    assert!(!cause.remedy.is_empty(), "{line}: nothing to do");
    cause.remedy.iter().filter_map(|remedy| remedy.command.clone()).collect()
}

#[test]
fn there_is_something_to_do_about_whatever_a_text_decides() {
    for signature in built_in().all().iter().filter(|one| one.candidates.len() == 1) {
        for text in signature.text.iter().filter(|text| !text.contains("(407)")) {
            let excluded = signature.not.iter().any(|not| text.contains(not));
            if signature.role == Role::Fault && !excluded {
                commands(&filled(text));
            }
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_to_be_done_is_for_what_the_text_says() {
    const LOWER: &str = "sudo sysctl -w net.ipv4.ip_unprivileged_port_start=443";
    let has = |line: &str, command: &str| commands(line).iter().any(|one| one == command);
    for refused in [
        "listen tcp4 192.168.1.50:443: bind: cannot assign requested address",
        "Bind for 0.0.0.0:443: unexpected error Permission denied",
    ] {
        assert!(!has(refused, LOWER), "{refused}");
    }
    assert!(has("rootlessport cannot expose privileged port 443, you can add", LOWER));
    assert!(has(
        "listen tcp4 192.168.1.50:443: bind: cannot assign requested address",
        "ip -brief address show"
    ));
    assert!(!has("Bind for 0.0.0.0:443 failed: permission denied", "ip -brief address show"));
    assert!(has(
        "Bind for 0.0.0.0:443 failed: port is already allocated",
        "sudo ss -ltnp 'sport = :443'"
    ));
    assert!(has("WARNING: IPv4 forwarding is disabled", "sudo sysctl -w net.ipv4.ip_forward=1"));
    let ufw = "[UFW BLOCK] IN=br-280bbe3477ec OUT=eth0 SRC=172.18.0.2 DST=20.49.110.2 LEN=60 \
               PROTO=TCP SPT=33762 DPT=5671 WINDOW=64240";
    assert!(has(ufw, "sudo ufw route allow in on br-280bbe3477ec"), "{:#?}", commands(ufw));
    assert!(!commands(ufw).iter().any(|command| command.contains("firewall-cmd")));
}
