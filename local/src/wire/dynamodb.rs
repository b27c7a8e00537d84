//! DynamoDB on one machine: the crate `dynoxide`, in memory or in a folder, behind a proxy that can make calls fail.
//!
//! dynoxide takes no lock on its file, so the folder has one of ours: a second process is told which folder is in use.

use std::{
    fs::{File, TryLockError},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::{Server, aws_json};
use crate::world::World;

/// Where the items are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In memory; gone with the process.
    Memory,
    /// In this folder, which is made where it is missing; it survives restarts and SIGKILL.
    Folder(PathBuf),
}

/// Why DynamoDB could not be started or a table not be made.
#[derive(Debug, thiserror::Error)]
pub enum DynamoDbError {
    /// Another process holds the folder.
    #[error("the data folder {} is in use by another process: stop it, or name another folder", .0.display())]
    InUse(PathBuf),
    /// The folder, its lock or a port.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The database file could not be opened.
    #[error("the database in {0} could not be opened: {1}")]
    Open(String, String),
    /// The table's definition is no CreateTable request.
    #[error("the table's definition is no CreateTable request: {0}")]
    Definition(String),
    /// A call that makes or describes the table failed.
    #[error("table {table}: {reason}")]
    Table {
        /// The table.
        table: String,
        /// What DynamoDB answered.
        reason: String,
    },
}

/// A running DynamoDB.
#[derive(Debug)]
pub struct DynamoDb {
    proxy: Server,
    direct: String,
    /// One for all calls: to make one is to read all certificates of the authorities that browsers trust.
    client: reqwest::Client,
    writes: Arc<AtomicU64>,
    running: Mutex<Option<Running>>,
}

/// What [`DynamoDb::stop`] ends.
#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    database: JoinHandle<Result<(), String>>,
    _lock: Option<File>,
}

const TARGET: &str = "DynamoDB_20120810";

impl DynamoDb {
    /// Opens the storage and serves it on a loopback port. Switches: service `dynamodb`, operation as in
    /// `X-Amz-Target` (`PutItem`).
    ///
    /// # Errors
    /// [`DynamoDbError::InUse`] where another process holds the folder; otherwise what failed.
    pub async fn start(storage: &Storage, world: Arc<World>) -> Result<Self, DynamoDbError> {
        let (database, lock) = match storage {
            Storage::Memory => (open("memory", dynoxide::Database::memory())?, None),
            Storage::Folder(folder) => {
                let lock = lock(folder)?;
                let file = folder.join("dynamodb.sqlite").display().to_string();
                (open(&file, dynoxide::Database::new(&file))?, Some(lock))
            }
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(io("a loopback port"))?;
        let direct = format!("http://{}", listener.local_addr().map_err(io("a loopback port"))?);
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async {
            let _ = stopped.await;
        };
        let database = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, until));
        let writes = Arc::<AtomicU64>::default();
        let client = reqwest::Client::new();
        let proxy = Proxy { world, direct: direct.clone(), writes: Arc::clone(&writes), client: client.clone() };
        let proxy = Server::start(router(proxy)).await.map_err(io("a loopback port"))?;
        let running = Running { stop, database, _lock: lock };
        Ok(Self { proxy, direct, client, writes, running: Mutex::new(Some(running)) })
    }

    /// The endpoint for clients, with the switches.
    pub fn url(&self) -> String {
        self.proxy.url()
    }

    /// How many calls that may have changed an item are over. Equal numbers: the items are the same.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Acquire)
    }

    /// Makes the table of a CreateTable request under this name, unless it exists, and waits until it is ACTIVE.
    ///
    /// # Errors
    /// [`DynamoDbError::Definition`], [`DynamoDbError::Table`].
    pub async fn create_table(&self, definition: &str, table: &str) -> Result<(), DynamoDbError> {
        let mut request: Value =
            serde_json::from_str(definition).map_err(|error| DynamoDbError::Definition(error.to_string()))?;
        let object = request.as_object_mut().ok_or_else(|| DynamoDbError::Definition("no object".to_owned()))?;
        object.insert("TableName".to_owned(), json!(table));
        let (status, body) = self.call("CreateTable", &request, table).await?;
        let exists = body["__type"].as_str().is_some_and(|code| code.ends_with("ResourceInUseException"));
        if !status.is_success() && !exists {
            return Err(DynamoDbError::Table { table: table.to_owned(), reason: body.to_string() });
        }
        for _ in 0..200 {
            let (_, described) = self.call("DescribeTable", &json!({ "TableName": table }), table).await?;
            if described["Table"]["TableStatus"] == "ACTIVE" {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        Err(DynamoDbError::Table { table: table.to_owned(), reason: "it does not become ACTIVE".to_owned() })
    }

    /// Calls an operation past the switches.
    async fn call(
        &self,
        operation: &str,
        request: &Value,
        table: &str,
    ) -> Result<(reqwest::StatusCode, Value), DynamoDbError> {
        let failed =
            |error: reqwest::Error| DynamoDbError::Table { table: table.to_owned(), reason: error.to_string() };
        let response = self
            .client
            .post(&self.direct)
            .header("x-amz-target", format!("{TARGET}.{operation}"))
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
            .header(header::AUTHORIZATION, AUTHORIZATION)
            .header("x-amz-date", "20261120T100000Z")
            .body(request.to_string())
            .send()
            .await
            .map_err(failed)?;
        let status = response.status();
        Ok((status, response.json().await.map_err(failed)?))
    }

    /// Every item of a table, for the page and the tests; past the switches.
    ///
    /// # Errors
    /// [`DynamoDbError::Table`].
    pub async fn items(&self, table: &str) -> Result<Vec<Value>, DynamoDbError> {
        let mut items = Vec::new();
        let mut request = json!({ "TableName": table, "ConsistentRead": true });
        loop {
            let (status, mut page) = self.call("Scan", &request, table).await?;
            let Some(Value::Array(found)) = page.get_mut("Items").map(Value::take).filter(|_| status.is_success())
            else {
                return Err(DynamoDbError::Table { table: table.to_owned(), reason: page.to_string() });
            };
            items.extend(found);
            match page.get("LastEvaluatedKey") {
                Some(key) => request["ExclusiveStartKey"] = key.clone(),
                None => return Ok(items),
            }
        }
    }

    /// Writes an item whole, past the switches, as an operator does at the console. With `revision`, only where the item
    /// has that one still; whether it was written.
    ///
    /// # Errors
    /// [`DynamoDbError::Table`].
    pub async fn put(&self, table: &str, item: &Value, revision: Option<&str>) -> Result<bool, DynamoDbError> {
        let mut request = json!({ "TableName": table, "Item": item });
        if let Some(revision) = revision {
            request["ConditionExpression"] = json!("revision = :revision");
            request["ExpressionAttributeValues"] = json!({ ":revision": { "N": revision } });
        }
        let (status, body) = self.call("PutItem", &request, table).await?;
        self.writes.fetch_add(1, Ordering::Release);
        let changed = body["__type"].as_str().is_some_and(|code| code.ends_with("ConditionalCheckFailedException"));
        if !status.is_success() && !changed {
            return Err(DynamoDbError::Table { table: table.to_owned(), reason: body.to_string() });
        }
        Ok(status.is_success())
    }

    /// Stops serving, lets running requests finish (for 5 s at most), and gives the folder free.
    pub async fn stop(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { stop, database, _lock }) = running {
            // It fails only where the database has stopped already.
            let _ = stop.send(());
            // A client that keeps a request open must not keep the process.
            let _ = tokio::time::timeout(Duration::from_secs(5), database).await;
        }
    }
}

