"""EC2's and STS's stand-ins against moto: the same calls by boto3 must have the same results and the same error codes.

Where moto is known to be wrong the test says so, why, and that moto still is (`GAPS`). The binary `stand_ins` of package
`local` must have been built before."""

import random

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

REGION = "eu-west-1"
ANYWHERE = "0.0.0.0/0"


class Side:
    """One of the two services, with its own ids for the groups and VPCs that the test calls by name."""

    def __init__(self, ec2_url, sts_url, key):
        self.sts_url = sts_url
        self.ec2 = client("ec2", ec2_url, key)
        self.sts = client("sts", sts_url, key)
        self.ids = {}

    def fill(self, value):
        """Puts ids in the place of names: `{"group": "web"}` and `{"rule": ("web", content)}`."""
        match value:
            case {"group": name, **rest} if not rest:
                return self.ids[name]
            case {"rule": (name, content), **rest} if not rest:
                return self.rules(name)[content]
            case dict():
                return {key: self.fill(inner) for key, inner in value.items()}
            case list():
                return [self.fill(inner) for inner in value]
            case _:
                return value

    def call(self, operation, **parameters):
        """`("ok", answer)` or `("error", code)`."""
        try:
            return "ok", getattr(self.ec2, operation)(**self.fill(parameters))
        except ClientError as error:
            return "error", error.response["Error"]["Code"]

    def rules(self, group):
        """The rules of a group, their content as the key, their ids as the value."""
        filters = [{"Name": "group-id", "Values": [self.ids[group]]}]
        found = self.ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
        return {self.content(rule): rule["SecurityGroupRuleId"] for rule in found}

    def content(self, rule):
        """What a rule says, without ids that differ from side to side."""
        names = {value: name for name, value in self.ids.items()}
        source = rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId")
        if not source:
            source = names[rule["ReferencedGroupInfo"]["GroupId"]]
        ports = (rule.get("FromPort", -1), rule.get("ToPort", -1))
        return (rule["IsEgress"], rule["IpProtocol"], *ports, source, rule.get("Description", ""))


class Pair:
    """Both sides; `call` demands that they agree."""

    def __init__(self, ours, moto):
        self.ours, self.moto = ours, moto

    def each(self, operation, **parameters):
        return [side.call(operation, **parameters) for side in (self.ours, self.moto)]

    def call(self, operation, **parameters):
        (our_kind, ours), (moto_kind, moto) = self.each(operation, **parameters)
        ours, moto = self.comparable(self.ours, our_kind, ours), self.comparable(self.moto, moto_kind, moto)
        assert (our_kind, ours) == (moto_kind, moto), f"{operation} {parameters}"
        return our_kind, ours

    @staticmethod
    def comparable(side, kind, answer):
        if kind == "error" or "SecurityGroupRules" not in answer:
            return answer if kind == "error" else None
        return sorted(side.content(rule) for rule in answer["SecurityGroupRules"])

    def make_vpc(self, name):
        for side in (self.ours, self.moto):
            side.ids[name] = side.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

    def make_group(self, name, vpc=None):
        for side in (self.ours, self.moto):
            where = {"VpcId": side.ids[vpc]} if vpc else {}
            made = side.ec2.create_security_group(GroupName=name, Description="a group", **where)
            side.ids[name] = made["GroupId"]

    def same_rules(self, group):
        ours, moto = sorted(self.ours.rules(group)), sorted(self.moto.rules(group))
        assert ours == moto
        return ours


def client(service, url, key, secret="secret", token=None):
    config = Config(retries={"total_max_attempts": 1})
    credentials = {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token}
    return boto3.client(service, endpoint_url=url, region_name=REGION, config=config, **credentials)


@pytest.fixture(scope="module")
def servers(stand_in):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    key = stand_in["aws_access_key_id"]
    yield lambda: Pair(Side(stand_in["ec2"], stand_in["sts"], key), Side(url, url, key))
    server.stop()


