//! `edgeprobe generate`: what packages and documents are made from.

use clap::{Args, ValueEnum};
use clap_complete::Shell;

use super::output::print;
use super::problem::Problem;
use super::{cause_pages, explain};
use crate::bundle::Contents;
use crate::logs::LogReport;
use crate::report::Report;

/// Options of `generate`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[arg(value_enum)]
    what: What,

    /// The shell that completions are for
    #[arg(long, value_enum, default_value_t = Shell::Bash)]
    shell: Shell,

    /// The cause whose page is wanted; without it, the index of all pages
    #[arg(long, value_name = "CAUSE")]
    cause: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// The man page
    Man,
    /// Shell completions
    Completions,
    /// The report's JSON Schema
    Schema,
    /// The JSON Schema of what `logs` tells
    LogsSchema,
    /// The JSON Schema of what `bundle` tells
    BundleSchema,
    /// A cause's page as Markdown, or the index of all pages
    Causes,
}

pub(super) fn run(options: &Options) -> Result<u8, Problem> {
    let text = match options.what {
        What::Man => man()?,
        What::Completions => completions(options.shell),
        What::Schema => schema(&schemars::schema_for!(Report))?,
        What::LogsSchema => schema(&schemars::schema_for!(LogReport))?,
        What::BundleSchema => schema(&schemars::schema_for!(Contents))?,
        What::Causes => match &options.cause {
            Some(name) => cause_pages::page(explain::id(name)?),
            None => cause_pages::index(),
        },
    };
    print(&text)?;
    Ok(0)
}

/// The man page of the program, and after it those of its commands.
fn man() -> Result<String, Problem> {
    let failed = |error| Problem::new(format!("cannot write the man page: {error}"));
    let command = super::command();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page).map_err(failed)?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let name = sub.get_name().to_owned();
        let man = clap_mangen::Man::new(sub.clone().bin_name(format!("edgeprobe {name}")));
        page.extend_from_slice(format!(".SH COMMAND {}\n", name.to_uppercase()).as_bytes());
        man.render_description_section(&mut page).map_err(failed)?;
        man.render_options_section(&mut page).map_err(failed)?;
    }
    Ok(String::from_utf8_lossy(&page).into_owned())
}

fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "edgeprobe", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

fn schema(schema: &schemars::Schema) -> Result<String, Problem> {
    serde_json::to_string_pretty(schema)
        .map(|text| text + "\n")
        .map_err(|error| Problem::new(format!("cannot write the schema: {error}")))
}
