//! The environment that systemd gives to a service: its unit, drop-ins and environment files
//! (systemd.unit(5), systemd.exec(5)).

use std::collections::BTreeMap;

use super::root::Reader;
use super::text;
use super::variables::Variables;

/// The folders of units, the one that overrides all others first.
const FOLDERS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The service manager's own configuration, and the folder of its fragments.
const MANAGER: &str = "/etc/systemd/system.conf";
const MANAGER_FRAGMENTS: &str = "/etc/systemd/system.conf.d";

/// The environment of an installed service.
pub(super) struct Service {
    /// The file of its unit, or its first drop-in.
    pub(super) source: String,
    pub(super) variables: Variables,
}

/// The environment of the first of these services that is installed.
pub(super) fn service(
    reader: &mut Reader<'_>,
    names: &[&str],
    defaults: &Variables,
) -> Option<Service> {
    names.iter().find_map(|name| one(reader, name, defaults))
}

/// The variables that the service manager gives to every service.
pub(super) fn defaults(reader: &mut Reader<'_>) -> Variables {
    let mut files = vec![MANAGER.to_owned()];
    files.extend(reader.files(MANAGER_FRAGMENTS, ".conf"));
    let mut settings = Settings::default();
    for file in files {
        if let Some(content) = reader.text(&file) {
            settings.add(&content, &file, "Manager", "DefaultEnvironment");
        }
    }
    settings.variables
}

fn one(reader: &mut Reader<'_>, name: &str, defaults: &Variables) -> Option<Service> {
    let unit = FOLDERS.iter().map(|folder| format!("{folder}/{name}")).find_map(|path| {
        let content = reader.text(&path)?;
        Some((path, content))
    });
    let own = format!("{name}.d");
    let drop_ins = drop_ins(reader, name);
    let of_its_own = |path: &&String| path.rsplit('/').nth(1) == Some(own.as_str());
    let source = match &unit {
        Some((path, _)) => path.clone(),
        None => drop_ins.iter().find(of_its_own)?.clone(),
    };
    let mut settings = Settings::default();
    if let Some((path, content)) = unit {
        settings.add(&content, &path, "Service", "Environment");
    }
    for path in drop_ins {
        if let Some(content) = reader.text(&path) {
            settings.add(&content, &path, "Service", "Environment");
        }
    }
    let mut variables = defaults.clone();
    variables.extend(settings.variables);
    for file in settings.files {
        if let Some(content) = reader.text(&file) {
            variables.extend(Variables::of_file(&content, &file));
        }
    }
    for name in settings.unset {
        variables.unset(&name);
    }
    Some(Service { source, variables })
}

/// The drop-ins of a unit in the order in which they count. Of two with one name, the one in the
/// folder that is nearer to the unit, or more the administrator's own, takes the other's place.
fn drop_ins(reader: &mut Reader<'_>, name: &str) -> Vec<String> {
    let mut chosen: BTreeMap<String, String> = BTreeMap::new();
    for below in drop_in_folders(name) {
        for folder in FOLDERS.iter().rev() {
            for path in reader.files(&format!("{folder}/{below}"), ".conf") {
                let file = path.rsplit('/').next().unwrap_or_default().to_owned();
                chosen.insert(file, path);
            }
        }
    }
    chosen.into_values().collect()
}

/// The names of the folders of a unit's drop-ins, the most general first: those of all services,
/// of all whose names begin the same up to a dash, and of the unit itself.
fn drop_in_folders(name: &str) -> Vec<String> {
    let stem = name.strip_suffix(".service").unwrap_or(name);
    let mut folders = vec!["service.d".to_owned()];
    let dashes = stem.match_indices('-').filter_map(|(at, _)| stem.get(..=at));
    folders.extend(dashes.map(|prefix| format!("{prefix}.service.d")));
    folders.push(format!("{name}.d"));
    folders
}

/// What unit files say of the environment, one after the other.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) variables: Variables,
    files: Vec<String>,
    unset: Vec<String>,
}

impl Settings {
    /// Adds what a file says in this section; `environment` is the name of the setting that has
    /// the variables.
    pub(super) fn add(&mut self, content: &str, source: &str, section: &str, environment: &str) {
        let heading = format!("[{section}]");
        let mut here = false;
        for line in text::logical_lines(content) {
            if line.starts_with('[') {
                here = line == heading;
                continue;
            }
            let Some((name, value)) = line.split_once('=').filter(|_| here) else { continue };
            let value = value.trim();
            match name.trim() {
                name if name == environment => self.set(value, source),
                // An empty value takes back what was set before.
                "EnvironmentFile" if value.is_empty() => self.files.clear(),
                "EnvironmentFile" => self.files.extend(environment_file(value)),
                "UnsetEnvironment" => self.unset.extend(text::words(value)),
                _ => {}
            }
        }
    }

