//! Files of settings.

use edgeprobe_probes::{dns, endpoint, engine, registry, runtime};

use crate::shown::{assert_clean, text};

pub(crate) fn toml(bytes: &[u8]) {
    assert_clean(&runtime::fuzzing::document("config.toml", &text(bytes)));
}

pub(crate) fn yaml(bytes: &[u8]) {
    assert_clean(&runtime::fuzzing::document("config.yaml", &text(bytes)));
}

pub(crate) fn json(bytes: &[u8]) {
    assert_clean(&runtime::fuzzing::document("config.json", &text(bytes)));
}

pub(crate) fn systemd(bytes: &[u8]) {
    assert_clean(&runtime::fuzzing::lines(&text(bytes)));
}

pub(crate) fn engine_settings(bytes: &[u8]) {
    assert_clean(&engine::fuzzing::configuration(bytes));
}

pub(crate) fn docker_login(bytes: &[u8]) {
    assert_clean(&registry::fuzzing::credentials(bytes));
}

pub(crate) fn name_files(bytes: &[u8]) {
    assert_clean(&dns::fuzzing::files(bytes));
}

pub(crate) fn pem(bytes: &[u8]) {
    assert_clean(&endpoint::fuzzing::pem(bytes));
}
