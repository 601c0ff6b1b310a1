//! `drishti serve`

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use drishti_server::ServerOptions;
use drishti_services::Services;
use drishti_services::access::FIRST_OPERATOR;
use drishti_services::maintenance::MaintenanceSettings;
use drishti_services::sources::AddSource;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cli::{Cli, ServeArgs};
use crate::configuration::{Configuration, EnrichmentSection, LISTEN};
use crate::home::{Home, Occupied};
use crate::lifecycle::stop_on_signal;
use crate::output;

/// An installation that is opened and taken, before anything runs in it.
pub(crate) struct Opened {
    pub(crate) services: Services,
    pub(crate) configuration: Configuration,
    pub(crate) stop: CancellationToken,
    declared: Vec<AddSource>,
    listener: TcpListener,
    address: SocketAddr,
    options: ServerOptions,
    occupied: Occupied,
}

/// The running product: collector, maintenance and API over one installation.
pub(crate) struct Product {
    pub(crate) services: Services,
    /// Where it listens, as an address for browsers.
    pub(crate) address: String,
    pub(crate) stop: CancellationToken,
    tasks: TaskTracker,
    server: tokio::task::JoinHandle<Result<(), drishti_server::ServerError>>,
    _occupied: Occupied,
}

pub(crate) async fn run(cli: &Cli, arguments: &ServeArgs) -> anyhow::Result<ExitCode> {
    let home = Home::ready(cli.home())?;
    let opened = Opened::new(cli, &home, arguments.listen, EnrichmentSection::default()).await?;
    if let Some(password) = opened.services.add_first_operator(None).await? {
        output::say(&format!(
            "sign in as `{FIRST_OPERATOR}` with the password {}; it is not shown again",
            password.expose()
        ));
    }
    let product = opened.start();
    output::print_data(&format!("listening on {}", product.address))?;
    output::say(&format!(
        "the API takes the bearer token in `{}`",
        home.api_token_path().display()
    ));
    product.wait().await
}

impl Opened {
    /// Opens everything, and asks nobody.
    pub(crate) async fn new(
        cli: &Cli,
        home: &Home,
        listen: Option<SocketAddr>,
        tables: EnrichmentSection,
    ) -> anyhow::Result<Self> {
        let stop = stop_on_signal()?;
        let occupied = home.occupy()?;
        let mut configuration = Configuration::load(cli, home)?;
        configuration.enrichment.places.extend(tables.places);
        configuration.enrichment.feeds.extend(tables.feeds);
        let listen = listen.or(configuration.listen).unwrap_or(LISTEN);
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("listening on `{listen}`"))?;
        let address = listener.local_addr().context("reading the own address")?;
        let options = configuration.server_options(home.api_token()?, address)?;
        if let Some(tls) = &options.tls {
            tls.load()?;
        }
        if configuration.is_in_the_clear(address)? {
            output::say(&format!(
                "WARNING: {address} can be reached from other machines, and passwords, tokens and events cross the network in the clear; set                  `tls` in `[server]` of drishti.toml, or `behind_proxy = true` where a proxy with TLS stands before this server"
            ));
        }
        Ok(Self {
            address,
            listener,
            services: configuration.open(home).await?,
            declared: configuration.declared_sources()?,
            configuration,
            stop,
            options,
            occupied,
        })
    }

    /// Starts everything. A source of the configuration file that can't be set up is reported and does not stop the others.
    pub(crate) fn start(self) -> Product {
        let Self {
            services,
            configuration,
            stop,
            declared,
            listener,
            address,
            options,
            occupied,
        } = self;
        let tasks = TaskTracker::new();
        let file = configuration
            .file()
            .map(|file| file.display().to_string())
            .unwrap_or_default();
        tasks.spawn(declare(services.clone(), declared, file));
        tasks.spawn(services.collector().run(stop.clone()));
        let (kept_fresh, fresh_stop) = (services.clone(), stop.clone());
        tasks.spawn(async move { kept_fresh.keep_knowledge_fresh(fresh_stop).await });
        let (maintained, maintenance_stop) = (services.clone(), stop.clone());
        let retention_days = configuration.lake.retention_days;
        tasks.spawn(async move {
            let settings = MaintenanceSettings { retention_days };
            maintained.maintain(settings, maintenance_stop).await;
        });
        tasks.close();
        let scheme = if options.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let server = tokio::spawn(drishti_server::serve(
            listener,
            services.clone(),
            options,
            stop.clone(),
        ));
        Product {
            services,
            address: format!("{scheme}://{address}"),
            stop,
            tasks,
            server,
            _occupied: occupied,
        }
    }
}

/// Brings the ledger in line with the sources that the file declares, and says which it declares no longer.
async fn declare(services: Services, declared: Vec<AddSource>, file: String) {
    for source in &declared {
        if let Err(error) = services.declare_source(source.clone()).await {
            output::print_error(&anyhow::Error::new(error).context(format!(
                "setting up source `{}` of the configuration",
                source.name
            )));
        }
    }
    match services.release_undeclared(&declared).await {
        Ok(released) => {
            for name in released {
                tracing::warn!(
                    "source `{name}` no longer stands in `{file}`; it goes on being collected, and can be changed and removed like any \
                     other now: `drishti sources remove` forgets it"
                );
            }
        }
        Err(error) => output::print_error(
            &anyhow::Error::new(error)
                .context("looking for sources that the configuration declares no longer"),
        ),
    }
}

impl Product {
    /// Waits until the product is told to stop, and until it has.
    pub(crate) async fn wait(self) -> anyhow::Result<ExitCode> {
        let served = self.server.await.context("serving the API")?;
        self.stop.cancel();
        self.tasks.wait().await;
        served?;
        Ok(ExitCode::SUCCESS)
    }
}