@pytest.fixture
def pair(servers):
    """Both sides with a VPC that is not the default one and two groups in it, made for this test alone."""
    pair = servers()
    pair.make_vpc("vpc")
    pair.make_group("web", vpc="vpc")
    pair.make_group("db", vpc="vpc")
    return pair


WEB = {"group": "web"}
DB = {"group": "db"}


def permission(protocol="tcp", low=22, high=22, ipv4=(), ipv6=(), lists=(), groups=()):
    """One of `IpPermissions`; a source is a text or a pair of it and its description."""

    def described(key, source):
        source, description = source if isinstance(source, tuple) else (source, None)
        return {key: source} | ({"Description": description} if description else {})

    sources = {
        "IpRanges": [described("CidrIp", cidr) for cidr in ipv4],
        "Ipv6Ranges": [described("CidrIpv6", cidr) for cidr in ipv6],
        "PrefixListIds": [described("PrefixListId", id) for id in lists],
        "UserIdGroupPairs": [described("GroupId", group) for group in groups],
    }
    ports = {} if low is None else {"FromPort": low, "ToPort": high}
    return {"IpProtocol": protocol, **ports} | {key: value for key, value in sources.items() if value}


def authorize(pair, *permissions, group=WEB, **more):
    return pair.call("authorize_security_group_ingress", GroupId=group, IpPermissions=list(permissions), **more)


def revoke(pair, *permissions, group=WEB, **more):
    return pair.call("revoke_security_group_ingress", GroupId=group, IpPermissions=list(permissions), **more)


def ingress(protocol, low, high, source, description=""):
    return (False, protocol, low, high, source, description)


def egress(protocol, low, high, source, description=""):
    return (True, protocol, low, high, source, description)


WAY_OUT = egress("-1", -1, -1, ANYWHERE)


def test_a_new_group_lets_everything_out_and_nothing_in(pair):
    assert pair.same_rules("web") == [WAY_OUT]


def test_all_kinds_of_source_in_one_permission(pair):
    everything = permission(ipv4=[(ANYWHERE, "audit")], ipv6=["::/0"], lists=["pl-0123abcd"], groups=[DB])
    kind, rules = authorize(pair, everything)
    assert kind == "ok" and len(rules) == 4
    assert len(pair.same_rules("web")) == 5


@pytest.mark.parametrize("sent", ["tcp", "6", "udp", "17", "icmp", "1"])
def test_protocols_have_one_name(pair, sent):
    assert authorize(pair, permission(sent, 8, 8, ipv4=["192.0.2.0/24"]))[0] == "ok"
    pair.same_rules("web")


@pytest.mark.parametrize("ports", [(None, None), (22, 22)])
def test_all_protocols_have_no_ports(pair, ports):
    authorize(pair, permission("-1", *ports, ipv4=["192.0.2.0/24"]))
    assert ingress("-1", -1, -1, "192.0.2.0/24") in pair.same_rules("web")


def test_the_flat_form(pair):
    flat = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 81, "CidrIp": ANYWHERE}
    assert pair.call("authorize_security_group_ingress", GroupId=WEB, **flat)[0] == "ok"
    assert pair.call("authorize_security_group_ingress", GroupId=WEB, **flat)[1] == "InvalidPermission.Duplicate"
    assert pair.call("revoke_security_group_ingress", GroupId=WEB, **flat)[0] == "ok"
    assert pair.same_rules("web") == [WAY_OUT]


def test_a_group_by_name_in_the_default_vpc(servers):
    pair = servers()
    pair.make_group("by-name")
    open_ssh = permission(ipv4=[ANYWHERE])
    assert pair.call("authorize_security_group_ingress", GroupName="by-name", IpPermissions=[open_ssh])[0] == "ok"
    assert ingress("tcp", 22, 22, ANYWHERE) in pair.same_rules("by-name")


