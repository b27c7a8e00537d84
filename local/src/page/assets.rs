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
const FILES: [(&str, &str, &str); 35] = [
    asset!("/", HTML, "index.html"),
    asset!("/style.css", CSS, "style.css"),
    asset!("/channel.css", CSS, "channel.css"),
    asset!("/accounts.css", CSS, "accounts.css"),
    asset!("/overlays.css", CSS, "overlays.css"),
    asset!("/icon.svg", IMAGE, "icon.svg"),
    asset!("/emoji.svg", IMAGE, "emoji.svg"),
    asset!("/app.js", SCRIPT, "app.js"),
    asset!("/api.js", SCRIPT, "api.js"),
    asset!("/dom.js", SCRIPT, "dom.js"),
    asset!("/memory.js", SCRIPT, "memory.js"),
    asset!("/page.js", SCRIPT, "page.js"),
    asset!("/words.js", SCRIPT, "words.js"),
    asset!("/icons.js", SCRIPT, "icons.js"),
    asset!("/avatar.js", SCRIPT, "avatar.js"),
    asset!("/emoji.js", SCRIPT, "emoji.js"),
    asset!("/mrkdwn.js", SCRIPT, "mrkdwn.js"),
    asset!("/channel.js", SCRIPT, "channel.js"),
    asset!("/message.js", SCRIPT, "message.js"),
    asset!("/blocks.js", SCRIPT, "blocks.js"),
    asset!("/press.js", SCRIPT, "press.js"),
    asset!("/modal.js", SCRIPT, "modal.js"),
    asset!("/marks.js", SCRIPT, "marks.js"),
    asset!("/rules.js", SCRIPT, "rules.js"),
    asset!("/pointing.js", SCRIPT, "pointing.js"),
    asset!("/picture.js", SCRIPT, "picture.js"),
    asset!("/edges.js", SCRIPT, "edges.js"),
    asset!("/group.js", SCRIPT, "group.js"),
    asset!("/openings.js", SCRIPT, "openings.js"),
    asset!("/faults.js", SCRIPT, "faults.js"),
    asset!("/now.js", SCRIPT, "now.js"),
    asset!("/follow.js", SCRIPT, "follow.js"),
    asset!("/json.js", SCRIPT, "json.js"),
    asset!("/tabs.js", SCRIPT, "tabs.js"),
    asset!("/tour.js", SCRIPT, "tour.js"),
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
