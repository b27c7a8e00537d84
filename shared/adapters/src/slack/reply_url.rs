//! `response_url`s: whose are taken.

use reqwest::Url;
use shared::config::ApiBaseUrl;

/// Where Slack's own `response_url`s point; the second is Slack for governments.
const SLACK_HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

/// A `response_url` that may be posted to: https at Slack's own host, or the origin (scheme, host and port) of
/// `api_base_url`. `None` for every other, and for one with a user or a password in it.
#[must_use]
pub fn allowed_reply_url(text: &str, api_base_url: &ApiBaseUrl) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    let slacks = url.scheme() == "https"
        && url.port_or_known_default() == Some(443)
        && url.host_str().is_some_and(|host| SLACK_HOSTS.contains(&host));
    (plain && (slacks || has_origin_of(&url, api_base_url))).then_some(url)
}

/// Whether the scheme, the host and the port are those of `api_base_url`.
pub(super) fn has_origin_of(url: &Url, api_base_url: &ApiBaseUrl) -> bool {
    Url::parse(api_base_url.origin()).is_ok_and(|base| base.origin().is_tuple() && base.origin() == url.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(url: &str, base: &str) -> bool {
        allowed_reply_url(url, &ApiBaseUrl::parse(base).expect("a base URL")).is_some()
    }

    #[test]
    fn slacks_own_urls_are_taken_wherever_the_api_is() {
        for base in ["https://slack.com/api", "http://127.0.0.1:4100/api"] {
            for url in [
                "https://hooks.slack.com/actions/T1/2/x",
                "https://HOOKS.slack.com:443/actions/T1/2/x",
                "https://hooks.slack-gov.com/actions/T1/2/x",
            ] {
                assert!(allowed(url, base), "{url} {base}");
            }
        }
    }

    #[test]
    fn the_origin_of_the_api_is_taken_with_its_scheme_and_its_port() {
        let base = "http://127.0.0.1:4100/api";
        assert!(allowed("http://127.0.0.1:4100/actions/T1/2/x", base));
        for url in [
            "https://127.0.0.1:4100/actions/x",
            "http://127.0.0.1:4101/actions/x",
            "http://127.0.0.1/actions/x",
            "http://localhost:4100/actions/x",
        ] {
            assert!(!allowed(url, base), "{url}");
        }
        assert!(allowed("https://slack.com/actions/x", "https://slack.com/api"));
        assert!(!allowed("http://slack.com/actions/x", "https://slack.com/api"));
    }

    #[test]
    fn what_only_looks_like_slack_is_not_taken() {
        for url in [
            "",
            "hooks.slack.com/actions/x",
            "http://hooks.slack.com/actions/x",
            "https://hooks.slack.com:8443/actions/x",
            "https://hooks.slack.com.evil.example/actions/x",
            "https://hooks.slack.com@evil.example/actions/x",
            "https://user@hooks.slack.com/actions/x",
            "https://evil.example\\@hooks.slack.com/actions/x",
            "https://evil.example/#@hooks.slack.com",
            "https://evil.example/?https://hooks.slack.com",
            "https://hooks.slack.com./actions/x",
            "https://xhooks.slack.com/actions/x",
            "https://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "data:text/plain,x",
        ] {
            assert!(!allowed(url, "https://slack.com/api"), "{url}");
        }
    }
}
