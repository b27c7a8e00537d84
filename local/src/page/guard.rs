//! Who may talk to the page: a browser on this machine, from the page itself.
//!
//! The server listens on loopback only. A foreign page in the same browser could still reach it, by posting across origins
//! or by letting its own name resolve to 127.0.0.1; both show in the headers.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Only what this server sends runs or loads, and nobody frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Refuses foreign hosts and foreign posts, and adds the headers that keep the page to itself.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let mut response = match refusal(request.method(), request.headers()) {
        Some(why) => (StatusCode::FORBIDDEN, why).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refusal(method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    let Some(host) = text(headers, header::HOST).filter(|host| is_loopback(host)) else {
        return Some("This page answers to 127.0.0.1, [::1] and localhost only.");
    };
    let own = format!("http://{host}");
    let foreign_origin = headers.contains_key(header::ORIGIN) && text(headers, header::ORIGIN) != Some(own.as_str());
    (!matches!(*method, Method::GET | Method::HEAD) && foreign_origin)
        .then_some("Only the page itself may post here: this came from another origin.")
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A loopback name, with or without a port.
fn is_loopback(host: &str) -> bool {
    ["127.0.0.1", "[::1]", "localhost"].into_iter().any(|name| {
        host.strip_prefix(name).is_some_and(|rest| {
            rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_loopback_names_are_hosts() {
        for host in ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "[::1]:8080"] {
            assert_eq!(refusal(&Method::GET, &headers(&[(header::HOST, host)])), None, "{host}");
        }
        for host in ["example.com", "127.0.0.1.example.com", "localhost.example.com:80", "127.0.0.1:x", ""] {
            assert!(refusal(&Method::GET, &headers(&[(header::HOST, host)])).is_some(), "{host}");
        }
        assert!(refusal(&Method::GET, &HeaderMap::new()).is_some());
    }

    #[test]
    fn another_origin_may_not_post() {
        let post = |origin: &str| {
            refusal(&Method::POST, &headers(&[(header::HOST, "127.0.0.1:8080"), (header::ORIGIN, origin)]))
        };
        assert_eq!(post("http://127.0.0.1:8080"), None);
        for origin in ["http://example.com", "http://127.0.0.1:8081", "https://127.0.0.1:8080", "null"] {
            assert!(post(origin).is_some(), "{origin}");
        }
    }
}
