//! `drishti serve`

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use drishti_server::ServerOptions;
use drishti_services::Services;
use drishti_services::maintenance::MaintenanceSettings;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cli::{Cli, ServeArgs};
use crate::configuration::{Configuration, LISTEN};
use crate::home::{Home, Occupied};
use crate::lifecycle::stop_on_signal;
use crate::output;

/// The running product: collector, maintenance and API over one installation.
pub(crate) struct Product {
    pub(crate) services: Services,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    tasks: TaskTracker,
    server: tokio::task::JoinHandle<Result<(), drishti_server::ServerError>>,
    _occupied: Occupied,
}

pub(crate) async fn run(cli: &Cli, arguments: &ServeArgs) -> anyhow::Result<ExitCode> {
    let home = Home::ready(&cli.home)?;
    let product = Product::start(cli, &home, arguments.listen).await?;
    output::print_data(&format!("listening on http://{}", product.address))?;
    output::say(&format!(
        "the API takes the bearer token in `{}`",
        home.api_token_path().display()
    ));
    product.wait().await
}

impl Product {
    /// Starts everything. A source of the configuration file that can't be set up is reported and does not stop the others.
    pub(crate) async fn start(
        cli: &Cli,
        home: &Home,
        listen: Option<SocketAddr>,
    ) -> anyhow::Result<Self> {
        let stop = stop_on_signal()?;
        let occupied = home.occupy()?;
        let configuration = Configuration::load(cli, home)?;
        let listen = listen.or(configuration.listen).unwrap_or(LISTEN);
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("listening on `{listen}`"))?;
        let address = listener.local_addr().context("reading the own address")?;
        let services = configuration.open(home).await?;
        let tasks = TaskTracker::new();
        let declared = configuration.declared_sources()?;
        let declaring = services.clone();
        tasks.spawn(async move {
            for source in declared {
                let name = source.name.clone();
                if let Err(error) = declaring.declare_source(source).await {
                    output::print_error(
                        &anyhow::Error::new(error)
                            .context(format!("setting up source `{name}` of the configuration")),
                    );
                }
            }
        });
        tasks.spawn(services.collector().run(stop.clone()));
        let (maintained, maintenance_stop) = (services.clone(), stop.clone());
        let retention_days = configuration.lake.retention_days;
        tasks.spawn(async move {
            let settings = MaintenanceSettings { retention_days };
            maintained.maintain(settings, maintenance_stop).await;
        });
        tasks.close();
        let options = ServerOptions {
            token: home.api_token()?,
            loopback_only_hosts: address.ip().is_loopback(),
        };
        let server = tokio::spawn(drishti_server::serve(
            listener,
            services.clone(),
            options,
            stop.clone(),
        ));
        Ok(Self {
            services,
            address,
            stop,
            tasks,
            server,
            _occupied: occupied,
        })
    }

    /// Waits until the product is told to stop, and until it has.
    pub(crate) async fn wait(self) -> anyhow::Result<ExitCode> {
        let served = self.server.await.context("serving the API")?;
        self.stop.cancel();
        self.tasks.wait().await;
        served?;
        Ok(ExitCode::SUCCESS)
    }
}
