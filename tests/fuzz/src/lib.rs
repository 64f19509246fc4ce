//! Every reader of foreign bytes as a function of bytes alone.
//!
//! fuzz/ has the fuzzer of each [`Target`]; tests/corpora.rs runs what the fuzzers left through the same
//! functions. A target panics where a reader does, and where what is kept or shown is not what it has to
//! be: without characters that a terminal acts on, and without a planted key.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a target that panics has found something"
)]

mod files;
mod logs;
mod machine;
mod peers;
mod reports;
mod shown;
mod texts;

/// A reader, and how arbitrary bytes are given to it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What READER and the folder of its corpus are called.
    pub name: &'static str,
    pub run: fn(&[u8]),
}

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}

/// All of them.
pub const TARGETS: &[Target] = &[
    // What peers send.
    target("amqp", peers::amqp),
    target("certificates", peers::certificates),
    target("dns", peers::dns),
    target("http", peers::http),
    target("mqtt", peers::mqtt),
    target("proxy_answer", peers::proxy_answer),
    target("registry", peers::registry),
    target("tls_records", peers::tls_records),
    target("websocket", peers::websocket),
    // What the kernel, the engine and the firewall's tools say.
    target("engine", machine::engine),
    target("engine_log", machine::engine_log),
    target("iptables", machine::iptables),
    target("netlink", machine::netlink),
    target("nft", machine::nft),
    target("packet", machine::packet),
    target("xfrm", machine::xfrm),
    // Files of settings.
    target("docker_login", files::docker_login),
    target("engine_settings", files::engine_settings),
    target("json", files::json),
    target("name_files", files::name_files),
    target("pem", files::pem),
    target("systemd", files::systemd),
    target("toml", files::toml),
    target("yaml", files::yaml),
    // Texts that are kept or shown.
    target("clean", texts::clean),
    target("command_line", texts::command_line),
    target("mask", texts::mask),
    target("names", texts::names),
    // Logs, reports and bundles.
    target("log", logs::log),
    target("log_file", logs::log_file),
    target("recorded", reports::recorded),
    target("replay", reports::replay),
    target("report_tree", reports::report_tree),
];
