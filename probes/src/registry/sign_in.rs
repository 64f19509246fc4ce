//! Which credentials or tokens a registry gets, and over which lines they may go.
//!
//! A registry may name a token service on any host: Docker Hub names auth.docker.io, a GitLab its
//! web server. Engines send the credentials to whatever host the challenge names. An attacker who can
//! write the challenge gets them, so it counts only from a registry that has proved its identity.

use edgeprobe_facts::Failure;
use edgeprobe_facts::registry::{Challenge, CredentialUse, Doubt, Part, Withheld};
use url::Url;
use zeroize::Zeroizing;

use super::asking::bad;
use super::credentials::{Lookup, Secret};
use super::line::Line;
use super::pull::Pull;
use super::request::{Authorization, SMALL, token_of, token_request};

/// What a server asks for before it serves.
pub(super) struct Asked {
    pub(super) challenge: Challenge,
    pub(super) by: Speaker,
}

/// Who gave an answer.
pub(super) struct Speaker {
    pub(super) server: String,
    /// Why it is not sure that this is the registry, if it is not.
    pub(super) doubt: Option<Doubt>,
}

/// A token service that was reached, and what it may be told.
pub(super) struct TokenService {
    url: Url,
    line: Line,
    pub(super) secret: Option<Secret>,
}

impl Pull<'_> {
    /// The value of an `Authorization` header; none where the registry is to be asked without.
    pub(super) async fn authorize(
        &mut self,
        asked: &Asked,
        scope: Option<&str>,
    ) -> Result<Option<Authorization>, Failure> {
        match &asked.challenge {
            Challenge::Basic => {
                let basic = self.secret().and_then(|secret| secret.basic());
                let Some(value) = basic else { return Ok(None) };
                if let Some(withheld) = self.reason_to_withhold(&asked.by, None) {
                    self.withhold(withheld);
                    return Ok(None);
                }
                Ok(Some(Authorization { value, is_secret: true }))
            }
            Challenge::Bearer { realm, service } => {
                let desk = self.token_service(&asked.by, realm).await?;
                self.token_of(desk, service.as_deref(), scope).await.map(Some)
            }
        }
    }

    /// Opens a line to the token service that `by` names.
    pub(super) async fn token_service(
        &mut self,
        by: &Speaker,
        realm: &str,
    ) -> Result<TokenService, Failure> {
        self.part = Part::Token;
        let (url, host) = self.host_of(realm)?;
        let (line, accepted) = self.opener.open(host, &mut self.facts.hosts).await?;
        accepted?;
        let mut secret = self.secret();
        if secret.is_some()
            && let Some(withheld) = self.reason_to_withhold(by, Some(&line))
        {
            self.withhold(withheld);
            secret = None;
        }
        Ok(TokenService { url, line, secret })
    }

    /// A token from a token service. It is asked once: where it redirects to is not followed.
    pub(super) async fn token_of(
        &mut self,
        TokenService { url, mut line, secret }: TokenService,
        service: Option<&str>,
        scope: Option<&str>,
    ) -> Result<Authorization, Failure> {
        if secret.is_some() {
            self.facts.credentials = CredentialUse::Sent;
        }
        let request = token_request(&url, &line.host, service, scope, secret.as_ref());
        let answer = self.say(&mut line, &request, SMALL).await?;
        self.good(&answer)?;
        let token = token_of(&answer.body).ok_or_else(|| bad("answered 200 without a token"))?;
        Ok(Authorization {
            value: Zeroizing::new(format!("Bearer {token}")),
            is_secret: secret.is_some(),
        })
    }

    /// Whether this line may carry this, which is noted where it is a secret.
    pub(super) fn may_send(&mut self, authorization: &Authorization, line: &Line) -> bool {
        if !authorization.is_secret {
            return true;
        }
        let doubt = line.doubt().filter(|_| !self.may_be_insecure);
        match doubt {
            Some(why) => self.withhold(Withheld { server: line.host.server.clone(), why }),
            None => self.facts.credentials = CredentialUse::Sent,
        }
        doubt.is_none()
    }

    /// Why the registry's credentials go neither to who asked for them nor to the token service at
    /// the end of `line`, if they do not.
    fn reason_to_withhold(&self, by: &Speaker, line: Option<&Line>) -> Option<Withheld> {
        let realm =
            line.map(|line| Speaker { server: line.host.server.clone(), doubt: line.doubt() });
        reason_to_withhold(self.reference.server(), by, realm.as_ref(), self.may_be_insecure)
    }

    fn withhold(&mut self, withheld: Withheld) {
        self.facts.credentials = CredentialUse::Withheld;
        self.facts.withheld = Some(withheld);
    }

    /// What the engine's file has for this registry.
    pub(super) fn secret(&self) -> Option<Secret> {
        match self.credentials?.for_registry(self.reference) {
            Lookup::Found(secret) => Some(secret.clone()),
            Lookup::Helper | Lookup::Absent => None,
        }
    }
}

