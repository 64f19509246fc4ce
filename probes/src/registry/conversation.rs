//! The distribution protocol, as far as a pull goes before it downloads anything
//! (<https://github.com/opencontainers/distribution-spec>).

use edgeprobe_facts::registry::{
    Challenge, CredentialUse, Image, Part, Reference, RegistryFacts, Scheme,
};
use edgeprobe_facts::{Failure, Step, Token};

use super::answer;
use super::asking::{bad, redirect};
use super::challenge;
use super::credentials::{Credentials, Lookup, Secret};
use super::line::{Host, Line, Opener};
use super::manifest::{self, Manifest};
use super::request::{Request, SMALL, token_of, token_request};
use crate::clean;
use crate::http::Message;

/// How much of a manifest is read, in bytes.
const MANIFEST: usize = 192 * 1024;

/// One registry's answers to one image's pull.
pub(super) struct Conversation<'a> {
    pub(super) opener: Opener<'a>,
    pub(super) reference: &'a Reference,
    pub(super) credentials: Option<&'a Credentials>,
    pub(super) facts: &'a mut RegistryFacts,
    /// What is being asked for.
    pub(super) part: Part,
    /// The registry's host, once it was reached.
    pub(super) host: Option<Host>,
    /// The line to it, while it stays open.
    pub(super) line: Option<Line>,
}

