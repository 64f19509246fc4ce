//! Other systems have no privileges of threads that can be taken without unsafe code.

use super::Wall;

pub(super) fn confine() -> Vec<Wall> {
    Wall::ALL.to_vec()
}

pub(super) fn drop_privileges() {}
