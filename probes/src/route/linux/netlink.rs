//! A conversation with the kernel's routing over netlink (rtnetlink(7)).
//!
//! The kernel works on a request while it is sent and has the answer ready when `sendto` returns,
//! so these calls block for microseconds. The exception is a kernel whose routing lock is held;
//! whoever awaits them does so on a blocking thread and under a deadline.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkBuffer, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use rustix::net::sockopt::{Timeout, set_socket_timeout};

use crate::own;

/// How long the kernel may take over one answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most that the kernel puts into one datagram of a dump is 32 KiB.
const DATAGRAM: usize = 64 * 1024;

/// How long a dump goes on for the sake of what is vital, once there is more than is kept.
const LONGEST_DUMP: Duration = Duration::from_millis(1500);

/// How often a dump is begun again because the tables changed under it.
const ATTEMPTS: usize = 4;

/// A socket to the kernel's routing tables, in the network namespace of the thread that opens it,
/// whichever thread uses it later.
#[derive(Debug)]
pub(crate) struct Netlink {
    socket: Socket,
    sequence: u32,
}

/// What a dump gave.
pub(crate) struct Dump {
    pub(crate) messages: Vec<RouteNetlinkMessage>,
    /// Whether nothing was left out: neither for its number, nor because it could not be read, nor
    /// because the tables kept changing.
    pub(crate) complete: bool,
}

/// One message of the kernel, as far as it concerns the conversation.
pub(super) enum Reply {
    Message(Box<RouteNetlinkMessage>),
    /// A message in a form that is not understood.
    Unreadable,
    /// The end of a dump, or an acknowledgement.
    Done,
    Refused(io::Error),
}

impl Netlink {
    pub(crate) fn open() -> io::Result<Self> {
        Self::listen(&[])
    }

    /// A socket that also hears the notifications of these groups (`RTNLGRP_*`).
    pub(crate) fn listen(groups: &[u32]) -> io::Result<Self> {
        let open = || -> io::Result<Socket> {
            let mut socket = Socket::new(NETLINK_ROUTE)?;
            socket.bind_auto()?;
            socket.connect(&SocketAddr::new(0, 0))?;
            for group in groups {
                socket.add_membership(*group)?;
            }
            Ok(socket)
        };
        Ok(Self { socket: open().map_err(own::denied)?, sequence: 0 })
    }