impl Conversation<'_> {
    /// Greets the registry, and with an image goes on as the engine does when it pulls it.
    pub(super) async fn hold(&mut self) -> Result<(), Failure> {
        let greeting = self.greet().await?;
        let challenge = self.facts.challenge.clone();
        match (self.reference.image().cloned(), challenge) {
            (Some(image), challenge) => self.image(&image, challenge).await,
            (None, Some(challenge)) if greeting == 401 => self.sign_in(&challenge).await,
            (None, _) => Ok(()),
        }
    }

    /// Asks for `/v2/`; returns the status of a registry's greeting.
    async fn greet(&mut self) -> Result<u16, Failure> {
        self.part = Part::Registry;
        let mistrust = self.reach().await?;
        let greeting = self.get(Request::of("/v2/")).await;
        // Whatever was said under a certificate that is not accepted, the certificate comes first.
        mistrust?;
        let greeting = greeting?;
        self.facts.challenge = challenge::read(greeting.all("www-authenticate"));
        let known = answer::greets_as_a_registry(&greeting, self.facts.challenge.is_some());
        match self.facts.last_answer() {
            Some(answer) if !known && greeting.status != 403 => Err(answer::not_a_registry(answer)),
            Some(answer) if !matches!(greeting.status, 200 | 401) => Err(answer::failure(answer)),
            _ => Ok(greeting.status),
        }
    }

    /// Opens the first line to the registry: by TLS, and where the engine would, without.
    async fn reach(&mut self) -> Result<Result<(), Failure>, Failure> {
        let port = self.reference.port();
        let lenient = self.facts.insecure || self.reference.is_loopback();
        let by_tls = (Scheme::Https, port.unwrap_or(443));
        let mut ways = vec![by_tls];
        if lenient {
            ways.push((Scheme::Http, port.unwrap_or(80)));
        }
        let mut first = None;
        for (scheme, port) in ways {
            let host = Host {
                part: Part::Registry,
                server: self.reference.server().to_owned(),
                port,
                scheme,
                unverified: lenient,
            };
            match self.opener.open(host.clone(), &mut self.facts.hosts).await {
                Ok((line, accepted)) => {
                    (self.facts.scheme, self.facts.port) = (scheme, port);
                    self.line = Some(line);
                    self.host = Some(host);
                    return Ok(accepted);
                }
                Err(failure) => {
                    let goes_on = matches!(failure.step, Step::Connect | Step::Proxy | Step::Tls)
                        && failure.token != Token::TimedOut;
                    let failure = first.get_or_insert(failure).clone();
                    if !goes_on {
                        return Err(failure);
                    }
                }
            }
        }
        Err(first.unwrap_or_else(|| bad("there is no way to ask")))
    }

    /// As `docker login` does, without an image.
    async fn sign_in(&mut self, challenge: &Challenge) -> Result<(), Failure> {
        let has_secret = self.secret().is_some();
        match challenge {
            Challenge::Basic if has_secret => {
                let Some(authorization) = self.authorize(challenge, None).await? else {
                    return Ok(());
                };
                self.part = Part::Registry;
                let authorization = Some(authorization.as_str());
                let answer = self.get(Request { authorization, ..Request::of("/v2/") }).await?;
                self.good(&answer)
            }
            Challenge::Basic => Ok(()),
            Challenge::Bearer { .. } if has_secret => {
                self.authorize(challenge, None).await.map(drop)
            }
            // Nobody is asked for a token that would be good for nothing; that there is somebody
            // to ask is all that matters.
            Challenge::Bearer { realm, .. } => {
                self.part = Part::Token;
                let host = self.host_of(realm)?.1;
                let (_, accepted) = self.opener.open(host, &mut self.facts.hosts).await?;
                accepted
            }
        }
    }

    async fn image(&mut self, image: &Image, greeted: Option<Challenge>) -> Result<(), Failure> {
        let repository = &image.repository;
        let scope = format!("repository:{repository}:pull");
        let mut authorization = match &greeted {
            Some(challenge) => self.authorize(challenge, Some(&scope)).await?,
            None => None,
        };
        self.part = Part::Image;
        let path = format!("/v2/{repository}/manifests/{}", image.version.word());
        let mut manifest = self.manifest(&path, authorization.as_deref()).await?;
        // Some ask for credentials only where they are needed.
        if manifest.status == 401
            && greeted.is_none()
            && let Some(challenge) = challenge::read(manifest.all("www-authenticate"))
        {
            self.facts.challenge = Some(challenge.clone());
            authorization = self.authorize(&challenge, Some(&scope)).await?;
            self.part = Part::Image;
            if authorization.is_some() {
                manifest = self.manifest(&path, authorization.as_deref()).await?;
            }
        }
        self.good(&manifest)?;
        let configuration = match manifest::read(&manifest.body) {
            Manifest::Image { configuration } => configuration,
            Manifest::Other => return Ok(()),
            Manifest::List { platforms, for_here } => {
                self.facts.platforms = platforms;
                let Some(digest) = for_here else { return Err(self.no_platform()) };
                let path = format!("/v2/{repository}/manifests/{digest}");
                let manifest = self.manifest(&path, authorization.as_deref()).await?;
                self.good(&manifest)?;
                match manifest::read(&manifest.body) {
                    Manifest::Image { configuration } => configuration,
                    Manifest::List { .. } | Manifest::Other => return Ok(()),
                }
            }
        };
        let path = format!("/v2/{repository}/blobs/{configuration}");
        self.data(&path, authorization.as_deref()).await
    }

    async fn manifest(
        &mut self,
        path: &str,
        authorization: Option<&str>,
    ) -> Result<Message, Failure> {
        let request = Request { path, accept: manifest::ACCEPT, authorization, most: MANIFEST };
        self.get(request).await
    }

    /// Where the registry would send the engine for the image's data. Only a connection is made
    /// there.
    async fn data(&mut self, path: &str, authorization: Option<&str>) -> Result<(), Failure> {
        self.part = Part::Data;
        let request = Request { authorization, most: 0, ..Request::of(path) };
        let answer = self.ask(&request).await?;
        let Some(location) = redirect(&answer) else { return self.good(&answer) };
        let (_, host) = self.host_of(location)?;
        if self.host.as_ref().is_some_and(|own| own.server == host.server) {
            return Ok(());
        }
        let (_, accepted) = self.opener.open(host, &mut self.facts.hosts).await?;
        accepted
    }

    /// Nothing, or the failure that the last answer means.
    fn good(&self, message: &Message) -> Result<(), Failure> {
        match self.facts.last_answer() {
            Some(answer) if message.status != 200 => Err(answer::failure(answer)),
            _ => Ok(()),
        }
    }

    fn no_platform(&self) -> Failure {
        let wanted = self.facts.platform.clone().unwrap_or_default();
        let there = self.facts.platforms.join(", ");
        let detail = format!("no matching manifest for {wanted}; it is there for {there}");
        Failure::new(Step::Http, Token::ImageOtherPlatform, clean::line(&detail, 240))
    }

    /// The value of an `Authorization` header; none where the registry is to be asked without.
    async fn authorize(
        &mut self,
        challenge: &Challenge,
        scope: Option<&str>,
    ) -> Result<Option<String>, Failure> {
        match challenge {
            Challenge::Basic => {
                let basic = self.secret().and_then(|secret| secret.basic());
                let Some(basic) = basic else { return Ok(None) };
                let trusted = self.line().await?.may_hear_secrets();
                self.facts.credentials =
                    if trusted { CredentialUse::Sent } else { CredentialUse::Withheld };
                Ok(trusted.then_some(basic))
            }
            Challenge::Bearer { realm, service } => {
                let token = self.token(realm, service.as_deref(), scope).await?;
                Ok(Some(format!("Bearer {token}")))
            }
        }
    }

    async fn token(
        &mut self,
        realm: &str,
        service: Option<&str>,
        scope: Option<&str>,
    ) -> Result<String, Failure> {
        self.part = Part::Token;
        let (url, host) = self.host_of(realm)?;
        let (mut line, accepted) = self.opener.open(host, &mut self.facts.hosts).await?;
        accepted?;
        let secret = self.secret();
        if secret.is_some() {
            self.facts.credentials =
                if line.may_hear_secrets() { CredentialUse::Sent } else { CredentialUse::Withheld };
        }
        let secret = secret.filter(|_| line.may_hear_secrets());
        let request = token_request(&url, &line.host, service, scope, secret.as_ref());
        let answer = self.say(&mut line, &request, SMALL).await?;
        self.good(&answer)?;
        token_of(&answer.body).ok_or_else(|| {
            let detail = "answered 200 without a token";
            Failure::new(Step::Http, Token::HttpNotRegistry, detail)
        })
    }

    /// What the engine's file has for this registry.
    fn secret(&self) -> Option<Secret> {
        match self.credentials?.of_registry(self.reference) {
            Lookup::Found(secret) => Some(secret.clone()),
            Lookup::Helper | Lookup::Absent => None,
        }
    }
}
