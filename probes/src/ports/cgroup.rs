//! What the control group of a process says: its systemd unit, its container.

use crate::clean;

/// The systemd unit that a process belongs to, from its `/proc/PID/cgroup`.
///
/// The innermost service or scope; none for a process in a container, whose scope is the
/// container's, and none below a user's own manager, whose units the system's does not know.
pub(super) fn unit(cgroup: &str) -> Option<String> {
    if container_id(cgroup).is_some() {
        return None;
    }
    let path = systemd_path(cgroup)?;
    if path.split('/').any(|part| part.starts_with("user@") && is_unit(part)) {
        return None;
    }
    path.rsplit('/').find(|part| is_unit(part)).map(|part| clean::line(part, 128))
}

/// The id of the container that a process runs in: 64 hexadecimal digits.
///
/// The innermost one when engines are nested. Understands the groups of Docker, Podman (and its
/// conmon), containerd, CRI-O and Kubernetes, under cgroup v1 and v2.
pub(super) fn container_id(cgroup: &str) -> Option<&str> {
    cgroup.lines().filter_map(path).find_map(|path| path.rsplit('/').find_map(id_in))
}

/// The id in one part of a path: alone, or behind `docker-`, `libpod-`, `cri-containerd-` and the
/// like in a scope, or behind the last colon in containerd's form.
fn id_in(part: &str) -> Option<&str> {
    let part = part.strip_suffix(".scope").unwrap_or(part);
    let id = part.rsplit(['-', ':']).next()?;
    (id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

fn is_unit(part: &str) -> bool {
    part.strip_suffix(".service")
        .or_else(|| part.strip_suffix(".scope"))
        .is_some_and(|name| !name.is_empty())
}

/// The path in the hierarchy that systemd keeps: its own under cgroup v1, else the only one.
fn systemd_path(cgroup: &str) -> Option<&str> {
    let of = |wanted: &str| {
        cgroup.lines().find(|line| line.split(':').nth(1) == Some(wanted)).and_then(path)
    };
    of("name=systemd").or_else(|| of(""))
}

/// The third field of `hierarchy:controllers:path`; the path itself may hold colons.
fn path(line: &str) -> Option<&str> {
    line.splitn(3, ':').nth(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn the_unit_is_the_innermost_service_or_scope() {
        for (cgroup, expected) in [
            ("0::/system.slice/nginx.service\n", Some("nginx.service")),
            ("0::/user.slice/user-1000.slice/session-3.scope\n", Some("session-3.scope")),
            // The system's manager knows no unit of a user's own.
            ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/web.service\n", None),
            (
                "12:pids:/system.slice/a.service\n1:name=systemd:/system.slice/b.service\n0::/\n",
                Some("b.service"),
            ),
            (
                "0::/system.slice/system-getty.slice/getty@tty1.service\n",
                Some("getty@tty1.service"),
            ),
            ("0::/init.scope\n", Some("init.scope")),
            ("0::/\n", None),
            ("0::/system.slice/.service\n", None),
            ("", None),
            ("nonsense", None),
        ] {
            assert_eq!(unit(cgroup).as_deref(), expected, "{cgroup}");
        }
    }

    #[test]
    fn a_container_is_found_in_every_engine_s_form() {
        for path in [
            "0::/system.slice/docker-ID.scope",
            "0::/docker/ID",
            "5:memory:/docker/ID\n1:name=systemd:/docker/ID",
            "0::/machine.slice/libpod-ID.scope/container",
            "0::/machine.slice/libpod-conmon-ID.scope",
            "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope/container",
            "0::/default/ID",
            "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/cri-containerd-ID.scope",
            "4:cpu:/kubepods/burstable/pod6c9d2a3e-1111-2222-3333-444455556666/ID",
            "0::/system.slice/containerd.service/kubepods-besteffort-pod1.slice:cri-containerd:ID",
            "0::/kubepods.slice/kubepods-pod1.slice/crio-ID.scope",
        ] {
            let cgroup = path.replace("ID", ID);
            assert_eq!(container_id(&cgroup), Some(ID), "{path}");
            assert_eq!(unit(&cgroup), None, "{path}");
        }
    }

    #[test]
    fn the_innermost_of_nested_containers_counts() {
        let inner = "f".repeat(64);
        let cgroup = format!("0::/docker/{ID}/docker/{inner}\n");
        assert_eq!(container_id(&cgroup), Some(inner.as_str()));
    }

    #[test]
    fn a_pod_s_slice_or_a_short_id_is_no_container() {
        for cgroup in ["0::/machine.slice/libpod_pod_ID.slice", "0::/docker/0123456789ab"] {
            assert_eq!(container_id(&cgroup.replace("ID", ID)), None, "{cgroup}");
        }
    }
}