def test_a_duplicate_whatever_its_description(pair):
    authorize(pair, permission(ipv4=[(ANYWHERE, "one")]))
    assert authorize(pair, permission(ipv4=[(ANYWHERE, "two")])) == ("error", "InvalidPermission.Duplicate")
    assert ingress("tcp", 22, 22, ANYWHERE, "one") in pair.same_rules("web")


def test_a_revoke_by_permission_whatever_its_description(pair):
    authorize(pair, permission(ipv4=[(ANYWHERE, "one"), "192.0.2.0/24"]))
    assert revoke(pair, permission(ipv4=[(ANYWHERE, "two")]))[0] == "ok"
    assert pair.same_rules("web") == [ingress("tcp", 22, 22, "192.0.2.0/24"), WAY_OUT]


@pytest.mark.parametrize(
    "near", [permission(high=23, ipv4=[ANYWHERE]), permission(ipv4=["0.0.0.0/1"]), permission("udp", ipv4=[ANYWHERE])]
)
def test_a_near_miss_is_not_revoked(pair, near):
    authorize(pair, permission(ipv4=[ANYWHERE]))
    assert revoke(pair, near) == ("error", "InvalidPermission.NotFound")
    assert ingress("tcp", 22, 22, ANYWHERE) in pair.same_rules("web")


def test_one_miss_in_a_permission_keeps_everything(pair):
    authorize(pair, permission(ipv4=[ANYWHERE]))
    assert revoke(pair, permission(ipv4=[ANYWHERE, "192.0.2.0/24"])) == ("error", "InvalidPermission.NotFound")
    assert ingress("tcp", 22, 22, ANYWHERE) in pair.same_rules("web")


def test_groups_and_prefix_lists_are_revoked(pair):
    both = permission(lists=["pl-0123abcd"], groups=[DB])
    authorize(pair, both)
    assert revoke(pair, both)[0] == "ok"
    assert pair.same_rules("web") == [WAY_OUT]


def test_a_revoke_by_rule_id(pair):
    authorize(pair, permission(ipv4=[ANYWHERE, "192.0.2.0/24"]))
    rule = {"rule": ("web", ingress("tcp", 22, 22, ANYWHERE))}
    assert pair.call("revoke_security_group_ingress", GroupId=WEB, SecurityGroupRuleIds=[rule])[0] == "ok"
    assert pair.same_rules("web") == [ingress("tcp", 22, 22, "192.0.2.0/24"), WAY_OUT]


def test_egress(pair):
    out = permission("udp", 53, 53, ipv4=["192.0.2.0/24"])
    assert pair.call("authorize_security_group_egress", GroupId=WEB, IpPermissions=[out])[0] == "ok"
    again = pair.call("authorize_security_group_egress", GroupId=WEB, IpPermissions=[out])
    assert again == ("error", "InvalidPermission.Duplicate")
    assert pair.same_rules("web") == [WAY_OUT, egress("udp", 53, 53, "192.0.2.0/24")]
    assert revoke(pair, out) == ("error", "InvalidPermission.NotFound")
    assert pair.call("revoke_security_group_egress", GroupId=WEB, IpPermissions=[out])[0] == "ok"
    everything = permission("-1", None, None, ipv4=[ANYWHERE])
    assert pair.call("revoke_security_group_egress", GroupId=WEB, IpPermissions=[everything])[0] == "ok"
    assert pair.same_rules("web") == []


def modify(pair, content, group="web", **new):
    rules = [{"SecurityGroupRuleId": {"rule": (group, content)}, "SecurityGroupRule": new}]
    return pair.call("modify_security_group_rules", GroupId={"group": group}, SecurityGroupRules=rules)


