//! `[channels.app]`: approvers at their phones, with aisudo's own app.

use std::{
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    path::PathBuf,
};

use serde::Deserialize;

/// `[channels.app]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// Where phones reach this host, such as `https://box.example:8443`.
    pub url: String,
    /// Where the daemon listens.
    #[serde(default = "loopback")]
    pub listen: SocketAddr,
    /// The certificate, when the daemon itself speaks TLS. Nothing: a proxy before it does.
    pub tls: Option<Tls>,
    /// Where phones open the app, if not at `url`: any place that serves its files.
    pub app: Option<String>,
    /// Whether a proxy's `X-Forwarded-For` says who connects. Only behind a proxy that sets it.
    #[serde(default)]
    pub behind_proxy: bool,
    /// Pushes to phones that do not listen.
    #[serde(default)]
    pub push: Push,
}

/// A certificate with its key: PEM files by their absolute paths, read when the daemon starts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate, and those between it and a known one.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// `[channels.app.push]`: Web Push.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Push {
    /// Whether phones may subscribe.
    pub enabled: bool,
    /// Whom push services can write to: `mailto:` or `https:`. Nothing: the host's `url`.
    pub contact: Option<String>,
    /// Origins of push services besides the known ones.
    pub services: Vec<String>,
}

impl Default for Push {
    fn default() -> Self {
        Self {
            enabled: true,
            contact: None,
            services: Vec::new(),
        }
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7443))
}

impl App {
    /// Where phones open the app.
    #[must_use]
    pub fn app_url(&self) -> &str {
        self.app.as_deref().unwrap_or(&self.url)
    }

    /// What the app must be told of where the host is: nothing when that is where it comes from.
    #[must_use]
    pub fn address(&self) -> &str {
        match self.app {
            Some(_) => &self.url,
            None => "",
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        for (name, url) in [("url", Some(&self.url)), ("app", self.app.as_ref())] {
            if let Some(url) = url {
                let on_this_host = url
                    .strip_prefix("http://localhost")
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']));
                let secure = url.starts_with("https://") || on_this_host;
                if !secure || url.ends_with('/') {
                    return Err(format!(
                        "channels.app.{name} must be like https://box.example:8443, without / at its end (http only for localhost)"
                    ));
                }
            }
        }
        if self.tls.is_none() && !self.listen.ip().is_loopback() {
            return Err(
                "channels.app.listen: without tls only a loopback address may be listened on; give tls, or put a proxy before it"
                    .to_owned(),
            );
        }
        if let Some(tls) = &self.tls
            && !(tls.certificate.is_absolute() && tls.key.is_absolute())
        {
            return Err("channels.app.tls: the files must have absolute paths".to_owned());
        }
        let contact = self.push.contact.as_deref().unwrap_or("https:");
        if !contact.starts_with("https:") && !contact.starts_with("mailto:") {
            return Err("channels.app.push.contact must begin with mailto: or https:".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn app(text: &str) -> Result<super::App, String> {
        let text = format!("version = 1\n[channels.app]\n{text}");
        Config::parse(&text).map(|config| config.channels.app.unwrap())
    }

    #[test]
    fn the_daemon_listens_on_loopback_and_the_app_is_where_the_host_is() {
        let one = app("url = \"https://box.example\"").unwrap();
        assert_eq!(one.listen.to_string(), "127.0.0.1:7443");
        assert_eq!((one.app_url(), one.address()), ("https://box.example", ""));
        assert!(one.push.enabled && !one.behind_proxy);
        let two = app("url = \"https://box.example\"\napp = \"https://app.example/a\"").unwrap();
        assert_eq!(
            (two.app_url(), two.address()),
            ("https://app.example/a", "https://box.example")
        );
    }

    #[test]
    fn what_would_not_be_safe_is_refused_in_one_line() {
        for (text, expected) in [
            (
                "url = \"http://box.example\"",
                "channels.app.url must be like",
            ),
            (
                "url = \"http://localhost.example\"",
                "channels.app.url must be like",
            ),
            (
                "url = \"https://box.example/\"",
                "channels.app.url must be like",
            ),
            (
                "url = \"https://box.example\"\napp = \"ftp://x\"",
                "channels.app.app must be like",
            ),
            (
                "url = \"https://box.example\"\nlisten = \"0.0.0.0:80\"",
                "channels.app.listen: without tls",
            ),
            (
                "url = \"https://box.example\"\ntls = { certificate = \"a\", key = \"/b\" }",
                "channels.app.tls: the files",
            ),
            (
                "url = \"https://box.example\"\npush = { contact = \"me\" }",
                "channels.app.push.contact",
            ),
        ] {
            let error = app(text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
