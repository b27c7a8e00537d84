use super::*;

fn text(protocol: &str, from: Option<i64>, to: Option<i64>, source: SourceText) -> RuleText {
    RuleText { ip_protocol: protocol.to_owned(), from_port: from, to_port: to, source }
}

fn v4(protocol: &str, from: impl Into<Option<i64>>, to: impl Into<Option<i64>>, cidr: &str) -> IngressRule {
    IngressRule::parse(&text(protocol, from.into(), to.into(), SourceText::CidrIpv4(cidr.to_owned()))).expect(cidr)
}

#[test]
fn every_spelling_of_a_protocol_is_the_same_rule() {
    for (name, number) in [("tcp", "6"), ("udp", "17"), ("icmp", "1"), ("icmpv6", "58"), ("TCP", "tcp"), ("tcp", "06")]
    {
        assert_eq!(v4(name, 8, 8, "10.0.0.0/8"), v4(number, 8, 8, "10.0.0.0/8"));
    }
    assert_eq!(v4("-1", None, None, "10.0.0.0/8"), v4("-1", 22, 22, "10.0.0.0/8"));
    assert_eq!(v4("50", None, None, "10.0.0.0/8"), v4("50", -1, -1, "10.0.0.0/8"));
}

#[test]
fn host_bits_are_dropped_as_ec2_drops_them() {
    assert_eq!(v4("tcp", 22, 22, "100.68.0.18/18").to_string(), "tcp 22 from 100.68.0.0/18");
    let rule = text("tcp", Some(22), Some(22), SourceText::CidrIpv6("2001:DB8::1/64".to_owned()));
    assert_eq!(IngressRule::parse(&rule).map(|rule| rule.to_string()), Ok("tcp 22 from 2001:db8::/64".to_owned()));
}

#[test]
fn the_owner_of_a_referenced_group_is_not_part_of_the_rule() {
    let of = |owner: Option<&str>| {
        let source = SourceText::Group { group_id: "sg-0feedface".to_owned(), user_id: owner.map(str::to_owned) };
        IngressRule::parse(&text("tcp", Some(1), Some(2), source)).expect("a rule")
    };
    assert_eq!(of(Some("111122223333")), of(None));
}

fn group(id: &str) -> IngressRule {
    let source = SourceText::Group { group_id: id.to_owned(), user_id: None };
    IngressRule::parse(&text("tcp", Some(22), Some(22), source)).expect(id)
}

fn list(id: &str) -> IngressRule {
    IngressRule::parse(&text("tcp", Some(22), Some(22), SourceText::PrefixListId(id.to_owned()))).expect(id)
}

#[test]
fn referenced_groups_are_told_apart_and_ordered_by_their_ids() {
    assert_ne!(group("sg-0feedface"), group("sg-0feedfacf"));
    assert!(group("sg-0feedface") < group("sg-0feedfacf"));
}

#[test]
fn a_protocol_has_the_name_that_ec2_gives_it() {
    for (spelled, name) in [
        ("all", "-1"),
        ("6", "tcp"),
        ("17", "udp"),
        ("1", "icmp"),
        ("58", "icmpv6"),
        ("50", "50"),
        ("ICMPv6", "icmpv6"),
    ] {
        assert_eq!(v4(spelled, 1, 1, "10.0.0.0/8").traffic.protocol(), name, "{spelled}");
    }
}

#[test]
fn icmp_has_types_and_codes_instead_of_ports() {
    assert_eq!(v4("icmp", 8, -1, "10.0.0.0/8").traffic.to_string(), "icmp type 8");
    assert_eq!(v4("icmp", -1, -1, "10.0.0.0/8").traffic.to_string(), "icmp all");
    assert_eq!(v4("1", 3, 4, "10.0.0.0/8").traffic.to_string(), "icmp type 3 code 4");
}