/// dynoxide wants a signature to be there and does not verify it.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=local/20261120/eu-central-1/dynamodb/aws4_request, \
                             SignedHeaders=host;x-amz-date;x-amz-target, Signature=0";

fn open(name: &str, opened: dynoxide::Result<dynoxide::Database>) -> Result<dynoxide::Database, DynamoDbError> {
    opened.map_err(|error| DynamoDbError::Open(name.to_owned(), error.to_string()))
}

fn lock(folder: &Path) -> Result<File, DynamoDbError> {
    std::fs::create_dir_all(folder).map_err(io(&format!("the data folder {}", folder.display())))?;
    let path = folder.join("lock");
    let what = format!("the lock {}", path.display());
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io(&what))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(DynamoDbError::InUse(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(io(&what)(source)),
    }
}

fn io(what: &str) -> impl Fn(std::io::Error) -> DynamoDbError + use<> {
    let what = what.to_owned();
    move |source| DynamoDbError::Io { what: what.clone(), source }
}

struct Proxy {
    world: Arc<World>,
    direct: String,
    writes: Arc<AtomicU64>,
    client: reqwest::Client,
}

/// DynamoDB's codes, in the spelling of its wire.
const CODES: aws_json::FaultCodes = aws_json::FaultCodes {
    throttle: "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    server_error: "com.amazonaws.dynamodb.v20120810#InternalServerError",
};

fn router(proxy: Proxy) -> Router {
    Router::new().fallback(call).layer(DefaultBodyLimit::max(16 * 1024 * 1024)).with_state(Arc::new(proxy))
}

async fn call(State(proxy): State<Arc<Proxy>>, headers: HeaderMap, body: Bytes) -> Response {
    let operation = aws_json::operation(&headers).unwrap_or_default().to_owned();
    let forward = async {
        let answer = proxy.forward(headers, body).await;
        if !READS.contains(&operation.as_str()) {
            proxy.writes.fetch_add(1, Ordering::Release);
        }
        answer
    };
    aws_json::with_faults(&proxy.world.faults, "dynamodb", &operation, &CODES, forward).await
}

impl Proxy {
    async fn forward(&self, mut headers: HeaderMap, body: Bytes) -> Response {
        for name in HOP_BY_HOP {
            headers.remove(name);
        }
        let answer = async {
            let answer = self.client.post(&self.direct).headers(headers).body(body).send().await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, answer.bytes().await?))
        };
        match answer.await {
            Ok((status, mut headers, body)) => {
                for name in HOP_BY_HOP {
                    headers.remove(name);
                }
                (status, headers, Body::from(body)).into_response()
            }
            Err(error) => aws_json::error(StatusCode::BAD_GATEWAY, CODES.server_error, &error.to_string()),
        }
    }
}

/// The operations that change no item.
const READS: [&str; 6] = ["GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan", "DescribeTable"];

/// Headers that belong to one connection; the lengths are written anew.
const HOP_BY_HOP: [HeaderName; 5] =
    [header::HOST, header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH, header::EXPECT];

#[cfg(test)]
mod tests;
