//! The stand-ins of EC2 and STS on loopback ports of their own, for tests in other languages. Prints one line of JSON with
//! their URLs and an access key, and serves until it is killed or its standard input ends.

use std::{error::Error, sync::Arc};

use axum::Router;
use local::{
    wire,
    world::{World, identity::Identity, sts::Role},
};
use tokio::{io::AsyncReadExt, net::TcpListener};

const ACCOUNT: &str = "123456789012";
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let world = Arc::new(World::default());
    {
        let mut sts = world.sts.lock().map_err(|_| "the world is broken")?;
        sts.add_access_key(KEY, ACCOUNT, Identity::IamUser { account: ACCOUNT.into(), user_name: "tester".into() });
        let trusted = format!("arn:aws:iam::{ACCOUNT}:root");
        sts.add_role(Role::spoke(ACCOUNT, "/security/", "spoke-001", &trusted, None));
    }
    let ec2 = serve(wire::ec2::router(world.clone())).await?;
    let sts = serve(wire::sts::router(world)).await?;
    println!("{}", serde_json::json!({ "ec2": ec2, "sts": sts, "access_key_id": KEY, "account": ACCOUNT }));
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}

/// Serves on a free port and returns the URL.
async fn serve(router: Router) -> Result<String, std::io::Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}
