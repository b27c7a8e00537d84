//! The page in a browser, where one is at hand.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Opens a URL in the person's browser. Where there is none to be seen, or it does not start, nothing happens: the address
/// is printed anyway.
pub(super) fn open(url: &str) {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(opener) = opener(cfg!(target_os = "macos"), variable, std::path::Path::is_file) else { return };
    // A process group of its own: the Ctrl-C that stops the demo is not for the browser.
    let _ = Command::new(opener)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
}

/// The program that opens URLs: none in CI, and none where no screen is at hand.
fn opener(
    is_mac: bool,
    variable: impl Fn(&str) -> Option<String>,
    is_there: impl Fn(&Path) -> bool,
) -> Option<PathBuf> {
    if variable("CI").is_some() {
        return None;
    }
    let screen = is_mac || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| variable(name).is_some());
    let program = if is_mac { "open" } else { "xdg-open" };
    let path = variable("PATH").filter(|_| screen)?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| is_there(candidate))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: &[(&str, &str)] = &[("PATH", "/usr/local/bin:/usr/bin"), ("DISPLAY", ":0")];

    fn found(is_mac: bool, variables: &[(&str, &str)], there: &str) -> Option<PathBuf> {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        opener(is_mac, variable, |path| path == Path::new(there))
    }

    #[test]
    fn a_browser_is_opened_where_a_screen_and_an_opener_are() {
        let (xdg_open, open) = ("/usr/bin/xdg-open", "/usr/bin/open");
        assert_eq!(found(false, LINUX, xdg_open), Some(xdg_open.into()));
        assert_eq!(found(false, &[("PATH", "/usr/bin"), ("WAYLAND_DISPLAY", "w")], xdg_open), Some(xdg_open.into()));
        assert_eq!(found(true, &[("PATH", "/usr/bin")], open), Some(open.into()));

        assert_eq!(found(false, &[("PATH", "/usr/bin")], xdg_open), None, "no screen");
        assert_eq!(found(false, LINUX, open), None, "another program of that name");
        assert_eq!(found(false, &[LINUX, &[("CI", "true")]].concat(), xdg_open), None, "nobody looks on");
        assert_eq!(found(true, &[], open), None, "no PATH");
    }
}
