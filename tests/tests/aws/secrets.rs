//! Secrets from Secrets Manager and the SSM parameter store.

use adapters::secrets::resolve;
use local::{system::seed, world::faults::Fault};
use shared::config::SecretRef;

use crate::support::Cloud;

#[tokio::test]
async fn a_field_of_a_secret_and_a_parameter_are_read() {
    let cloud = Cloud::start().await;
    let (token, signing) =
        (reference("secretsmanager:portcullis/slack#bot_token"), reference("ssm:/portcullis/slack/signing_secret"));
    let wanted = [("slack.bot_token".to_owned(), &token), ("slack.signing_secrets[0]".to_owned(), &signing)];
    let secrets = resolve(&cloud.sdk, &wanted, |_| None).await.expect("both");
    let values: Vec<&str> = secrets.iter().map(shared::config::Secret::expose).collect();
    assert_eq!(values, [seed::BOT_TOKEN, seed::SIGNING_SECRET]);
}

#[tokio::test]
async fn every_missing_secret_is_told_at_once_and_no_value() {
    let cloud = Cloud::start().await;
    let references = [
        reference("secretsmanager:portcullis/slack#bot_tokn"),
        reference("secretsmanager:portcullis/slak#bot_token"),
        reference("ssm:/portcullis/nowhere"),
        reference("env:NOWHERE"),
    ];
    let wanted: Vec<_> = ["a", "b", "c", "d"].map(str::to_owned).into_iter().zip(&references).collect();
    let missing = resolve(&cloud.sdk, &wanted, |_| None).await.expect_err("all are missing");
    assert_eq!(
        missing.to_string(),
        "a: the secret secretsmanager:portcullis/slack#bot_tokn has no field \"bot_tokn\"\n\
         b: the secret secretsmanager:portcullis/slak#bot_token is not there (ResourceNotFoundException); \
         store it under this name, in the region where Portcullis runs\n\
         c: the secret ssm:/portcullis/nowhere is not there (ParameterNotFound); \
         store it under this name, in the region where Portcullis runs\n\
         d: the secret env:NOWHERE is not set"
    );
}

#[tokio::test]
async fn a_role_that_may_not_read_is_told_so() {
    let cloud = Cloud::start().await;
    cloud.world().faults.set("secrets", "GetSecretValue", Fault::Denied, None);
    let token = reference("secretsmanager:portcullis/slack#bot_token");
    let missing = resolve(&cloud.sdk, &[("slack.bot_token".to_owned(), &token)], |_| None).await.expect_err("denied");
    assert!(missing.to_string().contains("does the function's role allow `secretsmanager:GetSecretValue` on it?"));
}

fn reference(text: &str) -> SecretRef {
    SecretRef::parse(text).expect("a reference")
}