def test_a_modified_rule(pair):
    authorize(pair, permission(ipv4=[("192.0.2.0/24", "office")]))
    content = ingress("tcp", 22, 22, "192.0.2.0/24", "office")
    new = {"IpProtocol": "udp", "FromPort": 1, "ToPort": 2, "CidrIpv4": ANYWHERE}
    assert modify(pair, content, **new, Description="wider")[0] == "ok"
    assert ingress("udp", 1, 2, ANYWHERE, "wider") in pair.same_rules("web")
    assert modify(pair, ingress("udp", 1, 2, ANYWHERE, "wider"), **new)[0] == "ok"
    assert ingress("udp", 1, 2, ANYWHERE, "wider") in pair.same_rules("web"), "no description leaves the old one"


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ({"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1}, "MissingParameter"),
        ({"FromPort": 1, "ToPort": 1, "CidrIpv4": ANYWHERE}, "InvalidParameterValue"),
        ({"IpProtocol": "tcp", "CidrIpv4": ANYWHERE}, "InvalidParameterValue"),
        (
            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "CidrIpv4": ANYWHERE, "CidrIpv6": "::/0"},
            "InvalidParameterCombination",
        ),
    ],
)
def test_what_a_rule_cannot_be_modified_to(pair, new, code):
    authorize(pair, permission(ipv4=["192.0.2.0/24"]))
    assert modify(pair, ingress("tcp", 22, 22, "192.0.2.0/24"), **new) == ("error", code)
    assert ingress("tcp", 22, 22, "192.0.2.0/24") in pair.same_rules("web")


def test_unknown_groups_and_rules(pair):
    nowhere = "sg-0123456789abcdef0"
    ssh = permission(ipv4=[ANYWHERE])
    assert authorize(pair, ssh, group=nowhere) == ("error", "InvalidGroup.NotFound")
    assert revoke(pair, ssh, group=nowhere) == ("error", "InvalidGroup.NotFound")
    assert pair.call("delete_security_group", GroupId=nowhere) == ("error", "InvalidGroup.NotFound")
    assert pair.call("describe_security_groups", GroupIds=[nowhere]) == ("error", "InvalidGroup.NotFound")
    assert authorize(pair, permission(groups=[nowhere])) == ("error", "InvalidGroup.NotFound")
    unknown = {"SecurityGroupRuleIds": ["sgr-0123456789abcdef0"]}
    assert pair.call("describe_security_group_rules", **unknown) == ("error", "InvalidSecurityGroupRuleId.NotFound")
    filters = [{"Name": "group-id", "Values": [nowhere]}]
    assert pair.call("describe_security_group_rules", Filters=filters) == ("ok", []), "a filter only filters"


@pytest.mark.parametrize("cidr", ["192.0.2.0/33", "192.0.2.0/x", "nowhere", "300.0.0.0/8"])
def test_what_is_no_cidr(pair, cidr):
    assert authorize(pair, permission(ipv4=[cidr])) == ("error", "InvalidParameterValue")
    assert pair.same_rules("web") == [WAY_OUT]


def test_a_dry_run(pair):
    assert authorize(pair, permission(ipv4=[ANYWHERE]), DryRun=True) == ("error", "DryRunOperation")
    assert revoke(pair, permission(ipv4=[ANYWHERE]), DryRun=True) == ("error", "DryRunOperation")
    assert pair.same_rules("web") == [WAY_OUT]


def test_groups_are_made_and_deleted(pair):
    for name, code in [("web", "InvalidGroup.Duplicate"), ("default", "InvalidGroup.Duplicate")]:
        again = {"GroupName": name, "Description": "again", "VpcId": {"group": "vpc"}}
        assert pair.call("create_security_group", **again) == ("error", code)
    assert pair.call("delete_security_group", GroupId=WEB)[0] == "ok"
    assert pair.call("delete_security_group", GroupId=WEB) == ("error", "InvalidGroup.NotFound")


def open_then(*then, opened=()):
    """A story for both sides: open, then make one call; its result, and the rules of the group after it."""

    def story(pair):
        if opened:
            pair.each("authorize_security_group_ingress", GroupId=WEB, IpPermissions=list(opened))
        operation, parameters = then
        results = pair.each(operation, **parameters)
        outcomes = [answer if kind == "error" else "ok" for kind, answer in results]
        rules = [{rule[:5] for rule in side.rules("web") if not rule[0]} for side in (pair.ours, pair.moto)]
        return list(zip(outcomes, rules))

    return story


