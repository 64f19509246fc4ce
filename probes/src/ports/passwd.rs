//! The names of users.

use crate::clean;

/// The name that a `passwd(5)` file gives to a user, or the number if it gives none.
pub(super) fn user_name(passwd: &str, uid: u32) -> String {
    let wanted = uid.to_string();
    passwd
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next().filter(|name| !name.is_empty())?;
            (fields.nth(1)? == wanted).then(|| clean::line(name, 32))
        })
        .unwrap_or(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "# comment\nroot:x:0:0:root:/root:/bin/bash\n+::::::\n\
        www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nbroken\n\
        evil\x1b[31m:x:1000:1000::/:/bin/sh\n";

    #[test]
    fn a_user_is_named_by_the_file() {
        assert_eq!(user_name(PASSWD, 0), "root");
        assert_eq!(user_name(PASSWD, 33), "www-data");
    }

    #[test]
    fn a_user_that_the_file_does_not_know_keeps_its_number() {
        assert_eq!(user_name(PASSWD, 4711), "4711");
        assert_eq!(user_name("", 0), "0");
    }

    #[test]
    fn a_hostile_name_is_cleaned() {
        assert_eq!(user_name(PASSWD, 1000), "evil [31m");
    }
}