#[test]
fn what_no_rule_can_have_is_refused() {
    for (protocol, from, to) in
        [("tcp", 5, 1), ("tcp", 0, 65_536), ("tcp", -1, 5), ("icmp", 256, 0), ("sctp2", 1, 1), ("+6", 1, 1)]
    {
        let rule = text(protocol, Some(from), Some(to), SourceText::CidrIpv4("10.0.0.0/8".to_owned()));
        assert!(IngressRule::parse(&rule).is_err(), "{protocol} {from} {to}");
    }
    for source in ["10.0.0.0", "0.0.0.0/33", "", "::/0", "010.0.0.0/8"] {
        assert!(IngressRule::parse(&text("tcp", Some(1), Some(1), SourceText::CidrIpv4(source.to_owned()))).is_err());
    }
}

#[test]
fn a_rule_covers_what_it_certainly_lets_in() {
    assert!(v4("tcp", 20, 25, "10.0.0.0/8").covers(&v4("tcp", 22, 22, "10.1.0.0/16")));
    assert!(v4("-1", None, None, "0.0.0.0/0").covers(&v4("udp", 53, 53, "10.1.0.0/16")));
    assert!(!v4("tcp", 22, 22, "10.1.0.0/16").covers(&v4("tcp", 22, 22, "10.0.0.0/8")));
    assert!(!v4("tcp", 22, 22, "10.0.0.0/8").covers(&v4("udp", 22, 22, "10.0.0.0/8")));
    assert!(v4("icmp", -1, -1, "10.0.0.0/8").covers(&v4("icmp", 8, 0, "10.0.0.0/8")));
}

#[test]
fn ports_are_covered_from_end_to_end() {
    let ports = |from, to| v4("tcp", from, to, "10.0.0.0/8");
    assert!(ports(20, 25).covers(&ports(20, 25)));
    for (from, to) in [(19, 25), (20, 26), (0, 65_535)] {
        assert!(!ports(20, 25).covers(&ports(from, to)), "{from}-{to}");
    }
}

#[test]
fn icmp_covers_its_own_type_and_code_or_all_of_them() {
    let icmp = |kind, code| v4("icmp", kind, code, "10.0.0.0/8");
    for (wide, narrow, covers) in [
        ((8, 0), (8, 0), true),
        ((8, -1), (8, 0), true),
        ((8, -1), (8, -1), true),
        ((-1, -1), (-1, -1), true),
        ((8, -1), (3, -1), false),
        ((8, 0), (3, 0), false),
        ((8, 0), (8, 1), false),
        ((8, 0), (8, -1), false),
        ((8, 0), (-1, -1), false),
        ((8, -1), (-1, -1), false),
    ] {
        assert_eq!(icmp(wide.0, wide.1).covers(&icmp(narrow.0, narrow.1)), covers, "{wide:?} {narrow:?}");
    }
    assert!(!icmp(-1, -1).covers(&v4("icmpv6", -1, -1, "10.0.0.0/8")));
}

#[test]
fn what_a_number_a_prefix_list_or_a_group_holds_is_not_known_so_each_covers_itself_alone() {
    let number = |number: &str| v4(number, None, None, "10.0.0.0/8");
    assert!(number("50").covers(&number("50")));
    assert!(!number("50").covers(&number("51")));
    assert!(list("pl-1").covers(&list("pl-1")));
    assert!(!list("pl-1").covers(&list("pl-2")));
    assert!(group("sg-1").covers(&group("sg-1")));
    assert!(!group("sg-1").covers(&group("sg-2")));
    assert!(!list("pl-1").covers(&group("sg-1")));
    assert!(!v4("tcp", 22, 22, "0.0.0.0/0").covers(&group("sg-1")));
}

#[test]
fn a_rule_is_known_by_its_id_or_by_its_properties() {
    use crate::domain::change::RuleName;
    let id = RuleId::parse("sgr-0123456789abcdef0").expect("a rule id");
    assert_eq!(RuleName::Id(id).to_string(), "sgr-0123456789abcdef0");
    let properties = RuleName::Properties(v4("tcp", 443, 443, "203.0.113.0/24"));
    assert_eq!(properties.to_string(), "tcp 443 from 203.0.113.0/24");
}
