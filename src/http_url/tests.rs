use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn url(text: &str) -> HttpUrl {
    HttpUrl::parse(text).unwrap()
}

#[test]
fn the_parts_are_those_that_were_written() {
    let full = url("https://Example.com:8443/a%20b/c?x=1&y[]=?");
    assert_eq!(full.as_str(), "https://Example.com:8443/a%20b/c?x=1&y[]=?");
    assert_eq!(full.origin(), "https://Example.com:8443");
    assert_eq!((full.host(), full.port()), ("Example.com", 8443));
    assert_eq!((full.path(), full.query()), ("/a%20b/c", Some("x=1&y[]=?")));
    assert!(full.is_https());

    let bare = url("HTTP://localhost");
    assert_eq!((bare.origin(), bare.path(), bare.query(), bare.port()), ("HTTP://localhost", "/", None, 80));
    assert!(!bare.is_https());

    let six = url("http://[::1]?");
    assert_eq!((six.host(), six.port(), six.path(), six.query()), ("[::1]", 80, "/", Some("")));
    assert_eq!(url("https://[2001:db8::1]:8080/x").port(), 8080);
}

#[test]
fn whatever_two_parsers_could_read_differently_is_refused() {
    use InvalidUrlError::{Character, Fragment, Host, Port, Scheme, UserInfo};
    let cases: &[(&str, InvalidUrlError)] = &[
        ("", Scheme),
        ("/relative", Scheme),
        ("//host/x", Scheme),
        ("ftp://host", Scheme),
        ("https:/host", Scheme),
        (" https://host", Scheme),
        ("httpſ://host", Scheme),
        ("https://user@host/", UserInfo),
        ("https://user:pw@host/", UserInfo),
        ("https://good.example\\@evil.example/", Character),
        ("https://", Host),
        ("https:///path", Host),
        ("https://?q", Host),
        ("https://a..b/", Host),
        ("https://.a/", Host),
        ("https://a./", Host),
        ("https://exa mple.com/", Host),
        ("https://bücher.example/", Host),
        ("https://127.1/", Host),
        ("https://2130706433/", Host),
        ("https://0x7f000001/", Host),
        ("https://a.0x/", Host),
        ("https://127.0.0.01/", Host),
        ("https://256.0.0.1/", Host),
        ("https://[::1/", Host),
        ("https://[::1%25eth0]/", Host),
        ("https://[127.0.0.1]/", Host),
        ("https://a]b/", Host),
        ("https://host:/", Port),
        ("https://host:0/", Port),
        ("https://host:65536/", Port),
        ("https://host:+80/", Port),
        ("https://host:080/", Port),
        ("https://host:80:80/", Port),
        ("https://[::1]80/", Host),
        ("https://host/#top", Fragment),
        ("https://host#top", Fragment),
        ("https://host/a b", Character),
        ("https://host/a\tb", Character),
        ("https://host/a\r\nX: y", Character),
        ("https://host/ü", Character),
        ("https://host/{id}", Character),
        ("https://host/a\\b", Character),
        ("https://host/%", Character),
        ("https://host/%2", Character),
        ("https://host/%2g", Character),
    ];
    for (text, error) in cases {
        assert_eq!(HttpUrl::parse(text), Err(*error), "{text:?}");
    }
}

#[test]
fn the_length_limits_hold() {
    let longest = format!("https://h/{}", "a".repeat(MAX_URL_BYTES - 10));
    assert!(HttpUrl::parse(&longest).is_ok());
    assert_eq!(HttpUrl::parse(&format!("{longest}a")), Err(InvalidUrlError::TooLong));
    assert!(HttpUrl::parse(&format!("https://{}.example", "a".repeat(63))).is_ok());
    assert_eq!(HttpUrl::parse(&format!("https://{}.example", "a".repeat(64))), Err(InvalidUrlError::Host));
    assert_eq!(HttpUrl::parse(&format!("https://{}a", "a.".repeat(127))), Err(InvalidUrlError::Host));
}

