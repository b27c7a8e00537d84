use proptest::prelude::*;

use super::*;
use crate::domain::rule::{RuleText, SourceText};

fn rule(protocol: &str, from: i64, to: i64, source: &str) -> IngressRule {
    let source = source.to_owned();
    let source = match source.as_str() {
        text if text.starts_with("pl-") => SourceText::PrefixListId(source),
        text if text.starts_with("sg-") => SourceText::Group { group_id: source, user_id: None },
        text if text.contains(':') => SourceText::CidrIpv6(source),
        _ => SourceText::CidrIpv4(source),
    };
    let text = RuleText { ip_protocol: protocol.to_owned(), from_port: Some(from), to_port: Some(to), source };
    IngressRule::parse(&text).expect("a rule")
}

fn ssh(source: &str) -> IngressRule {
    rule("tcp", 22, 22, source)
}

fn wide(rules: &[IngressRule]) -> Vec<bool> {
    internet_wide(&rules.iter().collect::<Vec<_>>())
}

#[test]
fn wider_is_who_first_and_what_second() {
    let widest_first = [
        rule("-1", -1, -1, "0.0.0.0/0"),
        rule("50", -1, -1, "::/0"),
        rule("tcp", 0, 65_535, "0.0.0.0/0"),
        rule("tcp", 20, 25, "0.0.0.0/0"),
        ssh("::/0"),
        rule("icmp", -1, -1, "0.0.0.0/0"),
        rule("icmp", 8, -1, "0.0.0.0/0"),
        rule("icmp", 8, 0, "0.0.0.0/0"),
        rule("-1", -1, -1, "pl-6da54004"),
        rule("-1", -1, -1, "0.0.0.0/1"),
        ssh("10.0.0.0/8"),
        ssh("2001:db8::/32"),
        ssh("203.0.113.0/24"),
        ssh("203.0.113.7/32"),
        rule("-1", -1, -1, "sg-0feedface"),
        ssh("sg-0feedface"),
    ];
    for pair in widest_first.windows(2) {
        assert!(width(&pair[0]) > width(&pair[1]), "{} against {}", pair[0], pair[1]);
    }
}

#[test]
fn a_prefix_of_no_bits_is_the_whole_internet_and_half_of_it_is_not() {
    assert_eq!(
        wide(&[ssh("0.0.0.0/0"), ssh("::/0"), ssh("128.0.0.0/1"), ssh("sg-1"), ssh("pl-1")]),
        [true, true, false, false, false]
    );
}

#[test]
fn halves_together_are_the_whole_internet() {
    assert_eq!(wide(&[ssh("0.0.0.0/1"), ssh("128.0.0.0/1"), ssh("10.0.0.0/8")]), [true, true, false]);
    assert_eq!(wide(&[ssh("0.0.0.0/1"), ssh("128.0.0.0/1"), ssh("203.0.113.0/24")]), [true, true, false]);
    assert_eq!(wide(&[ssh("::/1"), ssh("8000::/1")]), [true, false], "8000::/1 holds no host of the internet");
    assert_eq!(wide(&[ssh("2000::/4"), ssh("3000::/4")]), [true, true]);
    assert_eq!(wide(&[ssh("0.0.0.0/1"), ssh("8000::/1")]), [false, false], "two families make no whole");
}

#[test]
fn halves_count_only_where_their_traffic_overlaps() {
    let low = rule("tcp", 20, 25, "0.0.0.0/1");
    assert_eq!(wide(&[low.clone(), rule("tcp", 22, 30, "128.0.0.0/1")]), [true, true]);
    assert_eq!(wide(&[low.clone(), rule("-1", -1, -1, "128.0.0.0/1")]), [true, true]);
    assert_eq!(wide(&[low.clone(), rule("tcp", 26, 30, "128.0.0.0/1")]), [false, false]);
    assert_eq!(wide(&[low, rule("udp", 20, 25, "128.0.0.0/1")]), [false, false]);
}

#[test]
fn leaving_out_a_private_range_hides_nothing() {
    let nets =
        ["0.0.0.0/5", "8.0.0.0/7", "11.0.0.0/8", "12.0.0.0/6", "16.0.0.0/4", "32.0.0.0/3", "64.0.0.0/2", "128.0.0.0/1"];
    let all: Vec<IngressRule> = nets.iter().map(|net| ssh(net)).collect();
    assert!(wide(&all).iter().all(|wide| *wide), "everything but 10.0.0.0/8");
    assert!(!whole_internet(&all.iter().skip(2).collect::<Vec<_>>()));
}

