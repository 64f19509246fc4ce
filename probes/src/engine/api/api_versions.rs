//! The versions of its API that the engine speaks, and its answers to those that the runtime asks for.

use edgeprobe_facts::engine::{
    ASKED_FROM_1_6, ASKED_UP_TO_1_5, ApiVersion, ApiVersions, AskedVersion,
};

use crate::clean;
use crate::engine::client::{Client, ClientError};
use crate::mask::mask;

/// Asks as the runtime does in each of its versions that lies outside the engine's range. No other
/// version can be refused.
pub(super) async fn ask(client: &Client) -> Option<ApiVersions> {
    let mut versions = client.about().api()?;
    let ask = async |version: ApiVersion| {
        if versions.includes(version) {
            return None;
        }
        answer(version, client.in_version(version).await)
    };
    let asked = tokio::join!(ask(ASKED_UP_TO_1_5), ask(ASKED_FROM_1_6));
    versions.asked = [asked.0, asked.1].into_iter().flatten().collect();
    Some(versions)
}

/// What an answer says; nothing where the engine does not speak of the version.
fn answer(version: ApiVersion, answer: Result<(), ClientError>) -> Option<AskedVersion> {
    let refusal = match answer {
        Ok(()) => None,
        Err(ClientError::Refused { status: 400, message }) => {
            Some(clean::line(&mask(&message), 240))
        }
        Err(_) => return None,
    };
    Some(AskedVersion { version, refusal })
}
