//! The peer's own protocol.

mod answer;
pub(super) mod edge_hub_mqtt_defect;
pub(super) mod not_iot_hub;
pub(super) mod parent_unreachable;
pub(super) mod websocket_blocked;