#[test]
fn a_private_range_beside_the_pieces_of_the_internet_is_no_part_of_it() {
    let nets =
        ["0.0.0.0/5", "8.0.0.0/7", "11.0.0.0/8", "12.0.0.0/6", "16.0.0.0/4", "32.0.0.0/3", "64.0.0.0/2", "128.0.0.0/1"];
    let mut all: Vec<IngressRule> = nets.iter().map(|net| ssh(net)).collect();
    all.push(ssh("10.0.0.0/8"));
    let (private, pieces) = wide(&all).split_last().map(|(last, rest)| (*last, rest.to_vec())).expect("nine rules");
    assert!(pieces.iter().all(|is_wide| *is_wide));
    assert!(!private);
}

#[test]
fn two_addresses_are_wider_than_one_of_the_other_family() {
    assert!(width(&ssh("2001:db8::/127")) > width(&ssh("203.0.113.7/32")));
    assert_eq!(width(&ssh("2001:db8::1/128")), width(&ssh("203.0.113.7/32")));
}

#[test]
fn the_widest_of_halves_is_the_internet() {
    let (low, high) = (ssh("0.0.0.0/1"), ssh("128.0.0.0/1"));
    assert_eq!(widest(&[&low, &high]).map(|width| width.reach), Some(Reach::Internet));
    assert_eq!(widest(&[&low]), Some(width(&low)));
    assert_eq!(widest(&[]), None);
}

#[test]
fn services_are_named_also_within_a_range() {
    let named = |protocol, from, to| services(rule(protocol, from, to, "10.0.0.0/8").traffic);
    assert_eq!(named("tcp", 22, 22), ["SSH"]);
    assert_eq!(named("tcp", 20, 25), ["SSH", "Telnet", "FTP", "SMTP"]);
    assert_eq!(named("tcp", 3306, 5432), ["RDP", "MySQL", "PostgreSQL"]);
    assert_eq!(named("udp", 22, 22), Vec::<&str>::new());
    assert_eq!(named("udp", 53, 53), ["DNS"]);
    assert_eq!(named("-1", -1, -1), Vec::<&str>::new());
}

#[test]
fn a_service_is_named_for_the_protocol_that_it_speaks() {
    let named = |protocol, port| services(rule(protocol, port, port, "0.0.0.0/0").traffic);
    assert_eq!((named("udp", 161), named("tcp", 161)), (vec!["SNMP"], vec![]));
    assert_eq!((named("udp", 22), named("tcp", 22)), (vec![], vec!["SSH"]));
    assert_eq!((named("udp", 53), named("tcp", 53)), (vec!["DNS"], vec!["DNS"]));
}

#[test]
fn addresses_are_counted() {
    let count = |source| addresses(&ssh(source).source).map(|count| count.to_string());
    assert_eq!(count("203.0.113.7/32").as_deref(), Some("1 address"));
    assert_eq!(count("203.0.113.0/24").as_deref(), Some("256 addresses"));
    assert_eq!(count("10.0.0.0/8").as_deref(), Some("16,777,216 addresses"));
    assert_eq!(count("0.0.0.0/0").as_deref(), Some("4,294,967,296 addresses"));
    assert_eq!(count("2001:db8::/48").as_deref(), Some("2^80 addresses"));
    assert_eq!(count("sg-1"), None);
}

fn any_v4() -> impl Strategy<Value = IngressRule> {
    (any::<u32>(), 0_u8..4, 0_i64..4, 0_i64..3).prop_map(|(bits, prefix, from, more)| {
        rule("tcp", from, from + more, &format!("{}/{prefix}", Ipv4Addr::from_bits(bits)))
    })
}

#[test]
fn all_but_one_address_is_not_the_whole() {
    for family in [Family::V4, Family::V6] {
        let mut spans = family.internet().to_vec();
        assert!(family.covered_by(&spans));
        let last = spans.last_mut().expect("a span");
        *last = Span { from: last.from, to: last.to - 1 };
        assert!(!family.covered_by(&spans), "the last address is left out");
    }
}

proptest! {
    /// The slow way: for every port that can matter, look at every block of 4 bits.
    #[test]
    fn the_union_agrees_with_counting(rules in prop::collection::vec(any_v4(), 0..12)) {
        let lets_in = |port: u16, octet: u8| rules.iter().any(|rule| {
            let one = rule_for(port, octet);
            rule.covers(&one)
        });
        let counted = (0_u16..8).any(|port| (1_u8..=13).all(|block| lets_in(port, block * 16)) && lets_in(port, 1));
        prop_assert_eq!(whole_internet(&rules.iter().collect::<Vec<_>>()), counted);
    }

    #[test]
    fn what_covers_another_is_never_narrower(a in any_v4(), b in any_v4()) {
        if a.covers(&b) {
            prop_assert!(width(&a) >= width(&b));
        }
    }
}

fn rule_for(port: u16, octet: u8) -> IngressRule {
    rule("tcp", i64::from(port), i64::from(port), &format!("{octet}.0.0.0/8"))
}
