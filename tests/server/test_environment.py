"""Templates of addresses in the environment."""

from __future__ import annotations

import pytest

from kfmap.server.environment import Environment

DEFAULT = {"elixir": "https://elixir.bootlin.com/linux/v{version}/source/{file}#L{line}"}
FIELDS = ("version", "file", "line")


def read(value: str, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, str], int]:
    """Return what the variable gives, and how many problems were found."""
    monkeypatch.setenv("KFMAP_SOURCE_LINKS", value)
    env = Environment()
    return env.addresses("KFMAP_SOURCE_LINKS", DEFAULT, FIELDS), len(env.problems)


def test_addresses_are_named_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    two = "a=https://a.example/{version}/{file}#{line}, b=http://b.example/?q={file}"
    found = {"a": "https://a.example/{version}/{file}#{line}", "b": "http://b.example/?q={file}"}
    assert read(two, monkeypatch) == (found, 0)
    assert read("", monkeypatch) == (DEFAULT, 0)


@pytest.mark.parametrize(
    "wrong",
    ["https://a.example/{line}", "a=ftp://a.example", "a=https://x/{column}", "a=https://{", "=x"],
)
def test_what_is_no_address_is_a_problem_and_not_used(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read(wrong, monkeypatch) == (DEFAULT, 1)
