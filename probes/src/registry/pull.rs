//! The distribution protocol, as far as a pull goes before it downloads anything
//! (<https://github.com/opencontainers/distribution-spec>).

use edgeprobe_facts::registry::{Challenge, Image, Part, Reference, RegistryFacts, Scheme};
use edgeprobe_facts::{Failure, Step, Token};

use super::answer;
use super::asking::{bad, redirect};
use super::challenge;
use super::credentials::Credentials;
use super::line::{Host, Line, Opener};
use super::manifest::{self, Manifest};
use super::request::{Authorization, Request};
use super::sign_in::{Asked, Speaker};
use crate::clean;
use crate::http::Message;

/// How much of a manifest is read, in bytes.
const MANIFEST: usize = 192 * 1024;

/// One registry's answers to one image's pull.
pub(super) struct Pull<'a> {
    pub(super) opener: Opener<'a>,
    pub(super) reference: &'a Reference,
    pub(super) credentials: Option<&'a Credentials>,
    /// Whether the registry gets them over a line that keeps no secret too.
    pub(super) may_be_insecure: bool,
    pub(super) facts: &'a mut RegistryFacts,
    /// What is being asked for.
    pub(super) part: Part,
    /// The registry's host, once it was reached.
    pub(super) host: Option<Host>,
    /// The line to it, while it stays open.
    pub(super) line: Option<Line>,
}

impl Pull<'_> {
    /// Greets the registry, and with an image goes on as the engine does when it pulls it.
    pub(super) async fn run(&mut self) -> Result<(), Failure> {
        let (status, asked) = self.greet().await?;
        match (self.reference.image().cloned(), asked) {
            (Some(image), asked) => self.image(&image, asked).await,
            (None, Some(asked)) if status == 401 => self.sign_in(&asked).await,
            (None, _) => Ok(()),
        }
    }

    /// Asks for `/v2/`; returns the status of a registry's greeting, and what it asks for.
    async fn greet(&mut self) -> Result<(u16, Option<Asked>), Failure> {
        self.part = Part::Registry;
        let mistrust = self.reach().await?;
        let greeting = self.get(Request::for_path("/v2/")).await;
        // Whatever was said under a certificate that is not accepted, the certificate comes first.
        mistrust?;
        let (greeting, speaker) = greeting?;
        let asked = self.asked(&greeting, speaker);
        let known = answer::greets_as_a_registry(&greeting, asked.is_some());
        match self.facts.last_answer() {
            Some(answer) if !known && greeting.status != 403 => Err(answer::not_a_registry(answer)),
            Some(answer) if !matches!(greeting.status, 200 | 401) => Err(answer::failure(answer)),
            _ => Ok((greeting.status, asked)),
        }
    }

    /// What an answer asks for before it serves.
    fn asked(&mut self, answer: &Message, by: Speaker) -> Option<Asked> {
        let challenge = challenge::read(answer.all("www-authenticate"));
        self.facts.challenge.clone_from(&challenge);
        challenge.map(|challenge| Asked { challenge, by })
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
    async fn sign_in(&mut self, asked: &Asked) -> Result<(), Failure> {
        match &asked.challenge {
            Challenge::Basic => {
                let Some(authorization) = self.authorize(asked, None).await? else {
                    return Ok(());
                };
                self.part = Part::Registry;
                let authorization = Some(&authorization);
                let request = Request { authorization, ..Request::for_path("/v2/") };
                let (answer, _) = self.get(request).await?;
                self.good(&answer)
            }
            // Nobody is asked for a token that would be good for nothing; that there is somebody
            // to ask is all that matters.
            Challenge::Bearer { realm, service } => {
                let desk = self.token_service(&asked.by, realm).await?;
                match desk.secret {
                    Some(_) => self.token_of(desk, service.as_deref(), None).await.map(drop),
                    None => Ok(()),
                }
            }
        }
    }

    async fn image(&mut self, image: &Image, greeted: Option<Asked>) -> Result<(), Failure> {
        let repository = &image.repository;
        let scope = format!("repository:{repository}:pull");
        let mut authorization = match &greeted {
            Some(asked) => self.authorize(asked, Some(&scope)).await?,
            None => None,
        };
        self.part = Part::Image;
        let path = format!("/v2/{repository}/manifests/{}", image.version.word());
        let (mut manifest, speaker) = self.manifest(&path, authorization.as_ref()).await?;
        // Some ask for credentials only where they are needed.
        if manifest.status == 401
            && greeted.is_none()
            && let Some(asked) = self.asked(&manifest, speaker)
        {
            authorization = self.authorize(&asked, Some(&scope)).await?;
            self.part = Part::Image;
            if authorization.is_some() {
                (manifest, _) = self.manifest(&path, authorization.as_ref()).await?;
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
                let (manifest, _) = self.manifest(&path, authorization.as_ref()).await?;
                self.good(&manifest)?;
                match manifest::read(&manifest.body) {
                    Manifest::Image { configuration } => configuration,
                    Manifest::List { .. } | Manifest::Other => return Ok(()),
                }
            }
        };
        let path = format!("/v2/{repository}/blobs/{configuration}");
        self.data(&path, authorization.as_ref()).await
    }

    async fn manifest(
        &mut self,
        path: &str,
        authorization: Option<&Authorization>,
    ) -> Result<(Message, Speaker), Failure> {
        let request = Request { path, accept: manifest::ACCEPT, authorization, most: MANIFEST };
        self.get(request).await
    }

    /// Where the registry would send the engine for the image's data. Only a connection is made
    /// there.
    async fn data(
        &mut self,
        path: &str,
        authorization: Option<&Authorization>,
    ) -> Result<(), Failure> {
        self.part = Part::Data;
        let request = Request { authorization, most: 0, ..Request::for_path(path) };
        let (answer, _) = self.ask(&request).await?;
        let Some(location) = redirect(&answer) else { return self.good(&answer) };
        let (_, host) = self.host_of(location)?;
        if self.host.as_ref().is_some_and(|own| own.server == host.server) {
            return Ok(());
        }
        let (_, accepted) = self.opener.open(host, &mut self.facts.hosts).await?;
        accepted
    }

    /// Nothing, or the failure that the last answer means.
    pub(super) fn good(&self, message: &Message) -> Result<(), Failure> {
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
}
