//! A file of grants: four lists of rules in TOML. What a rule means is preview1's.

use anyhow::{Context, bail};
use std::fs;
use std::path::Path;
use std::str::FromStr;
use toml::{Table, Value};
use wasi_poll_host::{BadRule, Grants};

/// Adds to `grants` what the file at `path` says.
pub fn add(path: &Path, grants: &mut Grants) -> anyhow::Result<()> {
    let file = || format!("--grants {}", path.display());
    let text = fs::read_to_string(path).with_context(file)?;
    add_text(&text, grants).with_context(file)
}

fn add_text(text: &str, grants: &mut Grants) -> anyhow::Result<()> {
    for (key, value) in text.parse::<Table>()? {
        match key.as_str() {
            "connect" => add_rules(&key, value, &mut grants.connect)?,
            "listen" => add_rules(&key, value, &mut grants.listen)?,
            "udp" => add_rules(&key, value, &mut grants.udp)?,
            "dns" => add_rules(&key, value, &mut grants.dns)?,
            _ => bail!("there is nothing to grant called {key:?}, only connect, listen, udp and dns"),
        }
    }
    Ok(())
}

fn add_rules<R: FromStr<Err = BadRule>>(key: &str, value: Value, rules: &mut Vec<R>) -> anyhow::Result<()> {
    let Value::Array(values) = value else {
        bail!("{key} is not a list of texts, such as {key} = [\"localhost\"]");
    };
    for value in values {
        let Value::String(rule) = value else { bail!("{key} has {value:?} in it, which is not a text") };
        rules.push(rule.parse().with_context(|| key.to_owned())?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::add_text;
    use wasi_poll_host::Grants;

    #[test]
    fn a_file_adds_to_what_is_granted() {
        let mut grants = Grants { listen: vec!["8080".parse().unwrap()], ..Grants::default() };
        let text =
            "connect = [\"10.0.0.0/8:443\", \"[::1]\"]\nlisten = [\"80\"]\nudp = []\ndns = [\"*.a.org\"]";
        add_text(text, &mut grants).unwrap();
        assert_eq!(
            grants,
            Grants {
                connect: vec!["10.0.0.0/8:443".parse().unwrap(), "[::1]".parse().unwrap()],
                listen: vec!["8080".parse().unwrap(), "80".parse().unwrap()],
                udp: Vec::new(),
                dns: vec!["*.a.org".parse().unwrap()],
            }
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, told) in [
            ("conect = []", "nothing to grant called \"conect\""),
            ("connect = \"a\"", "connect is not a list"),
            ("udp = [80]", "udp has Integer(80) in it"),
            ("listen = [\"a:b\"]", "listen: `b` is no port"),
            ("dns = [\"*.\\u001b\"]", "dns: `\\u{1b}`"),
            ("connect = [", "line 1"),
        ] {
            let why = format!("{:#}", add_text(text, &mut Grants::default()).unwrap_err());
            assert!(why.contains(told), "{why:?} doesn't say {told:?}");
            assert!(!why.contains('\u{1b}'), "{why:?}");
        }
    }
}
