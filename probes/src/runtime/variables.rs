//! Environment variables, as files and services set them.

use edgeprobe_facts::proxy::NoProxyList;

use super::text;

/// How many variables of one environment are looked at.
const MOST: usize = 512;

/// An environment. It may hold secrets, so it cannot be shown and is never kept.
#[derive(Clone, Default)]
pub(super) struct Variables(Vec<Variable>);

#[derive(Clone)]
struct Variable {
    name: String,
    value: String,
    source: String,
}

impl Variables {
    /// The variables of `NAME=VALUE` lines, as systemd's `EnvironmentFile=` and pam_env read them.
    pub(super) fn of_file(content: &str, source: &str) -> Self {
        let mut variables = Self::default();
        for line in text::logical_lines(content) {
            let line = line.strip_prefix("export ").unwrap_or(&line);
            if let Some((name, value)) = line.split_once('=') {
                variables.set(name.trim(), &text::unquoted(value.trim()), source);
            }
        }
        variables
    }

    /// Sets a variable, over one of the same name.
    pub(super) fn set(&mut self, name: &str, value: &str, source: &str) {
        self.unset(name);
        if self.0.len() < MOST {
            let [name, value, source] = [name, value, source].map(str::to_owned);
            self.0.push(Variable { name, value, source });
        }
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.0.retain(|variable| variable.name != name);
    }

    /// Sets all of these variables, over those of the same names.
    pub(super) fn extend(&mut self, others: Self) {
        for Variable { name, value, source } in others.0 {
            self.set(&name, &value, &source);
        }
    }

    /// The value that programs take which look for the name in lower case and then in upper case,
    /// and where it is set. An empty value is none.
    pub(super) fn lower_or_upper(&self, name: &str) -> Option<(&str, &str)> {
        let exactly = |name: &str| self.0.iter().find(|variable| variable.name == name);
        let variable = exactly(name).or_else(|| exactly(&name.to_ascii_uppercase()))?;
        (!variable.value.trim().is_empty()).then_some((&variable.value, &variable.source))
    }

    /// The value of a variable whose name .NET's configuration finds in any spelling.
    pub(super) fn any_case(&self, name: &str) -> Option<(&str, &str)> {
        let variable = self.0.iter().find(|variable| variable.name.eq_ignore_ascii_case(name))?;
        (!variable.value.trim().is_empty()).then_some((&variable.value, &variable.source))
    }

    /// `no_proxy`, made safe to keep.
    pub(super) fn no_proxy(&self) -> Option<NoProxyList> {
        NoProxyList::parse(self.lower_or_upper("no_proxy")?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_file_are_read_with_their_quotes() {
        let variables = Variables::of_file(
            "# proxies\nexport https_proxy=\"http://proxy:3128\"\nno_proxy='a, b'\nEMPTY=\nx\n",
            "/etc/environment",
        );
        let found = |name| variables.lower_or_upper(name).map(|(value, _)| value);
        assert_eq!(found("https_proxy"), Some("http://proxy:3128"));
        assert_eq!(found("no_proxy"), Some("a, b"));
        assert_eq!(found("EMPTY"), None);
    }

    #[test]
    fn lower_case_comes_before_upper_case() {
        let mut variables = Variables::default();
        variables.set("HTTPS_PROXY", "upper", "a");
        assert_eq!(variables.lower_or_upper("https_proxy"), Some(("upper", "a")));
        variables.set("https_proxy", "lower", "b");
        assert_eq!(variables.lower_or_upper("https_proxy"), Some(("lower", "b")));
        assert_eq!(variables.any_case("Https_Proxy").map(|(value, _)| value), Some("upper"));
    }
}