def authorizing(*permissions, group=WEB):
    return "authorize_security_group_ingress", {"GroupId": group, "IpPermissions": list(permissions)}


def revoking(*permissions):
    return "revoke_security_group_ingress", {"GroupId": WEB, "IpPermissions": list(permissions)}


def short(protocol, low, high, source):
    return (False, protocol, low, high, source)


SSH_ANYWHERE = short("tcp", 22, 22, ANYWHERE)
NET, OTHER_NET = "192.0.2.0/24", "198.51.100.0/24"

# Where moto is not EC2: why, a story, and how it ends with us and with moto.
GAPS = [
    (
        "moto keeps host bits of IPv4; EC2 clears them",
        open_then(*authorizing(permission(ipv4=["100.68.0.18/18"]))),
        ("ok", {short("tcp", 22, 22, "100.68.0.0/18")}),
        ("ok", {short("tcp", 22, 22, "100.68.0.18/18")}),
    ),
    (
        "moto keeps the spelling of IPv6; EC2 stores the shortest, without host bits",
        open_then(*authorizing(permission(ipv6=["2001:DB8:0:0::5/64"]))),
        ("ok", {short("tcp", 22, 22, "2001:db8::/64")}),
        ("ok", {short("tcp", 22, 22, "2001:DB8:0:0::5/64")}),
    ),
    (
        "moto gives numeric protocols ports; in EC2 they have none",
        open_then(*authorizing(permission("50", 7, 8, ipv4=[NET]))),
        ("ok", {short("50", -1, -1, NET)}),
        ("ok", {short("50", 7, 8, NET)}),
    ),
    (
        "moto does not know 58 as icmpv6",
        open_then(*authorizing(permission("58", -1, -1, ipv6=["::/0"]))),
        ("ok", {short("icmpv6", -1, -1, "::/0")}),
        ("ok", {short("58", -1, -1, "::/0")}),
    ),
    (
        "moto opens what comes before a duplicate; EC2 refuses the whole call",
        open_then(*authorizing(permission(ipv4=[NET, ANYWHERE])), opened=[permission(ipv4=[ANYWHERE])]),
        ("InvalidPermission.Duplicate", {SSH_ANYWHERE}),
        ("InvalidPermission.Duplicate", {SSH_ANYWHERE, short("tcp", 22, 22, NET)}),
    ),
    (
        "moto removes the permissions before one that is missing; EC2 removes nothing",
        open_then(
            *revoking(permission(ipv4=[ANYWHERE]), permission(ipv4=[NET])), opened=[permission(ipv4=[ANYWHERE])]
        ),
        ("InvalidPermission.NotFound", {SSH_ANYWHERE}),
        ("InvalidPermission.NotFound", set()),
    ),
    (
        "moto takes any ports",
        open_then(*authorizing(permission("tcp", 23, 70_000, ipv4=[NET]))),
        ("InvalidParameterValue", set()),
        ("ok", {short("tcp", 23, 70_000, NET)}),
    ),
    (
        "moto takes any protocol",
        open_then(*authorizing(permission("quic", 1, 1, ipv4=[NET]))),
        ("InvalidParameterValue", set()),
        ("ok", {short("quic", 1, 1, NET)}),
    ),
    (
        "moto takes any description",
        open_then(*authorizing(permission(ipv4=[(NET, "<!channel>")]))),
        ("InvalidParameterValue", set()),
        ("ok", {short("tcp", 22, 22, NET)}),
    ),
    (
        "moto calls a rule id that is not there a permission that is not there",
        open_then("revoke_security_group_ingress", {"GroupId": WEB, "SecurityGroupRuleIds": ["sgr-0123456789abcdef0"]}),
        ("InvalidSecurityGroupRuleId.NotFound", set()),
        ("InvalidPermission.NotFound", set()),
    ),
    (
        "moto accepts a revoke that names nothing",
        open_then("revoke_security_group_ingress", {"GroupId": WEB}),
        ("MissingParameter", set()),
        ("ok", set()),
    ),
]


