//! The page's files, compiled in.

use axum::{
    Router,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

macro_rules! asset {
    ($path:literal, $kind:expr, $file:literal) => {
        ($path, $kind, include_str!(concat!("assets/", $file)))
    };
}

/// Path, kind, content.
const FILES: [(&str, &str, &str); 11] = [
    asset!("/", HTML, "index.html"),
    asset!("/style.css", CSS, "style.css"),
    asset!("/icon.svg", IMAGE, "icon.svg"),
    asset!("/emoji.svg", IMAGE, "emoji.svg"),
    asset!("/app.js", SCRIPT, "app.js"),
    asset!("/api.js", SCRIPT, "api.js"),
    asset!("/dom.js", SCRIPT, "dom.js"),
    asset!("/emoji.js", SCRIPT, "emoji.js"),
    asset!("/mrkdwn.js", SCRIPT, "mrkdwn.js"),
    asset!("/channel.js", SCRIPT, "channel.js"),
    asset!("/groups.js", SCRIPT, "groups.js"),
];

/// The files at their paths.
pub(super) fn router() -> Router {
    FILES.into_iter().fold(Router::new(), |router, (path, kind, content)| {
        router.route(path, get(move || async move { file(kind, content) }))
    })
}

fn file(kind: &'static str, content: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], content).into_response()
}
