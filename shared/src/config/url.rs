//! Where Slack's Web API is.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The base of Slack's Web API: methods are called at `{base}/{method}`.
///
/// `https://slack.com/api`, or another place for tests and the local run. Plain http is taken for loopback hosts only:
/// the bot token travels in every call.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiBaseUrl {
    url: String,
    origin: String,
}

/// A text that is no base URL of an API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidApiBaseUrl {
    /// Not a URL of the form that is taken here.
    #[error("is not the URL of an API; write it as https://slack.com/api, without user, query or fragment")]
    Form,
    /// Plain http to another machine.
    #[error(
        "is plain http to a host that is not loopback, and the bot token would travel in the clear; write https://"
    )]
    PlainHttp,
}

impl ApiBaseUrl {
    /// Parses the base URL. A slash at its end is dropped.
    ///
    /// # Errors
    /// It is not https (or http to `localhost`, `127.0.0.0/8` or `[::1]`), or holds a user, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, InvalidApiBaseUrl> {
        let (scheme, rest) = text.split_once("://").ok_or(InvalidApiBaseUrl::Form)?;
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let (host, port) = split_port(authority).ok_or(InvalidApiBaseUrl::Form)?;
        let host = Host::parse(host).ok_or(InvalidApiBaseUrl::Form)?;
        let is_path = |byte: u8| byte.is_ascii_alphanumeric() || b"/._~-".contains(&byte);
        if !path.bytes().all(is_path) {
            return Err(InvalidApiBaseUrl::Form);
        }
        let standard_port = match scheme {
            "https" => 443,
            "http" if host.is_loopback() => 80,
            "http" => return Err(InvalidApiBaseUrl::PlainHttp),
            _ => return Err(InvalidApiBaseUrl::Form),
        };
        let port = port.filter(|port| *port != standard_port).map(|port| format!(":{port}")).unwrap_or_default();
        let origin = format!("{scheme}://{host}{port}");
        Ok(Self { url: format!("{origin}{}", path.trim_end_matches('/')), origin })
    }

    /// The URL, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Scheme, host and port (where it is not the scheme's own), in lower case: as `https://slack.com`. A
    /// `response_url` of this origin may be trusted.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl fmt::Display for ApiBaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl fmt::Debug for ApiBaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

enum Host {
    Name(String),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return address.parse().ok().map(Self::V6);
        }
        if let Ok(address) = text.parse() {
            return Some(Self::V4(address));
        }
        // A name that ends in a number would be taken for an IPv4 address by URL parsers (127.1, 0x7f.1).
        let is_part =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let ends_in_number = text.rsplit('.').next()?.starts_with(|first: char| first.is_ascii_digit());
        (text.split('.').all(is_part) && !ends_in_number).then(|| Self::Name(text.to_ascii_lowercase()))
    }

    fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::V4(address) => address.is_loopback(),
            Self::V6(address) => address.is_loopback(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => write!(f, "{address}"),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

/// Host and port. Nothing where the port is no number from 1 to 65535.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let after_bracket = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = authority[after_bracket..].find(':').map(|at| after_bracket + at) else {
        return Some((authority, None));
    };
    let (host, port) = (&authority[..colon], &authority[colon + 1..]);
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    port.parse().ok().filter(|port| digits && *port > 0).map(|port| (host, Some(port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_what_a_response_url_is_compared_with() {
        for (text, url, origin) in [
            ("https://slack.com/api", "https://slack.com/api", "https://slack.com"),
            ("https://Slack.com:443/api/", "https://slack.com/api", "https://slack.com"),
            ("http://127.0.0.1:4100/api", "http://127.0.0.1:4100/api", "http://127.0.0.1:4100"),
            ("http://localhost:80", "http://localhost", "http://localhost"),
            ("http://[::1]:4100/api", "http://[::1]:4100/api", "http://[::1]:4100"),
            (
                "https://proxy.example.com:8443/slack",
                "https://proxy.example.com:8443/slack",
                "https://proxy.example.com:8443",
            ),
        ] {
            let base = ApiBaseUrl::parse(text).expect(text);
            assert_eq!((base.as_str(), base.origin()), (url, origin));
        }
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        for text in [
            "http://slack.com/api",
            "http://10.0.0.1/api",
            "http://127.0.0.1.example.com/api",
            "http://localhost.evil/api",
        ] {
            assert_eq!(ApiBaseUrl::parse(text), Err(InvalidApiBaseUrl::PlainHttp), "{text}");
        }
    }

    #[test]
    fn anything_but_a_plain_url_is_refused() {
        for text in [
            "",
            "slack.com/api",
            "ftp://slack.com",
            "https://",
            "https:///api",
            "https://user:password@slack.com/api",
            "https://slack.com\\@evil.example/api",
            "https://slack.com/api?token=1",
            "https://slack.com/api#part",
            "https://slack.com:0/api",
            "https://slack.com:+1/api",
            "https://slack.com:65536/api",
            "https://slack.com:/api",
            "https://127.1/api",
            "https://[::1/api",
            "https://sl\u{e4}ck.com/api",
            "https://slack.com /api",
            "HTTPS://slack.com/api",
        ] {
            assert_eq!(ApiBaseUrl::parse(text), Err(InvalidApiBaseUrl::Form), "{text}");
        }
    }
}
