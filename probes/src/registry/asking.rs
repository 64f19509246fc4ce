//! The lines that a conversation with a registry goes over.

use edgeprobe_facts::registry::{Doubt, Scheme};
use edgeprobe_facts::{Failure, Step, Token};
use url::Url;

use super::answer;
use super::line::{Host, Line};
use super::pull::Pull;
use super::request::{Request, base, path_of, text};
use super::sign_in::Speaker;
use crate::clean;
use crate::endpoint::http_failure;
use crate::http::{Message, exchange};

/// How many answers are kept, and how many redirects are followed for one request.
const ANSWERS: usize = 16;
const REDIRECTS: usize = 3;

impl Pull<'_> {
    /// A URL and the host that it leads to; only such as the engine would follow.
    pub(super) fn host_of(&self, location: &str) -> Result<(Url, Host), Failure> {
        let shown = || clean::line(location.split('?').next().unwrap_or_default(), 120);
        let url = Url::parse(location)
            .map_err(|_| bad(&format!("it points to \"{}\", which is no URL", shown())))?;
        let lenient = self.facts.insecure || self.reference.is_loopback();
        let scheme = match url.scheme() {
            "https" => Scheme::Https,
            "http" if lenient => Scheme::Http,
            _ => return Err(bad(&format!("it points to {}, which is not HTTPS", shown()))),
        };
        let server = match url.host() {
            Some(url::Host::Domain(name)) => name.to_owned(),
            Some(url::Host::Ipv4(address)) => address.to_string(),
            Some(url::Host::Ipv6(address)) => address.to_string(),
            None => return Err(bad("it points to a URL without a host")),
        };
        let port = url.port_or_known_default().unwrap_or(443);
        let own = self.host.as_ref().is_some_and(|own| own.server == server);
        let host = Host { part: self.part, server, port, scheme, unverified: lenient && own };
        Ok((url, host))
    }

    /// Asks the registry, and follows where it sends the question. Says who answered in the end.
    pub(super) async fn get(
        &mut self,
        request: Request<'_>,
    ) -> Result<(Message, Speaker), Failure> {
        let (mut answer, mut speaker) = self.ask(&request).await?;
        for _ in 0..REDIRECTS {
            let Some(location) = redirect(&answer) else { break };
            let base = self.host.as_ref().map(base).unwrap_or_default();
            let Some(next) = Url::parse(&base).ok().and_then(|base| base.join(location).ok())
            else {
                break;
            };
            let (url, host) = self.host_of(next.as_str())?;
            let server = host.server.clone();
            let is_own = self.host.as_ref().is_some_and(|own| own.is_same_service(&host));
            let (mut line, accepted) = self.opener.open(host, &mut self.facts.hosts).await?;
            accepted?;
            let path = path_of(&url);
            // Credentials are for the host that asked for them, and for no other.
            let onward = Request { path: &path, authorization: None, ..request };
            let text = text(&onward, &line.host);
            answer = self.say(&mut line, &text, request.most).await?;
            speaker = match speaker.doubt.or_else(|| line.doubt()) {
                _ if !is_own => Speaker { server, doubt: Some(Doubt::Redirected) },
                doubt => Speaker { doubt, ..speaker },
            };
        }
        Ok((answer, speaker))
    }

    /// Asks the registry over the line that is open, or over a new one.
    pub(super) async fn ask(
        &mut self,
        request: &Request<'_>,
    ) -> Result<(Message, Speaker), Failure> {
        let kept = self.line.is_some();
        let mut line = self.line().await?;
        let mut answer = self.put(&mut line, request).await;
        let closed = |failure: &Failure| {
            matches!(failure.token, Token::ConnectionClosed | Token::ConnectionReset)
        };
        // A server may close a line that it kept open, at the very moment that it is used again.
        if kept && !self.facts.answers.is_empty() && answer.as_ref().is_err_and(closed) {
            line = self.line().await?;
            answer = self.put(&mut line, request).await;
        }
        let answer = answer?;
        let speaker = Speaker { server: line.host.server.clone(), doubt: line.doubt() };
        if answer.reusable {
            self.line = Some(line);
        }
        Ok((answer, speaker))
    }

    /// Sends a request to the registry, without a secret that this line would not keep.
    async fn put(&mut self, line: &mut Line, request: &Request<'_>) -> Result<Message, Failure> {
        let authorization = request.authorization.filter(|it| self.may_send(it, line));
        let text = text(&Request { authorization, ..*request }, &line.host);
        self.say(line, &text, request.most).await
    }

    /// The open line, or a new one.
    pub(super) async fn line(&mut self) -> Result<Line, Failure> {
        if let Some(line) = self.line.take() {
            return Ok(line);
        }
        let Some(host) = self.host.clone() else { return Err(bad("there is no host to ask")) };
        let host = Host { part: self.part, ..host };
        let (line, accepted) = self.opener.open(host, &mut self.facts.hosts).await?;
        accepted?;
        Ok(line)
    }

    /// Sends a request, and keeps what the answer says.
    pub(super) async fn say(
        &mut self,
        line: &mut Line,
        text: &str,
        most: usize,
    ) -> Result<Message, Failure> {
        let limit = self.opener.recorder.timeline().patience();
        let exchange = async {
            let answered = exchange(&mut *line.stream, text, most).await;
            answered.map_err(|no_answer| http_failure(Step::Http, &no_answer))
        };
        let message = self.opener.recorder.step(Step::Http, limit, exchange).await?;
        let said = answer::read(self.part, &message);
        self.facts.refused_address = answer::refused_address(&said).or(self.facts.refused_address);
        if self.facts.answers.len() < ANSWERS {
            self.facts.answers.push(said);
        }
        Ok(message)
    }
}

/// Where an answer sends its question.
pub(super) fn redirect(answer: &Message) -> Option<&str> {
    matches!(answer.status, 301 | 302 | 303 | 307 | 308)
        .then(|| answer.header("location"))
        .flatten()
}

pub(super) fn bad(detail: &str) -> Failure {
    Failure::new(Step::Http, Token::HttpNotRegistry, detail)
}
