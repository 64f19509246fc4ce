//! Signatures are data that others add to: each text finds itself alone, and a file with a mistake is
//! refused with the place and the reason.

use edgeprobe::logs::{Role, Signatures};

use crate::{built_in, scanned};

/// A word for each placeholder.
const WORDS: [(&str, &str); 18] = [
    ("address", "0.0.0.0"),
    ("any", "and so on"),
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
    ("port", "443"),
    ("process", "nginx"),
    ("registry", "contoso.azurecr.io"),
    ("status", "403"),
    ("subnet", "172.18.0.5/16"),
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
