//! From a report and what was collected to an archive's entries.

use std::env;

use edgeprobe_facts::clean;
use edgeprobe_facts::mask::mask;

use super::place::own_name;
use crate::bundle::{Anonymiser, Content, Item, Missing, Reason, What};
use crate::collect;
use crate::language::Language;
use crate::report::{Report, human, json};

/// Replaces what there is to recognise, in the items and in the report.
pub(super) fn anonymise(
    report: Result<Report, String>,
    items: &mut [Item],
    language: Language,
) -> Result<Report, String> {
    let texts =
        items.iter().filter_map(|item| Some((&*item.path, &*item.content.as_ref().ok()?.text)));
    let hosts: Vec<String> = own_name().into_iter().collect();
    // What is masked shows none: a connection string is left out whole.
    let ids = collect::device_ids();
    let users: Vec<String> =
        ["USER", "LOGNAME", "SUDO_USER"].iter().filter_map(|name| env::var(name).ok()).collect();
    let mut anonymiser = Anonymiser::new(report.as_ref().ok(), texts, &hosts, &ids, &users);
    for item in items {
        item.path = anonymiser.text(&item.path);
        item.source = anonymiser.text(&item.source);
        match &mut item.content {
            Ok(content) if item.what.is_a_document() => {
                content.text = anonymiser.document(&content.text);
            }
            Ok(content) => content.text = anonymiser.text(&content.text),
            Err(missing) => missing.detail = anonymiser.text(&missing.detail),
        }
    }
    match report {
        Ok(report) => anonymiser
            .report(&report, language)
            .ok_or_else(|| "it is no report any more when it is anonymised".to_owned()),
        Err(why) => Err(anonymiser.text(&why)),
    }
}

/// The report in two forms: for programs, and `told` for people in their language.
pub(super) fn report_items(
    report: &Result<Report, String>,
    told: Option<&Report>,
    language: Language,
) -> [Item; 2] {
    let item = |path: &str, what, text: Option<String>| Item {
        path: path.to_owned(),
        what,
        source: "edgeprobe check".to_owned(),
        taken_at: report.as_ref().map(|report| report.run.started_at.clone()).unwrap_or_default(),
        content: text.map(|text| Content { text, ..Content::default() }).ok_or_else(|| {
            let why = report.as_ref().err().map(String::as_str).unwrap_or_default();
            Missing::new(Reason::Failed, mask(&clean::line(why, 240)))
        }),
    };
    let text = told.map(|report| {
        let text = human::text(report, human::Detail::Verbose, language);
        anstream::adapter::strip_str(&text).to_string()
    });
    let document = report.as_ref().ok().and_then(|report| json::document(report).ok());
    [item("report.json", What::Report, document), item("report.txt", What::ReportText, text)]
}
