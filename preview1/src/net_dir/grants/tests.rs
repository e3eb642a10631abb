//! Every documented form of a rule and of a pattern, and every mistake with what is said of it.

use super::{Grants, NamePattern, Rule, Verdict, check_name};
use crate::Errno;
use crate::test_attribute::test;

fn allows(rule: &str, address: &str) -> bool {
    let parsed: Rule = rule.parse().unwrap_or_else(|error| panic!("{rule}: {error}"));
    parsed.verdict(address.parse().unwrap()) == Verdict::Allowed
}

#[test]
fn every_form_of_a_rule_covers_what_it_says() {
    for (rule, inside, outside) in [
        ("80", &["1.2.3.4:80", "[::1]:80"][..], &["1.2.3.4:81", "[::1]:8"][..]),
        ("8000-8099", &["1.2.3.4:8000", "[::1]:8099"], &["1.2.3.4:7999", "[::1]:8100"]),
        ("0", &["1.2.3.4:0"], &["1.2.3.4:1"]),
        ("*", &["1.2.3.4:0", "[::1]:65535"], &[]),
        ("*:*", &["1.2.3.4:0", "[::1]:65535"], &[]),
        ("*:443", &["1.2.3.4:443"], &["1.2.3.4:444"]),
        ("10.1.2.3", &["10.1.2.3:1", "[::ffff:10.1.2.3]:1"], &["10.1.2.4:1", "[::10.1.2.3]:1"]),
        ("10.1.2.3:80", &["10.1.2.3:80"], &["10.1.2.3:81", "10.1.2.4:80"]),
        ("10.1.2.3:*", &["10.1.2.3:81"], &["10.1.2.4:80"]),
        ("10.1.2.3:5-6", &["10.1.2.3:5", "10.1.2.3:6"], &["10.1.2.3:7"]),
        ("10.0.0.0/8", &["10.255.0.1:1", "[::ffff:10.9.9.9]:1"], &["11.0.0.1:1", "[a00::1]:1"]),
        ("10.9.9.9/8", &["10.0.0.1:1"], &["11.0.0.1:1"]),
        ("10.0.0.0/8:80", &["10.255.0.1:80"], &["10.255.0.1:81"]),
        ("0.0.0.0/0", &["1.2.3.4:1", "[::ffff:1.2.3.4]:1"], &["[::1]:1"]),
        ("10.1.2.3/32", &["10.1.2.3:1"], &["10.1.2.2:1"]),
        ("::1", &["[::1]:9"], &["[::2]:9", "0.0.0.1:9"]),
        ("[::1]", &["[::1]:9"], &["[::2]:9"]),
        ("[::1]:80", &["[::1]:80"], &["[::1]:81"]),
        ("fd00::/8", &["[fdff::1]:1"], &["[fe00::1]:1"]),
        ("[fd00::/8]:80-90", &["[fdff::1]:85"], &["[fdff::1]:91"]),
        ("::/0", &["[::1]:1", "[ffff::]:1"], &["1.2.3.4:1", "[::ffff:1.2.3.4]:1"]),
        ("::1/128", &["[::1]:1"], &["[::]:1"]),
        ("::ffff:10.1.2.3", &["10.1.2.3:1", "[::ffff:10.1.2.3]:1"], &["10.1.2.4:1"]),
        ("::ffff:10.0.0.0/104", &["10.1.2.3:1", "[::ffff:10.1.2.3]:1"], &["11.1.2.3:1"]),
        ("::ffff:0:0/96", &["10.1.2.3:1"], &["[::1]:1"]),
        ("[::ffff:10.1.2.3]:80", &["10.1.2.3:80"], &["10.1.2.3:81"]),
    ] {
        for address in inside {
            assert!(allows(rule, address), "{rule} covers {address}");
        }
        for address in outside {
            assert!(!allows(rule, address), "{rule} doesn't cover {address}");
        }
    }
}

#[test]
fn a_rule_on_a_name_waits_for_its_addresses() {
    for (text, name, port) in [
        ("example.org", "example.org", 1),
        ("Example.ORG.:80", "example.org", 80),
        ("localhost:1-9", "localhost", 9),
        ("_srv.my-host.x1:*", "_srv.my-host.x1", 7),
    ] {
        let rule: Rule = text.parse().unwrap();
        let at = |port| format!("1.2.3.4:{port}").parse().unwrap();
        assert_eq!(rule.verdict(at(port)), Verdict::IfResolved(name), "{text}");
    }
    let rule: Rule = "example.org:80".parse().unwrap();
    assert_eq!(rule.verdict("1.2.3.4:81".parse().unwrap()), Verdict::Refused, "no look-up for another port");
}

