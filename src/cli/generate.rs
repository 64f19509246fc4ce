//! `edgeprobe generate`: what packages and documents are made from.

use clap::builder::PossibleValuesParser;
use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;
use edgeprobe_emulator::Fault;

use super::output::print;
use super::problem::Problem;
use super::{cause_pages, explain, man_page};
use crate::bundle::Contents;
use crate::logs::LogReport;
use crate::report::Report;
use crate::verdict::CauseId;

/// Options of `generate`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[arg(value_enum)]
    what: What,

    /// The shell that completions are for
    #[arg(long, value_enum, default_value_t = Shell::Bash)]
    shell: Shell,

    /// The cause of the page; without it, the index of all pages
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
    /// The JSON Schema of the result of `logs`
    LogsSchema,
    /// The JSON Schema of the contents list of `bundle`
    BundleSchema,
    /// A cause's page as Markdown, or the index of all pages
    Causes,
}

pub(super) fn run(options: &Options) -> Result<u8, Problem> {
    let text = match options.what {
        What::Man => man_page::page()?,
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

fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut completed(), "edgeprobe", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The command line for a shell's completion: without internal commands, with the causes and the
/// faults, and with files only where an argument is a file.
fn completed() -> Command {
    let whole = super::command();
    let shown = whole.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned();
    let causes = PossibleValuesParser::new(CauseId::ALL.iter().map(|id| id.word()));
    let faults = PossibleValuesParser::new(Fault::ALL.iter().map(|fault| fault.id()));
    Command::new("edgeprobe")
        .args(whole.get_arguments().cloned())
        .subcommands(shown)
        .mut_subcommand("explain", |sub| sub.mut_arg("cause", |arg| arg.value_parser(causes)))
        .mut_subcommand("demo", |sub| sub.mut_arg("fault", |arg| arg.value_parser(faults)))
}

fn schema(schema: &schemars::Schema) -> Result<String, Problem> {
    serde_json::to_string_pretty(schema)
        .map(|text| text + "\n")
        .map_err(|error| Problem::new(format!("cannot write the schema: {error}")))
}