#[test]
fn the_same_resource_may_be_spelled_in_these_ways_only() {
    let ours = url("https://Redrive.example/hook?a=1");
    for same in [
        "https://redrive.example/hook?a=1",
        "HTTPS://REDRIVE.EXAMPLE:443/hook?a=1",
        "https://Redrive.example/hook?a=1",
    ] {
        assert!(ours.same_resource(same), "{same}");
    }
    for other in [
        "http://redrive.example/hook?a=1",
        "https://redrive.example:8443/hook?a=1",
        "https://redrive.example:80/hook?a=1",
        "https://redrive.example.evil/hook?a=1",
        "https://redrive.example/Hook?a=1",
        "https://redrive.example/hook/?a=1",
        "https://redrive.example/hook?a=%31",
        "https://redrive.example/hook?A=1",
        "https://redrive.example/hook?a=1&",
        "https://redrive.example/hook",
        "https://redrive.example/hook?a=1#",
        "redrive.example/hook?a=1",
        "",
    ] {
        assert!(!ours.same_resource(other), "{other}");
    }
    assert!(url("https://h").same_resource("https://h/"));
    assert!(url("http://h:80/?q").same_resource("http://h?q"));
    assert!(!url("https://h/").same_resource("https://h/?"));
}

#[test]
fn a_query_is_replaced_removed_and_made_harmless() {
    let base = url("https://h/p?old=1");
    assert_eq!(base.with_query(None).as_str(), "https://h/p");
    assert_eq!(base.with_query(Some("a=%20&b=2")).as_str(), "https://h/p?a=%20&b=2");
    assert_eq!(base.with_query(Some("a=b c#d\r\nü")).as_str(), "https://h/p?a=b%20c%23d%0D%0A%C3%BC");
    assert_eq!(url("https://h").with_query(Some("a")).as_str(), "https://h/?a");
    assert_eq!(base.with_query(Some("a")).query(), Some("a"));
}

#[test]
fn only_this_machine_is_loopback() {
    for text in ["http://localhost:8080", "http://A.LocalHost/", "http://127.8.9.1/", "http://[::1]:1/"] {
        assert!(url(text).is_loopback(), "{text}");
    }
    for text in ["http://localhost.example/", "http://128.0.0.1/", "http://[::2]/", "http://notlocalhost/"] {
        assert!(!url(text).is_loopback(), "{text}");
    }
}

#[test]
fn pairs_come_raw_and_in_order() {
    let pairs: Vec<_> = query_pairs("a=1&b&&c=&d=x=y&=z&a=%32").collect();
    assert_eq!(pairs, [("a", "1"), ("b", ""), ("c", ""), ("d", "x=y"), ("", "z"), ("a", "%32")]);
    assert_eq!(query_pairs("").count(), 0);
}

#[test]
fn debug_and_errors_keep_path_and_query_to_themselves() {
    let shown = format!("{:?}", url("https://hooks.example/T0/secret?key=secret"));
    assert_eq!(shown, "HttpUrl(https://hooks.example/…)");
    let refused = serde_json::from_str::<HttpUrl>("\"https://h/secret path\"").unwrap_err().to_string();
    assert!(refused.contains("percent") || refused.contains("hexadecimal"), "{refused}");
    assert!(!refused.contains("secret"), "{refused}");
}

proptest! {
    #[test]
    fn reading_never_panics_and_accepted_urls_are_plain_ascii(text in "(https?://)?\\PC{0,40}") {
        if let Ok(url) = HttpUrl::parse(&text) {
            prop_assert!(url.as_str().bytes().all(|b| b.is_ascii_graphic()));
            prop_assert!(url.same_resource(&text));
            prop_assert_eq!(url.with_query(url.query()).same_resource(&text), true);
        }
    }

    #[test]
    fn addresses_are_those_of_the_standard_library(host in "[0-9a-f:.]{0,12}|([0-9a-f]{0,5}:){0,8}:?[0-9a-f]{0,4}|([0-9]{1,3}\\.){3}[0-9]{1,3}") {
        prop_assert_eq!(is_ipv4(&host), host.parse::<Ipv4Addr>().is_ok(), "{}", host);
        prop_assert_eq!(is_ipv6(&host), host.parse::<Ipv6Addr>().is_ok(), "{}", host);
        let mixed = ["::ffff:", &host].concat();
        prop_assert_eq!(is_ipv6(&mixed), mixed.parse::<Ipv6Addr>().is_ok(), "{}", mixed);
        prop_assert_eq!(is_ip_address(&host), host.parse::<IpAddr>().is_ok(), "{}", host);
    }

    #[test]
    fn with_query_always_gives_a_readable_url(query in "[^%]{0,40}") {
        let url = url("https://h/p").with_query(Some(&query));
        prop_assert_eq!(HttpUrl::parse(url.as_str()), Ok(url));
    }
}
