//! Verifies chains on a thread of its own, each against each store once, within one run's work.
//!
//! A verification cannot be interrupted, and a peer chooses how much there is to verify. So it is done
//! beside the run's own thread, which goes on, and who waits for it gives up in time.

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use edgeprobe_facts::endpoint::{Trust, TrustResult};
use ring::digest::{Context, SHA256};
use tokio::sync::oneshot;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::chain::Chain;
use super::cpu_time;
use super::judge::{Judgement, best, judge};
use super::stores::Store;

/// What verifications may take of the processor where nobody says otherwise. One takes milliseconds.
const USUAL_WORK: Duration = Duration::from_secs(2);

/// The least that a run's verifications may take, however short it is.
const LEAST_WORK: Duration = Duration::from_millis(250);

/// How many judgements are remembered; a run has dozens.
const MOST_REMEMBERED: usize = 512;

/// A thread that verifies. It is started by the first chain and ends with this value.
#[derive(Debug)]
pub(super) struct Verifier {
    work: Duration,
    jobs: Mutex<Option<Sender<Job>>>,
}

/// A chain to be held against stores.
struct Job {
    chain: Chain,
    fingerprint: Fingerprint,
    name: ServerName<'static>,
    stores: Stores,
    answer: oneshot::Sender<Trust>,
}

/// The stores that a chain is held against.
#[derive(Debug)]
pub(super) struct Stores {
    pub(super) device: Store,
    pub(super) ca_file: Option<Store>,
    pub(super) public: Store,
}

/// The hash of a chain and of the name that it is to be for.
type Fingerprint = [u8; 32];

impl Default for Verifier {
    fn default() -> Self {
        Self { work: USUAL_WORK, jobs: Mutex::default() }
    }
}

impl Verifier {
    /// For a run of this length: verifications take at most a quarter of it.
    pub(super) fn for_a_run(length: Duration) -> Self {
        Self { work: (length / 4).max(LEAST_WORK), ..Self::default() }
    }

    /// What each store says of the chain that a peer sent; nothing when it sent none.
    ///
    /// What cannot be had within `patience`, or within the work that is left, is not verified.
    pub(super) async fn verify(
        &self,
        sent: &[CertificateDer<'_>],
        name: &ServerName<'static>,
        stores: Stores,
        patience: Duration,
    ) -> Option<Trust> {
        let none = Trust {
            device: TrustResult::NotVerified,
            ca_file: stores.ca_file.is_some().then_some(TrustResult::NotVerified),
            public: TrustResult::NotVerified,
            within_validity: TrustResult::NotVerified,
        };
        let chain = Chain::from_certificates(sent)?;
        let (answer, answered) = oneshot::channel();
        let fingerprint = fingerprint(sent, name);
        let job = Job { chain, fingerprint, name: name.clone(), stores, answer };
        if let Err(error) = self.hand_in(job) {
            tracing::warn!("no chain can be verified: {error}");
            return Some(none);
        }
        let verified = tokio::time::timeout(patience, answered).await;
        Some(verified.ok().and_then(Result::ok).unwrap_or(none))
    }

    fn hand_in(&self, job: Job) -> io::Result<()> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match &mut *jobs {
            Some(sender) => sender,
            none => none.insert(start(self.work)?),
        };
        sender.send(job).map_err(|_| io::Error::other("the thread has ended"))
    }
}

fn start(work: Duration) -> io::Result<Sender<Job>> {
    let (jobs, taken) = channel();
    thread::Builder::new().name("verifier".to_owned()).spawn(move || {
        Bench { left: work, known: HashMap::new() }.work(&taken);
    })?;
    Ok(jobs)
}

/// The thread's own memory.
struct Bench {
    left: Duration,
    known: HashMap<(u64, Fingerprint), Judgement>,
}

impl Bench {
    fn work(mut self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            // Nobody waits any more for what is not in time.
            if !job.answer.is_closed() {
                let trust = self.trust(&job);
                let _ = job.answer.send(trust);
            }
        }
    }

    fn trust(&mut self, job: &Job) -> Trust {
        let now = UnixTime::now();
        let device = self.judge(job, &job.stores.device, now);
        let ca_file = job.stores.ca_file.as_ref().map(|store| self.judge(job, store, now));
        let public = self.judge(job, &job.stores.public, now);
        let every = [Some(device), ca_file, Some(public)].into_iter().flatten();
        Trust {
            device: device.now,
            ca_file: ca_file.map(|judgement| judgement.now),
            public: public.now,
            within_validity: best(every.map(|judgement| judgement.within_validity)),
        }
    }

    fn judge(&mut self, job: &Job, store: &Store, now: UnixTime) -> Judgement {
        let key = (store.id(), job.fingerprint);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let left = &mut self.left;
        let mut work = |verify: &mut dyn FnMut() -> TrustResult| {
            if left.is_zero() {
                return TrustResult::NotVerified;
            }
            let begun = cpu_time::of_this_thread();
            let result = verify();
            *left = left.saturating_sub(cpu_time::of_this_thread().saturating_sub(begun));
            result
        };
        let judgement = judge(&job.chain, &job.name, store, now, &mut work);
        if self.known.len() < MOST_REMEMBERED && judgement != Judgement::NONE {
            self.known.insert(key, judgement);
        }
        judgement
    }
}

fn fingerprint(sent: &[CertificateDer<'_>], name: &ServerName<'_>) -> Fingerprint {
    let mut hash = Context::new(&SHA256);
    for part in sent.iter().map(AsRef::as_ref).chain([name.to_str().as_bytes()]) {
        hash.update(&part.len().to_be_bytes());
        hash.update(part);
    }
    let mut fingerprint = Fingerprint::default();
    fingerprint.iter_mut().zip(hash.finish().as_ref()).for_each(|(to, from)| *to = *from);
    fingerprint
}
