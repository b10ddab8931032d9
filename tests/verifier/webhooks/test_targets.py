"""Where webhooks may go."""

from __future__ import annotations

import threading

import pytest

from verifier.webhooks.targets import (
    RefusedTargetError,
    Target,
    find_addresses,
    is_public,
    read_target,
)

PUBLIC = "8.8.8.8 1.1.1.1 ::ffff:8.8.8.8 64:ff9b::808:808 2606:4700:4700::1111"
INSIDE = """
    127.0.0.1 127.8.9.1 0.0.0.0 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1
    100.100.100.200 168.63.129.16 192.0.0.8 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
    239.255.255.250 240.0.0.1 255.255.255.255 192.88.99.1
    ::1 :: ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:a00:1 ::7f00:1 fe80::1 fe80::1%eth0
    fc00::1 fd00:ec2::254 fec0::1 ff02::1 64:ff9b::7f00:1 64:ff9b:1::a00:1 2002:7f00:1::
    2001::1 2001:db8::1
"""


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public_addresses_are_taken(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", INSIDE.split())
def test_addresses_that_lead_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "https://hooks.example.org/a?b=c",
        "https://hooks.example.org:8443/",
        "HTTPS://EXAMPLE.ORG",
        "https://[2606:4700:4700::1111]/",
    ],
)
def test_web_addresses_by_https_are_taken(address: str) -> None:
    assert not read_target(address).is_internal


@pytest.mark.parametrize(
    "address",
    [
        "",
        "example.org/hook",
        "ftp://example.org/",
        "file:///etc/passwd",
        "http://example.org/",
        "https:///hook",
        "https://user:secret@example.org/",
        "https://example.org/#part",
        "https://example.org:22/",
        "https://example.org:99999/",
        "https://example.org:0x50/",
        "https://127.0.0.1/",
        "https://127.0.0.1./",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://exämple.org/",
        "https://example.org/\r\nX-Evil: 1",
        "https://example.org/a b",
        "https://[::1",
        "https://example.org/" + "a" * 500,
    ],
)
def test_other_addresses_are_refused_with_a_sentence(address: str) -> None:
    with pytest.raises(RefusedTargetError) as refused:
        read_target(address)
    assert str(refused.value).endswith(".")


def test_allowed_hosts_may_have_any_address_and_plain_http() -> None:
    assert read_target("http://ci.internal/", ["ci.internal"]) == Target("ci.internal", 80, True)
    assert read_target("http://ci.internal:81/", ["ci.internal:81"]).is_internal
    for address in ("http://ci.internal:82/", "http://ci.internal.evil.org/"):
        with pytest.raises(RefusedTargetError):
            read_target(address, ["ci.internal:81"])


@pytest.mark.parametrize("name", ["localhost", "127.1", "2130706433", "0x7f.1", "0177.0.0.1"])
def test_names_and_numbers_that_the_system_takes_for_this_machine_are_refused(name: str) -> None:
    with pytest.raises(RefusedTargetError):
        find_addresses(Target(name, 443, False), 5)


def test_one_address_inside_refuses_the_name() -> None:
    target = Target("both.example.org", 443, False)
    with pytest.raises(RefusedTargetError, match="open internet"):
        find_addresses(target, 5, lambda host, port: ["8.8.8.8", "10.0.0.1"])
    assert find_addresses(target, 5, lambda host, port: ["8.8.8.8"] * 2) == ["8.8.8.8"]


def test_slow_name_servers_are_not_waited_for() -> None:
    over, answered = threading.Event(), threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        over.wait(60)
        answered.set()
        return ["8.8.8.8"]

    with pytest.raises(RefusedTargetError, match="in time"):
        find_addresses(Target("slow.example.org", 443, False), 0.1, resolve)
    assert not answered.is_set()
    over.set()
