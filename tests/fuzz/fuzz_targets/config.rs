//! config.toml: any text is a configuration, or errors that name what is wrong. What is taken shows no secret.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::config::Config;

fuzz_target!(|text: &str| {
    match Config::load(text) {
        Ok(config) => {
            assert!(config.secrets().len() >= 2, "a way to Slack, and what it signs with");
            assert!(
                config.approvers.anyone_in_channel
                    || !config.approvers.users.is_empty()
                    || !config.approvers.user_groups.is_empty(),
                "somebody may decide"
            );
        }
        Err(errors) => assert!(!errors.to_string().trim().is_empty(), "an error says what is wrong"),
    }
});
