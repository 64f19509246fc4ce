//! Serves an emulated internet on real ports until it is told to stop: the far side of a fault lab.

use std::fs;
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use edgeprobe_emulator::{Fault, Internet, Layout, Plan, Scenario, StartError};
use tokio::sync::oneshot;

/// Serves an IoT Hub, its name server and a control host on the real ports of given addresses.
///
/// Prints one line of JSON when everything serves, and stops when standard input closes or at
/// SIGTERM or SIGINT.
#[derive(Debug, Parser)]
#[command(name = "edgeprobe-emulator", version)]
struct Arguments {
    /// The hub's name
    #[arg(long, value_name = "NAME")]
    hub: String,
    /// The hub's address: ports 5671, 443 and 8883
    #[arg(long, value_name = "IP")]
    hub_address: IpAddr,
    /// The name server's address: port 53
    #[arg(long, value_name = "IP")]
    resolver_address: IpAddr,
    /// The control host's address: port 443
    #[arg(long, value_name = "IP")]
    control_address: IpAddr,
    /// The control host's name
    #[arg(long, value_name = "NAME", default_value = "mcr.microsoft.com")]
    control: String,
    /// Where a hijacked name leads [default: the control host's address]
    #[arg(long, value_name = "IP")]
    sinkhole_address: Option<IpAddr>,
    /// Writes the roots of the device's trust store here, in PEM
    #[arg(long, value_name = "FILE")]
    ca_out: PathBuf,
    /// Writes the roots that the public would trust here, in PEM
    #[arg(long, value_name = "FILE")]
    public_ca_out: Option<PathBuf>,
    /// Writes the root of an intercepting proxy here, in PEM
    #[arg(long, value_name = "FILE")]
    interceptor_ca_out: Option<PathBuf>,
    /// What is wrong, by the id of the cause
    #[arg(long, value_name = "ID")]
    fault: Option<Fault>,
}

impl Arguments {
    fn scenario(&self) -> Scenario {
        let mut plan = Plan::real(self.hub_address, self.resolver_address, self.control_address);
        if let Some(address) = self.sinkhole_address {
            plan.sinkhole = address;
        }
        let (hub, control) = (self.hub.clone(), self.control.clone());
        Scenario { hub, control, fault: self.fault, plan }
    }
}

/// The emulator cannot serve.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("{path} cannot be written: {source}; hint: name a file in a folder that exists")]
    Write { path: String, source: io::Error },
    #[error("nobody reads the line that says what is served: {0}")]
    Announce(io::Error),
    #[error("signals cannot be awaited: {0}")]
    Signals(io::Error),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to be done if that cannot be written either.
            let _ = writeln!(io::stderr(), "error: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<(), Failure> {
    let internet = Internet::start(arguments.scenario()).await?;
    let layout = internet.layout();
    write(&arguments.ca_out, &layout.device_roots_pem)?;
    if let Some(path) = &arguments.public_ca_out {
        write(path, &layout.public_roots_pem)?;
    }
    if let Some(path) = &arguments.interceptor_ca_out {
        write(path, &layout.interceptor_root_pem)?;
    }
    // Signals are taken before the line is out: whoever has read it may send one.
    let told_to_stop = told_to_stop().map_err(Failure::Signals)?;
    announce(layout, arguments.fault).map_err(Failure::Announce)?;
    told_to_stop.await;
    internet.stop().await;
    Ok(())
}

fn write(path: &Path, pem: &str) -> Result<(), Failure> {
    let failed = |source| Failure::Write { path: path.display().to_string(), source };
    fs::write(path, pem).map_err(failed)
}

fn announce(layout: &Layout, fault: Option<Fault>) -> io::Result<()> {
    let line = serde_json::json!({
        "hub": layout.hub,
        "hub_address": layout.hub_address,
        "amqp_port": layout.ports.amqp,
        "web_port": layout.ports.web,
        "mqtt_port": layout.ports.mqtt,
        "resolver": layout.resolver,
        "control": layout.control.name,
        "control_address": layout.control.address,
        "fault": fault.map(Fault::id),
    });
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Returns a future that ends when standard input closes or a signal asks for the end.
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    let signal = signal()?;
    let (closed, input_closed) = oneshot::channel();
    // A thread of its own: a read of standard input cannot be cancelled, and need not be.
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while io::stdin().read(&mut buffer).is_ok_and(|count| count > 0) {}
        let _ = closed.send(());
    });
    Ok(async move {
        tokio::select! {
            () = signal => {}
            _ = input_closed => {}
        }
    })
}

#[cfg(unix)]
fn signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without the signal, standard input still says when to stop.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
