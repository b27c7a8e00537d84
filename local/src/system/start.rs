//! Starting everything, in the order in which the parts need each other.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use axum::Router;
use chrono::Utc;
use serde_json::json;
use shared::config::{Config, ConfigErrors};

use super::{
    Options, System, TABLE,
    config::{ConfigFile, Delivery, SECRET, SecretsIn, variable},
    gateway,
    journal::Journal,
    lock,
    pipelines::Pipelines,
    seed,
    stored::Looked,
};
use crate::{
    wire::{
        self, Server,
        dynamodb::{DynamoDb, DynamoDbError, Storage},
        lambda::{Code, Function, Spec},
        secrets::Secrets,
    },
    world::{World, ec2::Ec2Error},
};

/// The region that the functions run in.
const REGION: &str = "eu-central-1";
const POLLER_TIMEOUT: Duration = Duration::from_secs(300);
const RESPONDER_TIMEOUT: Duration = Duration::from_secs(30);

/// Why the system did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file or a port.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// DynamoDB.
    #[error(transparent)]
    DynamoDb(#[from] DynamoDbError),
    /// The functions' config.toml says something that they would refuse.
    #[error("{0}")]
    Config(#[from] ConfigErrors),
    /// The seed was refused by EC2's stand-in.
    #[error("the seed of the world is refused: {0}")]
    Seed(#[from] Ec2Error),
}

/// The services on loopback ports, and what they serve.
#[derive(Debug)]
pub struct StandIns {
    /// Everything outside Portcullis.
    pub world: Arc<World>,
    /// EC2.
    pub ec2: Server,
    /// STS.
    pub sts: Server,
    /// CloudTrail, as far as Lake goes.
    pub lake: Server,
    /// Slack.
    pub slack: Server,
    /// Secrets Manager and SSM.
    pub secrets: Server,
    /// DynamoDB.
    pub dynamodb: DynamoDb,
    /// Every secret by the name of its field.
    secret_values: BTreeMap<&'static str, String>,
}

impl StandIns {
    /// Serves a world that begins with [`seed::seed`], and DynamoDB in memory, with the table.
    ///
    /// # Errors
    /// [`StartError`] says what could not be started.
    pub async fn start(seed: u64) -> Result<Self, StartError> {
        let config = ConfigFile::default();
        Self::start_with(seed, &Storage::Memory, config.external_id.as_deref(), (TABLE, &config.table)).await
    }

    async fn start_with(
        seed: u64,
        storage: &Storage,
        external_id: Option<&str>,
        (definition, table): (&str, &str),
    ) -> Result<Self, StartError> {
        let world = Arc::new(World::default());
        seed::seed(&world, seed, external_id, Utc::now())?;
        let dynamodb = DynamoDb::start(storage, Arc::clone(&world)).await?;
        dynamodb.create_table(definition, table).await?;
        let slack = serve(wire::slack::router(Arc::clone(&world))).await?;
        lock(&world.slack).hooks_origin = slack.url();
        // A webhook's URL contains Slack's address, so the secrets come after it.
        let secret_values = secret_values(&world);
        Ok(Self {
            ec2: serve(wire::ec2::router(Arc::clone(&world))).await?,
            sts: serve(wire::sts::router(Arc::clone(&world))).await?,
            lake: serve(wire::lake::router(Arc::clone(&world))).await?,
            secrets: serve(wire::secrets::router(Arc::clone(&world), secrets(&secret_values))).await?,
            world,
            slack,
            dynamodb,
            secret_values,
        })
    }
}

/// Starts all but what runs by itself.
pub(super) async fn start(options: &Options) -> Result<System, StartError> {
    let external_id = options.config.external_id.as_deref();
    let table = (options.table.as_str(), options.config.table.as_str());
    let services = StandIns::start_with(options.seed, &options.storage, external_id, table).await?;
    lock(&services.world.lake).settings.delivery_delay = options.delivery_delay;

    let slack_api = format!("{}/api", services.slack.url());
    let config = {
        let lake = lock(&services.world.lake);
        options.config.render(&slack_api, lake.store(), &lake.region)
    };
    let timing = Config::load(&config)?.timing;
    let folder = tempfile::tempdir().map_err(io("a folder for config.toml"))?;
    let path = folder.path().join("config.toml");
    std::fs::write(&path, &config).map_err(io("config.toml"))?;

    let environment = environment(options, &services, &path);
    let function = |name: &str, code: &Code, timeout| {
        let function = function(options, name, code, timeout, &environment)?;
        let world = Arc::clone(&services.world);
        function.logs().watch_for_secrets(Box::new(move |line| seed::secret_in(&world, line)));
        Ok::<_, StartError>(function)
    };
    let poller = function("portcullis-poller", &options.poller, POLLER_TIMEOUT)?;
    let responder = function("portcullis-responder", &options.responder, RESPONDER_TIMEOUT)?;
    let gateway = serve(gateway::router(responder.clone())).await?;
    Ok(System {
        world: Arc::clone(&services.world),
        services,
        poller,
        responder,
        gateway,
        config,
        timing,
        journal: Journal::default(),
        pipelines: Pipelines::default(),
        client: reqwest::Client::new(),
        looked: Looked::default(),
        table: options.config.table.clone(),
        pushed: 0.into(),
        tasks: Vec::new().into(),
        _folder: folder,
    })
}

async fn serve(router: Router) -> Result<Server, StartError> {
    Server::start(router).await.map_err(io("a loopback port"))
}

fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> StartError {
    move |source| StartError::Io { what, source }
}

/// Every secret by the name of its field, whether or not the config refers to it.
fn secret_values(world: &World) -> BTreeMap<&'static str, String> {
    let webhook = lock(&world.slack).add_webhook(seed::CHANNEL);
    BTreeMap::from([
        ("bot_token", seed::BOT_TOKEN.to_owned()),
        ("signing_secret", seed::SIGNING_SECRET.to_owned()),
        ("webhook_url", webhook),
    ])
}

fn secrets(values: &BTreeMap<&'static str, String>) -> Secrets {
    let fields = json!(values).to_string();
    Secrets {
        secrets: BTreeMap::from([(SECRET.to_owned(), fields)]),
        parameters: values.iter().map(|(field, value)| (format!("/{SECRET}/{field}"), value.clone())).collect(),
    }
}

fn environment(options: &Options, services: &StandIns, config: &Path) -> BTreeMap<String, String> {
    let mut environment: BTreeMap<String, String> = [
        ("AWS_ACCESS_KEY_ID", seed::HUB_ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", seed::HUB_SECRET_KEY.to_owned()),
        ("AWS_SESSION_TOKEN", seed::HUB_SESSION_TOKEN.to_owned()),
        ("AWS_ENDPOINT_URL_EC2", services.ec2.url()),
        ("AWS_ENDPOINT_URL_STS", services.sts.url()),
        ("AWS_ENDPOINT_URL_CLOUDTRAIL", services.lake.url()),
        ("AWS_ENDPOINT_URL_DYNAMODB", services.dynamodb.url()),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", services.secrets.url()),
        ("AWS_ENDPOINT_URL_SSM", services.secrets.url()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("PORTCULLIS_CONFIG", config.display().to_string()),
        ("RUST_BACKTRACE", "1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if options.config.secrets == SecretsIn::Environment {
        environment.extend(
            services
                .secret_values
                .iter()
                .filter(|(field, _)| wanted(&options.config, field))
                .map(|(field, value)| (variable(field), value.clone())),
        );
    }
    environment.extend(options.environment.iter().cloned());
    environment
}

fn wanted(config: &ConfigFile, field: &str) -> bool {
    match config.delivery {
        Delivery::Bot => field != "webhook_url",
        Delivery::Webhook => field != "bot_token",
    }
}

fn function(
    options: &Options,
    name: &str,
    code: &Code,
    timeout: Duration,
    environment: &BTreeMap<String, String>,
) -> Result<Function, StartError> {
    Function::new(Spec {
        name: name.to_owned(),
        code: code.clone(),
        timeout,
        account: seed::AUTOMATION.to_owned(),
        region: REGION.to_owned(),
        environment: environment.clone(),
        log_file: options.logs.as_ref().map(|folder| folder.join(format!("{name}.log"))),
    })
    .map_err(io("a log file"))
}