#[test]
fn every_mistake_in_a_rule_is_named() {
    let empty = "a rule needs a host or a port; `*` is all of them";
    for (rule, message) in [
        ("", empty),
        (":80", empty),
        (":", empty),
        ("90-80", "`90-80` is neither an address, a network nor a name"),
        ("65536", "`65536` is neither an address, a network nor a name"),
        ("-1", "`-1` is neither an address, a network nor a name"),
        ("10.1", "`10.1` is neither an address, a network nor a name"),
        ("10.1.2.256:80", "`10.1.2.256` is neither an address, a network nor a name"),
        ("0x7f000001", "`0x7f000001` is neither an address, a network nor a name"),
        ("*.example.org", "`*.example.org` is neither an address, a network nor a name"),
        ("a..b", "`a..b` is neither an address, a network nor a name"),
        ("exa mple.org", "`exa mple.org` is neither an address, a network nor a name"),
        ("a\u{1b}[31m", "`a\\u{1b}[31m` is neither an address, a network nor a name"),
        ("fe80::1%2", "`fe80::1%2` is neither an address, a network nor a name"),
        ("::1:::", "`::1:::` is neither an address, a network nor a name"),
        ("10.0.0.0/33", "`10.0.0.0/33` is no network such as 10.0.0.0/8 or fd00::/8"),
        ("10.0.0.0/", "`10.0.0.0/` is no network such as 10.0.0.0/8 or fd00::/8"),
        ("10.0.0.0/8/8", "`10.0.0.0/8/8` is no network such as 10.0.0.0/8 or fd00::/8"),
        ("example.org/8", "`example.org/8` is no network such as 10.0.0.0/8 or fd00::/8"),
        ("fd00::/129", "`fd00::/129` is no network such as 10.0.0.0/8 or fd00::/8"),
        ("fd00::/8:80", "`fd00::/8:80` is no network such as 10.0.0.0/8 or fd00::/8"),
        ("10.0.0.1:", "`` is no port, range such as 8000-8099, or `*`"),
        ("10.0.0.1:http", "`http` is no port, range such as 8000-8099, or `*`"),
        ("10.0.0.1:65536", "`65536` is no port, range such as 8000-8099, or `*`"),
        ("10.0.0.1:9-8", "`9-8` is no port, range such as 8000-8099, or `*`"),
        ("10.0.0.1:1-2-3", "`1-2-3` is no port, range such as 8000-8099, or `*`"),
        ("[::1]:", "`` is no port, range such as 8000-8099, or `*`"),
        ("[::1", "`[::1` opens a bracket and doesn't close it"),
        ("[::1]80", "`[::1]80` has something else than `:PORTS` behind its bracket"),
        ("[]:80", "`[]:80` has something else than an IPv6 address in its brackets"),
        ("[example.org]:80", "`[example.org]:80` has something else than an IPv6 address in its brackets"),
        ("[10.0.0.1]:80", "`[10.0.0.1]:80` has something else than an IPv6 address in its brackets"),
    ] {
        match rule.parse::<Rule>() {
            Err(error) => assert_eq!(error.to_string(), message, "{rule:?}"),
            Ok(parsed) => panic!("{rule:?} is read as {parsed:?}"),
        }
    }
    assert!("a".repeat(10_000).parse::<Rule>().is_err());
}

#[test]
fn a_pattern_fits_a_name_all_below_it_or_everything() {
    for (pattern, fits, others) in [
        (
            "example.org",
            &["example.org", "Example.ORG", "example.org."][..],
            &["www.example.org", "org", ""][..],
        ),
        ("EXAMPLE.org.", &["example.org"], &["example.or"]),
        (
            "*.example.org",
            &["a.example.org", "a.b.example.org"],
            &["example.org", ".example.org.x", "aexample.org"],
        ),
        ("*", &["example.org", "a"], &[""]),
    ] {
        let parsed: NamePattern = pattern.parse().unwrap();
        for name in fits {
            assert!(parsed.matches(name), "{pattern} fits {name}");
        }
        for name in others {
            assert!(!parsed.matches(name), "{pattern} doesn't fit {name}");
        }
    }
    for bad in
        ["", ".", "**", "*.", "*.*", "a.*", "*example.org", "*.*.org", "10.0.0.1", "a b", "*:80", "a:80"]
    {
        let error = bad.parse::<NamePattern>().unwrap_err().to_string();
        assert!(error.ends_with("is neither an address, a network nor a name"), "{bad}: {error}");
    }
}

#[test]
fn a_name_is_checked_and_written_one_way() {
    assert_eq!(check_name("Example.ORG."), Ok("example.org".into()));
    let longest = [&*"a".repeat(63), &"b".repeat(63), &"c".repeat(63), &"d".repeat(61)].join(".");
    assert_eq!(check_name(&longest), Ok(longest.clone()));
    assert_eq!(check_name(&format!("{longest}.")), Ok(longest.clone()));
    assert_eq!(check_name(&format!("{longest}d")), Err(Errno::Nametoolong));
    assert_eq!(check_name(&"a".repeat(64)), Err(Errno::Inval));
    assert_eq!(check_name("a..b"), Err(Errno::Inval));
}

#[test]
fn nothing_is_granted_by_default_and_any_one_thing_is_something() {
    assert!(Grants::default().is_empty());
    assert!(!Grants::all().is_empty());
    for grants in [
        Grants { connect: vec![Rule::ANY], ..Grants::default() },
        Grants { listen: vec![Rule::ANY], ..Grants::default() },
        Grants { udp: vec![Rule::ANY], ..Grants::default() },
        Grants { dns: vec!["a".parse().unwrap()], ..Grants::default() },
    ] {
        assert!(!grants.is_empty(), "{grants:?}");
    }
    assert!(Grants::all().allows_name("anything.example"));
    assert!(!Grants { connect: vec![Rule::ANY], ..Grants::default() }.allows_name("a"), "addresses only");
}
