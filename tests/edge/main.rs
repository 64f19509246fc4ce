//! The program on devices whose networks are broken in earnest, in the lab's namespaces.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout
)]

mod bad_lines;
mod bundle;
mod killed;
mod logs;
mod machine;
mod podman;
mod remedies;
mod report;
mod side_by_side;
mod support;
mod trace;
mod unprivileged;
mod verdicts;
mod watch;
