//! Waiting for the kernel to say that links, addresses, routes, rules or some files have changed.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tokio::sync::mpsc;

use super::files::Files;
use super::netlink::Netlink;

/// The groups of links, IPv4 and IPv6 addresses, routes and rules (`RTNLGRP_*`).
const GROUPS: [u32; 7] = [1, 5, 7, 8, 9, 11, 19];

/// How long the kernel must be silent for a change to be over: a VPN client makes a dozen in a row.
const SETTLED: Duration = Duration::from_millis(250);

/// How long that is waited for.
const UNSETTLED: Duration = Duration::from_millis(2500);

/// The changes of the network namespace that it was made in, and of some files, from then on.
#[derive(Debug)]
pub struct Changes {
    coming: mpsc::Receiver<()>,
    /// Its closing ends the thread that listens.
    _stop: UnixStream,
}

impl Changes {
    /// Begins to listen, for these files as well. No privilege is needed.
    pub fn listen(files: &[&Path]) -> io::Result<Self> {
        let netlink = Netlink::listen(&GROUPS)?;
        let files = Files::watch(files)?;
        let (stop, stopped) = UnixStream::pair()?;
        // One change that is waiting stands for any number of them.
        let (changed, coming) = mpsc::channel(1);
        thread::Builder::new()
            .name("changes".to_owned())
            .spawn(move || drop(hand_on(&netlink, files, &stopped, &changed)))?;
        Ok(Self { coming, _stop: stop })
    }

    /// Waits until something has changed and everything has been quiet for a quarter of a second,
    /// or for some seconds not: a link that comes and goes is never quiet.
    pub async fn next(&mut self) {
        if self.coming.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        let settle = async {
            while let Ok(Some(())) = tokio::time::timeout(SETTLED, self.coming.recv()).await {}
        };
        let _ = tokio::time::timeout(UNSETTLED, settle).await;
    }
}

/// Hands on that there was news, until the other end of `stopped` is closed.
fn hand_on(
    netlink: &Netlink,
    mut files: Files,
    stopped: &UnixStream,
    changed: &mpsc::Sender<()>,
) -> io::Result<()> {
    let mut bytes = [0; 1];
    loop {
        let mut waiting = [
            PollFd::new(netlink, PollFlags::IN),
            PollFd::new(stopped, PollFlags::IN),
            PollFd::new(&files, PollFlags::IN),
        ];
        match poll(&mut waiting, None) {
            Err(Errno::INTR) => continue,
            other => other?,
        };
        let [_, stop, file] = &waiting;
        if !stop.revents().is_empty() {
            return Ok(());
        }
        let of_a_file = !file.revents().is_empty();
        if of_a_file && files.heard() {
            let _ = changed.try_send(());
        }
        // What has changed is of no interest: all of it is read anew. The kernel's word that it had
        // more to say than it could keep (ENOBUFS) is news as well.
        match recv(netlink, &mut bytes, RecvFlags::DONTWAIT) {
            Ok(_) | Err(Errno::NOBUFS) => drop(changed.try_send(())),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vantage::testing::sandbox;

    const ENOUGH: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_vpn_that_comes_up_is_noticed_and_so_is_what_follows() {
        let Some(sandbox) = sandbox() else { return };
        let listen = || async { Changes::listen(&[]) };
        let mut changes = sandbox.place.run(listen).await.unwrap().unwrap();
        sandbox
            .set_up(
                "ip tuntap add tun0 mode tun
                ip addr add 10.8.0.2/24 dev tun0
                ip link set tun0 up
                ip route add 0.0.0.0/1 dev tun0
                ip route add 128.0.0.0/1 dev tun0",
            )
            .await;
        tokio::time::timeout(ENOUGH, changes.next()).await.unwrap();
        sandbox.set_up("ip rule add from 172.18.0.0/16 blackhole").await;
        tokio::time::timeout(ENOUGH, changes.next()).await.unwrap();
    }

    #[tokio::test]
    async fn a_link_that_comes_and_goes_is_told_of_all_the_same() {
        let (sender, coming) = mpsc::channel(1);
        let (stop, _stopped) = UnixStream::pair().unwrap();
        let mut changes = Changes { coming, _stop: stop };
        let flapping = async {
            loop {
                let _ = sender.try_send(());
                tokio::time::sleep(SETTLED / 5).await;
            }
        };
        tokio::select! {
            () = flapping => {}
            told = tokio::time::timeout(ENOUGH, changes.next()) => told.unwrap(),
        }
    }

    #[tokio::test]
    async fn other_namespaces_are_not_heard() {
        let (Some(one), Some(other)) = (sandbox(), sandbox()) else { return };
        let listen = || async { Changes::listen(&[]) };
        let mut changes = one.place.run(listen).await.unwrap().unwrap();
        other.set_up("ip link set lo up").await;
        assert!(changes.coming.try_recv().is_err());
    }
}
