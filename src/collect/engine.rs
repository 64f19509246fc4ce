//! What the container engine says of itself, its networks and the runtime's containers.

use edgeprobe_probes::engine::{EngineLogs, Inspection, LogError, Places};

use super::Part;
use super::shared::{Until, item};
use crate::bundle::{Item, Missing, Reason, What};

const PATH: &str = "engine";
const SOURCE: &str = "the container engine";

pub(super) fn part() -> Part {
    Part::new(PATH, What::EngineInfo, SOURCE, |until| match asked(until) {
        Ok(items) => items,
        Err(missing) => vec![item(PATH, What::EngineInfo, SOURCE, Err(missing))],
    })
}

fn asked(until: &Until) -> Result<Vec<Item>, Missing> {
    let left = until.left();
    let inspected = until.wait(async {
        let engine = EngineLogs::connect(&Places::of_this_device()).await?;
        Ok(engine.inspect(left.mul_f64(0.9)).await)
    })?;
    let all = inspected.map_err(|error| without(&error))?;
    let entry = |path: String, what, source: &str, inspection: Inspection| {
        item(&path, what, source, Ok(inspection.answer.into()))
    };
    let mut items = Vec::new();
    items.extend(all.version.map(|answer| {
        entry(format!("{PATH}/version.json"), What::EngineVersion, "GET /version", answer)
    }));
    items.extend(
        all.info.map(|answer| {
            entry(format!("{PATH}/info.json"), What::EngineInfo, "GET /info", answer)
        }),
    );
    let named = [
        (all.networks, "networks", What::EngineNetwork),
        (all.containers, "containers", What::Container),
    ];
    for (inspections, folder, what) in named {
        for inspection in inspections {
            let path = format!("{PATH}/{folder}/{}.json", file_name(&inspection.name));
            let source = format!("GET /{folder}/{}", inspection.name);
            items.push(entry(path, what, &source, inspection));
        }
    }
    for (name, why) in all.failed {
        let failed = Missing::new(Reason::Failed, why);
        items.push(item(
            &format!("{PATH}/{}", name.split('/').map(file_name).collect::<Vec<_>>().join("/")),
            What::EngineInfo,
            &format!("GET /{name}"),
            Err(failed),
        ));
    }
    Ok(items)
}

/// Why the engine says nothing.
fn without(error: &LogError) -> Missing {
    match error {
        LogError::NoEngine => Missing::new(Reason::NoEngine, ""),
        LogError::NoContainer(_) => Missing::new(Reason::NotThere, ""),
        LogError::NotPermitted { .. } => Missing::new(Reason::NotPermitted, error.to_string()),
        LogError::Unusable(_) | LogError::Engine { .. } | LogError::Broken(_) => {
            Missing::new(Reason::Failed, error.to_string())
        }
    }
}

/// A name that can be a file's on every system.
fn file_name(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = name.chars().map(safe).take(100).collect();
    name.trim_start_matches('.').to_owned()
}
