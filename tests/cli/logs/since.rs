//! Only what is new enough.

use super::{PORT, piped};

#[test]
fn older_lines_do_not_count() {
    for (since, code) in [
        ("2023-01-24T12:32:45Z", 2),
        ("2023-01-24", 2),
        ("2023-01-24 12:33", 3),
        ("2023-01-25", 3),
        ("2h", 3),
        ("100 years", 2),
    ] {
        assert_eq!(piped(&["logs", "-", "--since", since], PORT).code, code, "{since}");
    }
}

#[test]
fn a_line_without_a_time_counts() {
    let log = "Bind for 0.0.0.0:443 failed: port is already allocated\n";
    assert_eq!(piped(&["logs", "-", "--since", "2h"], log).code, 2);
}
