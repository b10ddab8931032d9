"""Every module of the product is in a layer, and the README draws the layers that are checked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

BASE = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((BASE / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
LAYERS = [contract for contract in CONTRACTS if contract["type"] == "layers"]
_ROOTS = {"kfmap", "verifier"}
_ROOMS_OF_ROOMS = {"kfmap.web", "verifier.engine"}  # the second contract orders their rooms


def modules() -> set[str]:
    """Return the names of all modules, migrations left out."""
    files = [path for root in _ROOTS for path in (BASE / root).rglob("*.py")]
    names = {
        ".".join(path.relative_to(BASE).with_suffix("").parts).removesuffix(".__init__")
        for path in files
    }
    return {name for name in names if ".migrations" not in name}


def items(line: str) -> list[str]:
    return re.split(r"\s*[:|]\s*", line)


@pytest.mark.parametrize("contract", LAYERS, ids=lambda contract: contract["name"])
def test_every_module_is_in_a_layer(contract: dict[str, list[str]]) -> None:
    layers = {item for line in contract["layers"] for item in items(line)}
    left_out = {
        module
        for module in modules() - _ROOTS - _ROOMS_OF_ROOMS
        if not any(f"{module}.".startswith(f"{layer}.") for layer in layers)
    }
    assert not left_out


def test_readme_draws_the_layers_of_the_contract() -> None:
    (drawing,) = re.findall(r"```\n(entry .*?)```", (BASE / "README.md").read_text(), re.S)
    drawn = [_drawn(line) for line in drawing.splitlines()]
    assert drawn == [set(items(line)) for line in LAYERS[0]["layers"]]


def _drawn(line: str) -> set[str]:
    """Return the modules on a line, with kfmap.{a, b} written out."""
    found: set[str] = set()
    for root, inside, single in re.findall(r"(kfmap|verifier)\.(?:\{(.*?)\}|(\w+))", line):
        found |= {f"{root}.{name.strip()}" for name in (inside or single).split(",")}
    return found