    fn set(&mut self, value: &str, source: &str) {
        if value.is_empty() {
            self.variables = Variables::default();
        }
        for word in text::words(value) {
            if let Some((name, value)) = word.split_once('=') {
                self.variables.set(name, &text::without_specifiers(value), source);
            }
        }
    }
}

/// The path of an environment file; one with wildcards or specifiers is not looked for.
fn environment_file(value: &str) -> Option<String> {
    let path = text::words(value).into_iter().next()?;
    let path = path.strip_prefix('-').unwrap_or(&path);
    (path.starts_with('/') && !path.contains(['*', '?', '[', '%'])).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::runtime::Root;

    /// The proxy that a service has, on a device with these files.
    fn proxy(files: &[(&str, &str)], unit: &str) -> Option<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = folder.path().join(path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let root = Root::at(folder.path());
        let mut reader = Reader::new(&root);
        let defaults = defaults(&mut reader);
        let service = service(&mut reader, &[unit], &defaults)?;
        let (value, source) = service.variables.lower_or_upper("https_proxy")?;
        Some((value.to_owned(), source.to_owned()))
    }

    fn set_in(value: &str, source: &str) -> (String, String) {
        (value.to_owned(), source.to_owned())
    }

    const UNIT: (&str, &str) =
        ("/lib/systemd/system/docker.service", "[Service]\nEnvironment=HTTPS_PROXY=http://unit\n");
    const DROP_IN: &str = "/etc/systemd/system/docker.service.d/proxy.conf";

    #[test]
    fn a_drop_in_overrides_the_unit() {
        let drop_in = "[Service]\nEnvironment=\"A=1\" 'HTTPS_PROXY=http://u:p%%40w@drop:1'\n";
        assert_eq!(proxy(&[UNIT], "docker.service"), Some(set_in("http://unit", UNIT.0)));
        assert_eq!(
            proxy(&[UNIT, (DROP_IN, drop_in)], "docker.service"),
            Some(set_in("http://u:p%40w@drop:1", DROP_IN))
        );
        assert_eq!(proxy(&[UNIT, (DROP_IN, "[Service]\nEnvironment=\n")], "docker.service"), None);
    }

    #[test]
    fn what_stands_in_another_section_or_in_a_comment_does_not_count() {
        let other = "[Unit]\nEnvironment=https_proxy=http://x\n[Service]\n#Environment=https_proxy=http://y\n";
        assert_eq!(proxy(&[("/etc/systemd/system/docker.service", other)], "docker.service"), None);
    }

    #[test]
    fn environment_files_come_after_and_are_optional() {
        let unit = "[Service]\nEnvironmentFile=-/etc/default/docker\nEnvironmentFile=-/absent\n\
                    Environment=https_proxy=http://unit\n";
        let files = [
            ("/usr/lib/systemd/system/docker.service", unit),
            ("/etc/default/docker", "https_proxy='http://file'\n"),
        ];
        assert_eq!(
            proxy(&files, "docker.service"),
            Some(set_in("http://file", "/etc/default/docker"))
        );
    }

    #[test]
    fn the_administrator_s_file_takes_the_place_of_the_package_s() {
        let files = [
            UNIT,
            (
                "/usr/lib/systemd/system/docker.service.d/proxy.conf",
                "[Service]\nEnvironment=https_proxy=http://package\n",
            ),
            (DROP_IN, "[Service]\n"),
        ];
        assert_eq!(proxy(&files, "docker.service"), Some(set_in("http://unit", UNIT.0)));
    }

    #[test]
    fn what_is_set_for_all_services_counts_for_each() {
        let all = "/etc/systemd/system/service.d/all.conf";
        let prefix = "/etc/systemd/system/aziot-.service.d/all.conf";
        let unit = ("/lib/systemd/system/aziot-edged.service", "[Service]\n");
        let setting = |value: &str| format!("[Service]\nEnvironment=https_proxy={value}\n");
        let files = [unit, (all, &setting("http://all"))];
        assert_eq!(proxy(&files, "aziot-edged.service"), Some(set_in("http://all", all)));
        let files = [unit, (all, &setting("http://all")), (prefix, &setting("http://prefix"))];
        assert_eq!(proxy(&files, "aziot-edged.service"), Some(set_in("http://prefix", prefix)));
        let manager = "[Manager]\nDefaultEnvironment=https_proxy=http://manager\n";
        let files = [unit, (MANAGER, manager)];
        assert_eq!(proxy(&files, "aziot-edged.service"), Some(set_in("http://manager", MANAGER)));
    }

    #[test]
    fn a_service_that_is_not_installed_or_masked_has_no_environment() {
        assert_eq!(proxy(&[], "docker.service"), None);
        let unset = "[Service]\nUnsetEnvironment=HTTPS_PROXY\n";
        assert_eq!(proxy(&[UNIT, (DROP_IN, unset)], "docker.service"), None);
    }
}