    /// Asks a question that has one answer. An error is the kernel's own word on the question.
    pub(crate) fn ask(&mut self, question: RouteNetlinkMessage) -> io::Result<RouteNetlinkMessage> {
        self.send(question, NLM_F_REQUEST)?;
        let mut answer = None;
        self.receive(|reply, _| {
            answer = Some(match reply {
                Reply::Message(message) => Ok(*message),
                Reply::Refused(error) => Err(error),
                Reply::Unreadable | Reply::Done => Err(io::ErrorKind::InvalidData.into()),
            });
            true
        })?;
        answer.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))
    }

    /// Asks for a change and waits until the kernel has made it. `flags` are `NLM_F_CREATE` and
    /// its like.
    pub(crate) fn change(&mut self, order: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
        self.send(order, NLM_F_REQUEST | NLM_F_ACK | flags)?;
        let mut outcome = Ok(());
        self.receive(|reply, _| match reply {
            Reply::Done => true,
            Reply::Refused(error) => {
                outcome = Err(error);
                true
            }
            Reply::Message(_) | Reply::Unreadable => false,
        })?;
        outcome
    }

    /// Asks for everything that matches, at most `limit` messages of it.
    pub(crate) fn dump(question: &RouteNetlinkMessage, limit: usize) -> io::Result<Dump> {
        Self::dump_choosing(question, limit, |_| false)
    }

    /// The same, beside what is `vital`, of which there may be as much again.
    pub(crate) fn dump_choosing(
        question: &RouteNetlinkMessage,
        limit: usize,
        vital: impl Fn(&RouteNetlinkMessage) -> bool,
    ) -> io::Result<Dump> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            // A separate socket: closing it discards the rest of a dump that is given up.
            let (dump, interrupted) = Self::open()?.dump_once(question.clone(), limit, &vital)?;
            if !interrupted {
                return Ok(dump);
            }
            last = Some(Dump { complete: false, ..dump });
        }
        last.ok_or_else(|| io::ErrorKind::Interrupted.into())
    }

    /// A dump, and whether the tables changed while it was made.
    fn dump_once(
        mut self,
        question: RouteNetlinkMessage,
        limit: usize,
        vital: &impl Fn(&RouteNetlinkMessage) -> bool,
    ) -> io::Result<(Dump, bool)> {
        let begun = Instant::now();
        let (mut ordinary, mut chosen) = (0, 0);
        self.send(question, NLM_F_REQUEST | NLM_F_DUMP)?;
        let mut dump = Dump { messages: Vec::new(), complete: true };
        let mut interrupted = false;
        let mut refused = None;
        self.receive(|reply, flags| {
            interrupted |= flags & NLM_F_DUMP_INTR != 0;
            match reply {
                Reply::Message(message) => {
                    let count = if vital(&message) { &mut chosen } else { &mut ordinary };
                    if *count < limit {
                        *count += 1;
                        dump.messages.push(*message);
                    } else {
                        dump.complete = false;
                        // What is vital may still come, but a table of the Internet is long.
                        return begun.elapsed() > LONGEST_DUMP;
                    }
                }
                Reply::Unreadable => dump.complete = false,
                Reply::Done => return true,
                Reply::Refused(error) => {
                    refused = Some(error);
                    return true;
                }
            }
            false
        })?;
        refused.map_or(Ok((dump, interrupted)), Err)
    }

    /// Waits for notifications and hands them on until one satisfies `done`. False when `patience`
    /// ran out first.
    pub(crate) fn await_notification(
        &self,
        patience: Duration,
        mut done: impl FnMut(RouteNetlinkMessage) -> bool,
    ) -> io::Result<bool> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            let mut satisfied = false;
            let received = self.receive_datagram(left, &mut |reply, _| {
                if let Reply::Message(message) = reply {
                    satisfied |= done(*message);
                }
                satisfied
            });
            match received {
                Ok(_) if satisfied => return Ok(true),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    fn send(&mut self, message: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut message = NetlinkMessage::from(message);
        message.header.flags = flags;
        message.header.sequence_number = self.sequence;
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        // The kernel's own refusal comes as an answer.
        self.socket.send(&bytes, 0).map(drop).map_err(own::denied)
    }

    /// Hands the replies to the last request on, with their flags, until one is the last.
    fn receive(&self, mut last: impl FnMut(Reply, u16) -> bool) -> io::Result<()> {
        while !self.receive_datagram(PATIENCE, &mut |reply, header| {
            header.sequence_number() == self.sequence && last(reply, header.flags())
        })? {}
        Ok(())
    }

    /// Hands the messages of one datagram on until one is the last; whether one was.
    fn receive_datagram(
        &self,
        patience: Duration,
        last: &mut dyn FnMut(Reply, &NetlinkBuffer<&[u8]>) -> bool,
    ) -> io::Result<bool> {
        set_socket_timeout(&self.socket, Timeout::Recv, Some(patience))?;
        let mut bytes = Vec::with_capacity(DATAGRAM);
        self.socket.recv(&mut bytes, 0).map_err(own::denied)?;
        Ok(hand_on(&bytes, last))
    }
}

/// Hands the messages of a datagram on until one is the last; whether one was.
pub(super) fn hand_on(
    mut rest: &[u8],
    last: &mut dyn FnMut(Reply, &NetlinkBuffer<&[u8]>) -> bool,
) -> bool {
    while let Ok(header) = NetlinkBuffer::new_checked(rest) {
        if last(read(rest), &header) {
            return true;
        }
        // Messages begin at multiples of four bytes (NLMSG_ALIGN).
        let length = usize::try_from(header.length()).unwrap_or(usize::MAX);
        let next = length.checked_next_multiple_of(4).and_then(|next| rest.get(next..));
        rest = next.unwrap_or_default();
    }
    false
}

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn read(bytes: &[u8]) -> Reply {
    let Ok(message) = NetlinkMessage::deserialize(bytes) else { return Reply::Unreadable };
    match message.payload {
        NetlinkPayload::InnerMessage(inner) => Reply::Message(Box::new(inner)),
        NetlinkPayload::Error(error) if error.code.is_some() => Reply::Refused(error.to_io()),
        NetlinkPayload::Error(_) | NetlinkPayload::Done(_) => Reply::Done,
        _ => Reply::Unreadable,
    }
}