@pytest.mark.parametrize(("why", "story", "ours", "motos"), GAPS, ids=[gap[0] for gap in GAPS])
def test_known_gaps_of_moto(pair, why, story, ours, motos):
    assert story(pair) == [ours, motos], why


def test_in_the_default_vpc_a_miss_is_told_and_moto_fails_instead(servers):
    pair = servers()
    pair.make_group("in-default")
    group = {"group": "in-default"}
    pair.each("authorize_security_group_ingress", GroupId=group, IpPermissions=[permission(ipv4=[ANYWHERE])])
    both = [permission(ipv4=[ANYWHERE, NET])]
    ours, moto = pair.each("revoke_security_group_ingress", GroupId=group, IpPermissions=both)
    assert moto == ("error", "InvalidPermission.NotFound")
    kind, answer = ours
    assert kind == "ok"
    assert [unknown["IpRanges"] for unknown in answer["UnknownIpPermissions"]] == [[{"CidrIp": NET}]]
    assert [rule["CidrIpv4"] for rule in answer["RevokedSecurityGroupRules"]] == [ANYWHERE]
    assert sorted(pair.ours.rules("in-default")) == [WAY_OUT]


def test_descriptions_of_groups_and_lists_which_moto_drops(pair):
    described = permission(lists=[("pl-0123abcd", "a list")], groups=[(DB, "a group")])
    pair.each("authorize_security_group_ingress", GroupId=WEB, IpPermissions=[described])
    assert {rule[5] for rule in pair.ours.rules("web")} == {"a list", "a group", ""}
    assert {rule[5] for rule in pair.moto.rules("web")} == {""}


def test_pages_which_moto_does_not_have(pair):
    many = permission(ipv4=[f"10.0.{n}.0/24" for n in range(12)])
    authorize(pair, many)
    filters = [{"Name": "group-id", "Values": [WEB]}]
    ours, moto = pair.each("describe_security_group_rules", Filters=filters, MaxResults=5)
    assert len(ours[1]["SecurityGroupRules"]) == 5 and len(moto[1]["SecurityGroupRules"]) == 13
    paginator = pair.ours.ec2.get_paginator("describe_security_group_rules")
    pages = paginator.paginate(Filters=pair.ours.fill(filters), PaginationConfig={"PageSize": 5})
    assert [len(page["SecurityGroupRules"]) for page in pages] == [5, 5, 3]


