"""Where messages may go: to the world, by https; inside only where the settings say so, whatever a name says it is."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from api.feed.targets import LONGEST_URL, Allowed, Forbidden, addresses, may_reach, networks, target
from gis.errors import ParameterError

UNSPECIFIED = str(ip_address(0))
STRICT = Allowed()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", UNSPECIFIED, "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "100.100.100.200", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1",
        "203.0.113.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "::127.0.0.1", "::10.0.0.1", "fe80::1", "fe80::1%2", "fc00::1", "fd00:ec2::254", "fec0::1",
        "ff02::1", "ff0e::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe", "100::1",
    ],
)  # fmt: skip
def test_nothing_is_sent_inside(address) -> None:
    """Loopback, private, shared, link-local, reserved and multicast addresses are refused, however they are wrapped."""
    assert not may_reach(ip_address(address), STRICT)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "223.5.5.5", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2400:3200::1", "64:ff9b::808:808"]
)
def test_the_world_is_reached(address) -> None:
    """Addresses of the world are sent to, also those that a translator stands for."""
    assert may_reach(ip_address(address), STRICT)


def test_networks_that_are_named_are_reached_and_no_others() -> None:
    """What the settings name is sent to, by its own and by its wrapped address; what lies beside it is not."""
    own = Allowed(networks=networks(("10.20.0.0/16", "fd12::/16", "::1/128")))
    for address in ("10.20.3.4", "::ffff:10.20.3.4", "fd12::1", "::1"):
        assert may_reach(ip_address(address), own)
    for address in ("10.21.0.1", "127.0.0.1", "fd13::1", "0.0.0.1"):
        assert not may_reach(ip_address(address), own)
    with pytest.raises(ValueError, match="host bits"):
        networks(("10.20.0.1/16",))


@pytest.mark.parametrize(
    ("url", "plain", "parts"),
    [
        ("https://hook.example/a?b=c", False, ("https", "hook.example", 443, "/a?b=c", "hook.example")),
        ("https://Hook.Example:8443", False, ("https", "hook.example", 8443, "/", "hook.example:8443")),
        ("http://[2400:3200::1]:81/x", True, ("http", "2400:3200::1", 81, "/x", "[2400:3200::1]:81")),
    ],
)
def test_an_address_is_taken_apart(url, plain, parts) -> None:
    """Scheme, host, port and path are what the address says, and the header Host too."""
    made = target(url, Allowed(plain=plain))
    assert (made.scheme, made.host, made.port, made.path, made.authority) == parts


@pytest.mark.parametrize(
    "url",
    [
        "http://hook.example/", "ftp://hook.example/", "file:///etc/passwd", "//hook.example/", "hook.example", "", "https://",
        "https:///x", "https://u:p@hook.example/", "https://u@hook.example/", "https://hook.example/#x", "https://hook.example:0/",
        "https://hook.example:99999/", "https://hook.example:x/", "https://hook.example/a b", "https://hook.example/\r\nX: y",
        "https://hook.example\\@127.0.0.1/", "https://网格.example/", "https://hook.example/ü", "https://[::1", "https://[fe80::1%25lo]/",
        "https://hook.example/" + "x" * LONGEST_URL,
    ],
)  # fmt: skip
def test_what_is_no_address_for_messages_is_refused(url) -> None:
    """Other schemes, passwords, fragments, what could end a line, and what browsers and servers read differently."""
    with pytest.raises(ParameterError) as refused:
        target(url, STRICT)
    assert (refused.value.parameter, refused.value.code) == ("url", "target-invalid")


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]", "127.0.0.1"])
def test_what_means_this_machine_is_refused_however_it_is_written(host) -> None:
    """It is the address that a name is resolved to that counts, by the very resolver that the message goes by."""
    with pytest.raises(Forbidden):
        addresses(target(f"https://{host}/", STRICT), STRICT)


def test_one_bad_address_among_good_ones_is_enough() -> None:
    """A name that stands for an address inside is refused, whatever else it stands for."""
    where = target("https://hook.example/", STRICT)
    assert addresses(where, STRICT, lambda *_: ["8.8.8.8", "2400:3200::1"]) == ["8.8.8.8", "2400:3200::1"]
    with pytest.raises(Forbidden):
        addresses(where, STRICT, lambda *_: ["8.8.8.8", "10.0.0.1"])