/// The rule: the registry has proved who it is, and so has the token service that it names. Where
/// `may_be_insecure`, neither need, but then the token service is on the registry's own host.
fn reason_to_withhold(
    registry: &str,
    by: &Speaker,
    realm: Option<&Speaker>,
    may_be_insecure: bool,
) -> Option<Withheld> {
    let withheld = |server: &str, why| Some(Withheld { server: server.to_owned(), why });
    let elsewhere = realm.filter(|realm| realm.server != registry);
    match by.doubt {
        Some(why @ Doubt::Redirected) => withheld(&by.server, why),
        Some(why) if !may_be_insecure => withheld(&by.server, why),
        Some(_) => elsewhere.and_then(|realm| withheld(&realm.server, Doubt::Elsewhere)),
        None if may_be_insecure && elsewhere.is_none() => None,
        None => realm.and_then(|realm| withheld(&realm.server, realm.doubt?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaker(server: &str, doubt: Option<Doubt>) -> Speaker {
        Speaker { server: server.to_owned(), doubt }
    }

    #[test]
    fn registries_name_token_services_anywhere() {
        // As they did in 2026.
        let real = [
            ("contoso.azurecr.io", "contoso.azurecr.io"),
            ("registry-1.docker.io", "auth.docker.io"),
            ("ghcr.io", "ghcr.io"),
            ("quay.io", "quay.io"),
            ("registry.gitlab.com", "gitlab.com"),
            ("registry.plant.example", "gitlab.plant.example"),
        ];
        for (registry, realm) in real {
            let (by, realm) = (speaker(registry, None), speaker(realm, None));
            assert_eq!(reason_to_withhold(registry, &by, Some(&realm), false), None);
        }
        // Amazon's asks for the credentials themselves.
        let amazon = "1234.dkr.ecr.eu-west-1.amazonaws.com";
        assert_eq!(reason_to_withhold(amazon, &speaker(amazon, None), None, false), None);
    }

    #[test]
    fn a_doubt_about_any_of_the_two_withholds_and_names_which() {
        let reason = |by, realm: Option<Speaker>, may_be_insecure| {
            let by = speaker("plant.lan", by);
            let withheld = reason_to_withhold("plant.lan", &by, realm.as_ref(), may_be_insecure);
            withheld.map(|withheld| (withheld.server, withheld.why))
        };
        let named = |server: &str, why| Some((server.to_owned(), why));
        for why in [Doubt::InClear, Doubt::Unverified, Doubt::Intercepted] {
            let sound = || Some(speaker("attacker.example", None));
            let own = || Some(speaker("plant.lan", Some(why)));
            assert_eq!(reason(Some(why), None, false), named("plant.lan", why));
            assert_eq!(reason(Some(why), sound(), false), named("plant.lan", why));
            assert_eq!(
                reason(None, Some(speaker("auth.lan", Some(why))), false),
                named("auth.lan", why)
            );
            assert_eq!(reason(None, own(), false), named("plant.lan", why));
            // A registry that is named gets them, and no other host.
            assert_eq!(reason(Some(why), None, true), None);
            assert_eq!(reason(Some(why), own(), true), None);
            assert_eq!(reason(None, own(), true), None);
            assert_eq!(
                reason(Some(why), sound(), true),
                named("attacker.example", Doubt::Elsewhere)
            );
        }
        let redirected = speaker("attacker.example", Some(Doubt::Redirected));
        for may_be_insecure in [false, true] {
            let withheld = reason_to_withhold("plant.lan", &redirected, None, may_be_insecure);
            assert_eq!(withheld.unwrap().server, "attacker.example");
        }
    }
}