class Monkey:
    """Random calls that keep clear of the gaps: one source in an opening, one permission in a revoke."""

    CIDRS = [ANYWHERE, "10.0.0.0/8", "192.0.2.0/24", "198.51.100.7/32"]
    CIDRS_V6 = ["::/0", "2001:db8::/32"]
    PROTOCOLS = ["tcp", "udp", "icmp", "-1", "6", "17"]

    def __init__(self, pair, seed):
        self.pair, self.random = pair, random.Random(seed)

    def source(self):
        match self.random.randrange(6):
            case 0:
                return {"ipv6": [self.random.choice(self.CIDRS_V6)]}
            case 1:
                return {"lists": [self.random.choice(["pl-0123abcd", "pl-4567cdef"])]}
            case 2:
                return {"groups": [self.random.choice([WEB, DB])]}
            case _:
                description = self.random.choice([None, "one", "two"])
                return {"ipv4": [(self.random.choice(self.CIDRS), description)]}

    def permission(self, **more):
        low, high = self.random.choice([(22, 22), (0, 255), (80, 81)])
        return permission(self.random.choice(self.PROTOCOLS), low, high, **(self.source() | more))

    def step(self):
        name = self.random.choice(["web", "db"])
        group = {"group": name}
        match self.random.randrange(10):
            case 0 | 1 | 2 | 3:
                return authorize(self.pair, self.permission(), group=group)
            case 4:
                flat = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": self.random.choice(self.CIDRS)}
                operation = self.random.choice(["authorize_security_group_ingress", "revoke_security_group_ingress"])
                return self.pair.call(operation, GroupId=group, **flat)
            case 5:
                return revoke(self.pair, self.permission(), group=group)
            case 6:
                cidrs = self.random.sample(self.CIDRS, 2)
                return revoke(self.pair, permission(ipv4=cidrs), group=group)
            case 7 | 8:
                return self.revoke_known(name)
            case _:
                return self.modify_known(name)

    def known(self, name):
        return [rule for rule in self.pair.same_rules(name) if not rule[0]]

    def revoke_known(self, name):
        rules = self.known(name)
        if not rules:
            return "ok", None
        rule = {"rule": (name, self.random.choice(rules))}
        operation = "revoke_security_group_ingress"
        return self.pair.call(operation, GroupId={"group": name}, SecurityGroupRuleIds=[rule])

    def modify_known(self, name):
        """Gives an IPv4 rule ports that no other has, because moto lets two rules become the same."""
        rules = [rule for rule in self.known(name) if "/" in rule[4] and ":" not in rule[4]]
        if not rules:
            return "ok", None
        port = self.random.randrange(1_000, 60_000)
        new = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIpv4": self.random.choice(self.CIDRS)}
        return modify(self.pair, self.random.choice(rules), group=name, **new)


def test_two_hundred_random_calls(pair):
    monkey = Monkey(pair, seed=20261120)
    results = []
    for _ in range(200):
        kind, answer = monkey.step()
        results.append(answer if kind == "error" else kind)
        pair.same_rules("web")
        pair.same_rules("db")
    assert {"ok", "InvalidPermission.Duplicate", "InvalidPermission.NotFound"} <= set(results)


def assume(side, role, name="a-session", **more):
    try:
        return side.sts.assume_role(RoleArn=role, RoleSessionName=name, **more)
    except ClientError as error:
        return error.response["Error"]["Code"]


def test_a_session_of_a_role(servers, stand_in):
    pair = servers()
    sides = []
    for side in (pair.ours, pair.moto):
        answer = assume(side, stand_in["aws_role"], DurationSeconds=900)
        keys = answer["Credentials"]
        as_role = client("sts", side.sts_url, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        who = as_role.get_caller_identity()
        role_id, session = answer["AssumedRoleUser"]["AssumedRoleId"].split(":")
        assert role_id.startswith("AROA")
        if side is pair.ours:  # moto makes up a new id for a role that it does not have
            assert who["UserId"] == f"{role_id}:{session}"
        assert keys["AccessKeyId"].startswith("ASIA")
        sides.append((answer["AssumedRoleUser"]["Arn"], who["Arn"], who["Account"], session))
    assert sides[0] == sides[1]
    assert sides[0][0] == "arn:aws:sts::123456789012:assumed-role/spoke-001/a-session"


def test_the_callers_account(servers, stand_in):
    pair = servers()
    accounts = [side.sts.get_caller_identity()["Account"] for side in (pair.ours, pair.moto)]
    assert accounts == [stand_in["aws_account"]] * 2


def test_a_session_name_that_is_too_long(servers, stand_in):
    pair = servers()
    codes = [assume(side, stand_in["aws_role"], name="x" * 65) for side in (pair.ours, pair.moto)]
    assert codes == ["ValidationError"] * 2


def test_a_role_that_is_not_there_which_moto_lets_everybody_assume(servers):
    pair = servers()
    role = "arn:aws:iam::123456789012:role/nobody"
    assert assume(pair.ours, role) == "AccessDenied"
    assert assume(pair.moto, role)["AssumedRoleUser"]["Arn"].endswith(":assumed-role/nobody/a-session")
