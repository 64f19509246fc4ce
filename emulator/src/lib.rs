//! An IoT Hub, its name server and its certificate authority, embedded: for demos and tests.
