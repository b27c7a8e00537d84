//! The result as one page to pass on: no script, nothing from elsewhere, every text escaped.

use std::{
    fmt::Write,
    io::{self, Write as _},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::{
    Replayed, print,
    row::{Became, Row, Rule},
    words::{self, plain},
};

const STYLE: &str = include_str!("page.css");

/// How many rules of one change the page shows at once.
const SHOWN_RULES: usize = 5;

/// Writes the page wholly or not at all: beside its place first.
///
/// # Errors
/// The folder is not there, or may not be written to.
pub(super) fn write(replayed: &Replayed, path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = beside(folder)?;
    file.write_all(page(replayed).as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A temporary file is its owner's alone; a page to pass on is as open as the umask has it.
#[cfg(unix)]
fn beside(folder: &Path) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = std::fs::Permissions::from_mode(0o666);
    tempfile::Builder::new().prefix(".replay-").permissions(permissions).tempfile_in(folder)
}

#[cfg(not(unix))]
fn beside(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(".replay-").tempfile_in(folder)
}

/// The page.
pub(super) fn page(replayed: &Replayed) -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
    let mut out = String::new();
    out.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    let _ = writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.push_str(
        "<meta name=\"referrer\" content=\"no-referrer\">\n<title>Portcullis: what would have been asked</title>\n",
    );
    let _ = write!(out, "<style>{STYLE}</style>\n</head>\n<body>\n<main>\n");
    out.push_str("<h1>What Portcullis would have asked</h1>\n");
    out.push_str("<p>Every change of a security group's ingress in these CloudTrail records. Times are UTC.</p>\n");
    summary(replayed, &mut out);
    changes(&replayed.rows, &mut out);
    problems(replayed, &mut out);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn summary(replayed: &Replayed, out: &mut String) {
    out.push_str("<dl>\n");
    for (name, line) in print::lines(&replayed.summary, replayed) {
        let _ = writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", escaped(name), escaped(&line));
    }
    out.push_str("</dl>\n");
}

fn changes(rows: &[Row], out: &mut String) {
    if rows.is_empty() {
        out.push_str("<p>Nothing would have been asked.</p>\n");
        return;
    }
    out.push_str("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Changes\">\n<table>\n<thead><tr>");
    for head in ["When", "Where", "Who", "What", "How wide", "What became of it"] {
        let _ = write!(out, "<th scope=\"col\">{head}</th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        change(row, out);
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}

fn change(row: &Row, out: &mut String) {
    let known = |id: Option<String>| id.unwrap_or_else(|| words::UNKNOWN.to_owned());
    let account = known(row.account.as_ref().map(ToString::to_string));
    let region = known(row.region.as_ref().map(ToString::to_string));
    let wide = if row.is_whole_internet() { " class=\"internet\"" } else { "" };
    let _ = write!(out, "<tr class=\"{}\">", class(&row.became));
    let _ = write!(out, "<th scope=\"row\">{}</th>", escaped(&words::moment(row.at)));
    let _ = write!(
        out,
        "<td class=\"where\"><code>{}</code><br> {}<br> {}</td>",
        escaped(&words::group(row)),
        escaped(&account),
        escaped(&region)
    );
    let _ = write!(out, "<td>{}</td><td>{}</td>", escaped(&row.by.name), rules(row));
    let _ = write!(out, "<td{wide}>{}</td>", escaped(&words::exposure(row)));
    let _ = writeln!(out, "<td>{}</td></tr>", escaped(&words::became(row)));
}

fn class(became: &Became) -> &'static str {
    match became {
        Became::AwaitsDecision { .. } => "awaits",
        Became::Withdrawn { .. } => "withdrawn",
        Became::Ignored { .. } => "ignored",
        Became::Unreadable { .. } => "unreadable",
        Became::AsksEc2 { .. } | Became::AsksEc2IfOpened => "asks",
    }
}

fn rules(row: &Row) -> String {
    if row.rules.len() < 2 {
        return row.rules.first().map_or_else(|| escaped(words::UNKNOWN), |rule| one(rule, row));
    }
    let item = |rule: &Rule| format!("<li>{}</li>", one(rule, row));
    let mut items = row.rules.iter().map(item);
    let mut out = format!("<ul>{}</ul>", items.by_ref().take(SHOWN_RULES).collect::<String>());
    if let Some(more) = row.rules.len().checked_sub(SHOWN_RULES).filter(|more| *more > 0) {
        let more = words::count(words::number(more), "more rule", "more rules");
        let _ = write!(out, "<details><summary>{more}</summary><ul>{}</ul></details>", items.collect::<String>());
    }
    out
}

fn one(rule: &Rule, row: &Row) -> String {
    let mut out = format!("{}<code>{}</code>", words::verb(row, rule), escaped(&words::rule(rule)));
    if let Some(service) = rule.services.first().filter(|_| rule.services.len() == 1) {
        let _ = write!(out, " {}", escaped(service));
    }
    if let Some(earlier) = &rule.earlier {
        let _ = write!(out, "<br>was <code>{}</code>", escaped(earlier));
    }
    if let Some(description) = rule.description.as_deref().map(plain).filter(|text| !text.is_empty()) {
        let _ = write!(out, "<br><q>{}</q>", escaped(&description));
    }
    out
}

fn problems(replayed: &Replayed, out: &mut String) {
    if replayed.problems.is_empty() {
        return;
    }
    out.push_str("<h2>What could not be read</h2>\n<ul>\n");
    for problem in &replayed.problems {
        let _ = writeln!(out, "<li>{}</li>", escaped(&problem.to_string()));
    }
    out.push_str("</ul>\n");
}

/// Cleaned, and without anything that HTML gives a meaning to.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for char in plain(text).chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
