//! Registries and the provisioning service.

pub(super) mod image_not_found;
pub(super) mod provisioning_unreachable;
pub(super) mod registry_access_denied;
pub(super) mod registry_unreachable;
