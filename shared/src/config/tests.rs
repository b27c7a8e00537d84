//! The example configurations of `tests/config`, which infra/ reads too, and what the errors look like.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect(path)
}

fn examples(folder: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(root().join("tests/config").join(folder))
        .expect(folder)
        .map(|entry| entry.expect(folder).path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    assert!(!paths.is_empty(), "no examples in {folder}");
    paths.sort();
    paths
}

/// An error's place as the examples write it: the key, or `syntax`.
fn expectation(error: &ConfigError) -> String {
    match &error.place {
        Place::Key(key) => key.clone(),
        Place::Line { .. } => "syntax".to_owned(),
    }
}

fn example() -> Config {
    Config::load(&read("tests/config/good/every_key.toml")).expect("a good example")
}

#[test]
fn the_good_examples_are_taken() {
    for path in examples("good").into_iter().chain([root().join("config.toml")]) {
        let text = fs::read_to_string(&path).expect("an example");
        if let Err(errors) = Config::load(&text) {
            panic!("{}", errors.in_file(&path));
        }
    }
}

/// `[deploy]` is infra's alone: what it refuses there keeps no function from running.
#[test]
fn what_is_said_to_infra_is_not_the_functions_business() {
    for path in examples("deploy/good").into_iter().chain(examples("deploy/bad")) {
        let text = fs::read_to_string(&path).expect("an example");
        if let Err(errors) = Config::load(&text) {
            panic!("{}", errors.in_file(&path));
        }
    }
    let errors = Config::load(&format!("deploy = 7\n{}", read("tests/config/good/smallest.toml")));
    assert_eq!(
        errors.map(|_| ()).expect_err("no table").errors().iter().map(expectation).collect::<Vec<_>>(),
        ["deploy"]
    );
}

#[test]
fn the_bad_examples_are_refused_with_every_key_that_they_name() {
    for path in examples("bad") {
        let text = fs::read_to_string(&path).expect("an example");
        let mut expected: Vec<String> =
            text.lines().filter_map(|line| line.strip_prefix("# error: ")).map(str::to_owned).collect();
        let errors = Config::load(&text).map(|_| ()).expect_err(&path.display().to_string());
        let mut found: Vec<String> = errors.errors().iter().map(expectation).collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{}", errors.in_file(&path));
        assert!(!errors.to_string().contains("hush"), "a secret is shown: {errors}");
    }
}

#[test]
fn the_files_keys_are_all_there_is_and_state_the_defaults() {
    let stated = Config::load(&read("config.toml")).expect("the repository's config.toml");
    let smallest = Config::load(&read("tests/config/good/smallest.toml")).expect("a good example");
    assert_eq!(format!("{:?}", stated.timing), format!("{:?}", smallest.timing));
    assert_eq!(format!("{:?}", stated.store), format!("{:?}", smallest.store));
    assert_eq!(format!("{:?}", stated.mode), format!("{:?}", smallest.mode));
    assert_eq!(stated.roles.path, smallest.roles.path);
    assert_eq!(stated.slack.api_base_url, smallest.slack.api_base_url);
    assert!(stated.mode.revert && !stated.approvers.anyone_in_channel && !stated.approvers.requester_may_approve);
    assert!(stated.lake.is_some() && smallest.lake.is_none());
}

#[test]
fn what_is_written_is_what_is_read() {
    let config = example();
    let account = AccountId::parse("123456789012").expect("an account");
    assert_eq!(config.accounts.automation, account);
    assert_eq!(config.accounts.organization.as_str(), "111111111111");
    assert_eq!(config.accounts.names[&account].as_str(), "automation");
    assert_eq!(config.roles.external_id.as_ref().map(ExternalId::as_str), Some("org/portcullis:1"));
    let lake = config.lake.as_ref().expect("a lake");
    assert_eq!(lake.event_data_store.as_str(), "7B0D1F2C-3a4e-4b5c-9d6e-0a1b2c3d4e5f");
    let timing = &config.timing;
    let seconds = [timing.poll_every, timing.sweep_every, timing.lookback, timing.catch_up].map(|time| time.as_secs());
    assert_eq!(seconds, [2, 1, 10, 3_600]);
    assert_eq!([timing.reconcile_every, timing.reconcile_window].map(|time| time.as_secs()), [1_800, 172_800]);
    assert_eq!((config.store.table.as_str(), config.store.retention.as_secs()), ("portcullis-requests", 11 * 86_400));
    assert_eq!(config.slack.api_base_url.as_str(), "http://127.0.0.1:4100/api");
    assert_eq!(config.slack.team_id.as_ref().map(TeamId::as_str), Some("T0123456789"));
    assert_eq!(config.approvers.users.len(), 2);
    assert!(config.approvers.requester_may_approve && !config.mode.revert);
    assert_eq!(config.people.by_sso_user_name("alice@EXAMPLE.com"), Some(&config.approvers.users[0]));
    assert_eq!(config.people.iter().count(), 3);
    let by_webhook = Config::load(&read("tests/config/good/by_webhook.toml")).expect("a good example");
    let url = SecretRef::Ssm { name: "/portcullis/webhook_url".to_owned() };
    assert_eq!(by_webhook.slack.delivery, Delivery::Webhook { url });
}

#[test]
fn every_reference_to_a_secret_is_listed_with_its_key() {
    let config = example();
    let secrets: Vec<String> = config.secrets().into_iter().map(|(key, secret)| format!("{key} = {secret}")).collect();
    assert_eq!(
        secrets,
        [
            "slack.bot_token = secretsmanager:arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:slack-AbCdEf#bot_token",
            "slack.signing_secrets[0] = secretsmanager:portcullis/slack#new",
            "slack.signing_secrets[1] = env:SLACK_SIGNING_SECRET",
        ]
    );
}

#[test]
fn a_reference_to_a_secret_is_known_in_spite_of_errors() {
    let text = read("tests/config/bad/secrets.toml")
        .replace("vault:hush", "ssm:/portcullis/old")
        .replace("ssm:\"", "env:NEW\"");
    let errors = Config::load(&text).expect_err("a bad example");
    let known: Vec<String> = errors.secrets().into_iter().map(|(key, secret)| format!("{key} = {secret}")).collect();
    assert_eq!(known, ["slack.signing_secrets[2] = ssm:/portcullis/old", "slack.signing_secrets[3] = env:NEW"]);
}

#[test]
fn without_a_lake_nothing_is_asked_that_only_the_lake_needs() {
    let pushes_only = Config::load(&read("tests/config/good/by_webhook.toml")).expect("a good example");
    assert!(pushes_only.lake.is_none());
    assert_eq!(pushes_only.accounts.organization, pushes_only.accounts.automation);
    let stated = Config::load(&read("tests/config/good/smallest.toml")).expect("a good example");
    assert_eq!(stated.accounts.organization.as_str(), "111111111111");
}

#[test]
fn a_roles_arn_has_the_path_and_the_regions_partition() {
    let roles = Config::load(&read("config.toml")).expect("the repository's config.toml").roles;
    let account = AccountId::parse("222222222222").expect("an account");
    let region = |text| Region::parse(text).expect("a region");
    assert_eq!(roles.spoke_arn(&region("eu-west-1"), &account), "arn:aws:iam::222222222222:role/security/spoke-001");
    assert_eq!(
        roles.spoke_arn(&region("cn-north-1"), &account),
        "arn:aws-cn:iam::222222222222:role/security/spoke-001"
    );
    let lake_read = roles.role_arn("aws", &account, &roles.lake_read);
    assert_eq!(lake_read, "arn:aws:iam::222222222222:role/security/cloudtrail-lake-read-role");
}

#[test]
fn errors_say_where_what_and_what_to_do() {
    let errors = Config::load(&read("tests/config/bad/timings.toml")).expect_err("a bad example");
    insta::assert_snapshot!(errors, @r#"
    config.toml: timing.catch_up: is too short: every query would leave a gap; set it to 30m (lookback and poll_every) or more
    config.toml: timing.reconcile_window: is too short: some hours would never be read anew; set it to 6h (reconcile_every) or more
    config.toml: store.retention: is too short: an old event could be announced again; set it to 178h (twice the longest window of [timing], and 7d) or more
    "#);
    let errors = Config::load(&read("tests/config/bad/wrong_types.toml")).expect_err("a bad example");
    insta::assert_snapshot!(errors.in_file(Path::new("/etc/portcullis.toml")), @r#"
    /etc/portcullis.toml: accounts.automation: is an integer; set it to an AWS account id (12 digits), in quotes
    /etc/portcullis.toml: accounts.names: is a list; set it to a table, as [name]
    /etc/portcullis.toml: roles.hub: is a list; set it to a role's name without its path (1 to 64 letters, digits, or _+=,.@-), in quotes
    /etc/portcullis.toml: lake: is a text; set it to a table, as [name]
    /etc/portcullis.toml: timing.poll_every: is an integer; set it to a duration, as "30s", "10m", "24h" or "400d", in quotes
    /etc/portcullis.toml: slack.signing_secrets: is a text; set it to a list, as ["...", "..."]
    /etc/portcullis.toml: approvers.users[1]: is an integer; set it to a Slack user id (U... or W...), in quotes
    /etc/portcullis.toml: approvers.requester_may_approve: is a text; set it to true or false
    /etc/portcullis.toml: people.bob: is a table; set it to a Slack user id (U... or W...), in quotes
    /etc/portcullis.toml: mode.revert: is a text; set it to true or false
    "#);
    let errors = Config::load(&read("tests/config/bad/secrets.toml")).expect_err("a bad example");
    insta::assert_snapshot!(errors, @r#"
    config.toml: roles.external_id: holds what looks like a secret (not shown here); remove it, have it replaced where it was issued, and write a reference instead, as secretsmanager:NAME#FIELD, ssm:NAME or env:VARIABLE
    config.toml: slack.bot_token: holds what looks like a secret (not shown here); remove it, have it replaced where it was issued, and write a reference instead, as secretsmanager:NAME#FIELD, ssm:NAME or env:VARIABLE
    config.toml: slack.signing_secrets[0]: is not a reference to a secret (its value is not shown); write secretsmanager:NAME#FIELD, ssm:NAME or env:VARIABLE
    config.toml: slack.signing_secrets[1]: holds what looks like the secret itself (not shown here) where its name belongs; remove it, have it replaced where it was issued, and write the name
    config.toml: slack.signing_secrets[2]: is not a reference to a secret (its value is not shown); write secretsmanager:NAME#FIELD, ssm:NAME or env:VARIABLE
    config.toml: slack.signing_secrets[3]: is a reference by ssm: but what follows is not a parameter's name (its value is not shown)
    config.toml: slack.team_id: holds what looks like a secret (not shown here); remove it, have it replaced where it was issued, and write a reference instead, as secretsmanager:NAME#FIELD, ssm:NAME or env:VARIABLE
    config.toml: people."***": holds what looks like a secret (not shown here); remove it, have it replaced where it was issued, and write a reference instead, as secretsmanager:NAME#FIELD, ssm:NAME or env:VARIABLE
    "#);
    let errors = Config::load(&read("tests/config/bad/syntax.toml")).expect_err("a bad example");
    insta::assert_snapshot!(errors, @r#"
    config.toml: line 16, column 13: is not TOML: string values must be quoted, expected literal string
    config.toml: line 23, column 6: is not TOML: invalid unquoted key, expected letters, numbers, `-`, `_`
    "#);
    let errors = Config::load(&read("tests/config/bad/unknown_keys.toml")).expect_err("a bad example");
    insta::assert_snapshot!(errors, @r#"
    config.toml: accounts.automaton: there is no such key; the keys here are automation, organization, names
    config.toml: roles."external id": there is no such key; the keys here are path, hub, lake_read, spoke, external_id, exist
    config.toml: lake.name: there is no such key; the keys here are event_data_store, region
    config.toml: timing.lookBack: there is no such key; the keys here are poll_every, sweep_every, lookback, catch_up, reconcile_every, reconcile_window
    config.toml: mod: there is no such key; the keys here are accounts, roles, lake, timing, store, slack, approvers, people, mode, deploy
    config.toml: pol_every: there is no such key; the keys here are accounts, roles, lake, timing, store, slack, approvers, people, mode, deploy
    "#);
    let errors = Config::load(&read("tests/config/bad/people.toml")).expect_err("a bad example");
    insta::assert_snapshot!(errors, @r#"
    config.toml: people."alice@example.com": is the same person as another key (upper and lower case count as one); remove one of the two
    config.toml: people."arn:aws:iam::123456789012:role/deploy": is an ARN, but of no person; write an IAM user's (arn:aws:iam::ACCOUNT:user/NAME) or a role session's (arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION), in full
    config.toml: people."arn:aws:iam::123456789012:root": is an ARN, but of no person; write an IAM user's (arn:aws:iam::ACCOUNT:user/NAME) or a role session's (arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION), in full
    config.toml: people.bob: "@bob" is not a Slack user id (U... or W...)
    config.toml: people."deploy/carol": is no SSO user name (1 to 128 characters without white space, / or control characters) and no ARN
    "#);
}

#[test]
fn a_file_that_was_cut_off_is_taken_or_refused_but_never_breaks_the_reader() {
    let text = read("tests/config/good/smallest.toml");
    for (end, _) in text.char_indices() {
        if let Err(errors) = Config::load(&text[..end]) {
            assert!(!errors.errors().is_empty() && errors.to_string().starts_with("config.toml: "), "at {end}");
        }
    }
}

#[test]
fn the_environment_says_where_the_file_lies() {
    let path = |variables: &[(&str, &str)]| {
        Config::path(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value)))
    };
    assert_eq!(path(&[]), Path::new("config.toml"));
    assert_eq!(path(&[("LAMBDA_TASK_ROOT", "/var/task")]), Path::new("/var/task/config.toml"));
    let both = [("LAMBDA_TASK_ROOT", "/var/task"), ("PORTCULLIS_CONFIG", "/etc/portcullis.toml")];
    assert_eq!(path(&both), Path::new("/etc/portcullis.toml"));
    assert_eq!(path(&[("PORTCULLIS_CONFIG", "")]), Path::new("config.toml"));
}
