"""A scratch apt: packages of other Debian releases, fetched without touching the machine's own apt.

The addresses come from the machine's apt sources, so a mirror or a proxy set there serves here too.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kfmap.catalogue.bundling.recipes import ARCHITECTURES, SOURCE_PACKAGE, Package

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_KINDS = ("deb", "deb-src")
_APT_HELPER = "/usr/lib/apt/apt-helper"
_FIELD = re.compile(r"^(?P<field>Package|Version): (?P<value>\S+)$", re.M)
_OFFER = re.compile(r"^'(?P<address>[^']+)' (?P<file>[^/\s]+) \d+ (?P<hash>\w+:[0-9a-f]+)$", re.M)


class BundleError(RuntimeError):
    """A bundled kernel cannot be made: says which part is missing and what to do."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A file the archive has, with the hash its signed index gives for it."""

    address: str
    file: str
    hash: str


class Archive:
    """Packages of the suites, kept under `work`: what is there is not fetched again."""

    def __init__(self, work: Path, suites: Sequence[str]) -> None:
        self._apt = work / "apt"
        self._files = work / "deb"
        self._suites = suites
        self._is_updated = False

    def fetch(self, package: Package) -> Path:
        """Return the package's file: the .deb, or the upstream tarball of a source package."""
        for kept in self._files.glob(_file_pattern(package)):
            return kept
        self._files.mkdir(parents=True, exist_ok=True)
        return self._download(self._find(package))

    def read_index(self) -> dict[str, set[str]]:
        """Return the kernel packages that the suites have now: their names by Debian's version.

        Raises BundleError where the package lists cannot be had.
        """
        self._update()
        found: dict[str, set[str]] = {}
        failure = "the package lists could not be read"
        targets = ["apt-get", "indextargets", "--format", "$(FILENAME)"]
        for kind in ("Packages", "Sources"):
            for file in self._run([*targets, f"Created-By: {kind}"], failure).splitlines():
                for package in parse_index(self._run([_APT_HELPER, "cat-file", file], failure)):
                    found.setdefault(package.version, set()).add(package.name)
        return found

    def _find(self, package: Package) -> Offer:
        self._update()
        asked = str(package)
        if package.name == SOURCE_PACKAGE:
            command = ["apt-get", "source", "--download-only", "--print-uris", asked]
        else:
            command = ["apt-get", "download", "--print-uris", asked]
        for offer in parse_offers(self._run(command, f"{asked} is not in the archive any more")):
            if package.name != SOURCE_PACKAGE or ".orig.tar" in offer.file:
                return offer
        raise BundleError(f"the archive offers no file for {asked}")

    def _download(self, offer: Offer) -> Path:
        partial = self._files / f"{offer.file}.partial"
        command = [_APT_HELPER, "download-file", offer.address, str(partial), offer.hash]
        self._run(command, f"{offer.file} could not be fetched")
        return partial.rename(self._files / offer.file)

    def _update(self) -> None:
        if self._is_updated:
            return
        for folder in ("etc", "lists/partial", "cache/archives/partial"):
            (self._apt / folder).mkdir(parents=True, exist_ok=True)
        command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)"]
        machine = subprocess.run(command, capture_output=True, text=True, check=True)
        codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
        sources = render_sources(machine.stdout, codename, self._suites)
        (self._apt / "etc/sources.list").write_text(sources)
        (self._apt / "apt.conf").write_text(render_configuration(self._apt))
        self._run(["apt-get", "update", "--quiet"], "the package lists could not be fetched")
        self._is_updated = True

    def _run(self, command: list[str], failure: str) -> str:
        ran = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "APT_CONFIG": str(self._apt / "apt.conf"), "LC_ALL": "C.UTF-8"},
        )
        if ran.returncode:
            reason = ran.stderr.strip().splitlines() or ["no reason given"]
            raise BundleError(f"{failure} ({reason[-1]}); put the file into {self._files} by hand")
        return ran.stdout


def parse_offers(text: str) -> list[Offer]:
    """Read the lines of `apt-get --print-uris`."""
    return [Offer(m["address"], m["file"], m["hash"]) for m in _OFFER.finditer(text)]


def parse_index(text: str) -> Iterator[Package]:
    """Return the kernel's packages of a Packages or Sources file: `linux` and `linux-…`.

    A package that goes by another architecture's file has no architecture here: its name tells.
    """
    name = ""
    for match in _FIELD.finditer(text):
        if match["field"] == "Package":
            name = match["value"]
        elif name == SOURCE_PACKAGE or name.startswith(f"{SOURCE_PACKAGE}-"):
            yield Package(name, match["value"])


def render_sources(targets: str, codename: str, suites: Iterable[str]) -> str:
    """Return the sources.list for `suites`.

    `targets` has a line `address release` for each index of the machine, which runs `codename`.
    Raises BundleError where the machine has no apt source for such a suite.
    """
    served = {release: address for address, release in map(str.split, targets.splitlines())}
    lines = []
    for suite in suites:
        like = f"{codename}-security" if suite.endswith("-security") else codename
        if like not in served:
            raise BundleError(
                f"the machine's apt sources have no Debian suite {like}: "
                f"its address is needed for {suite}"
            )
        lines += [f"{kind} [signed-by={_KEYRING}] {served[like]} {suite} main" for kind in _KINDS]
    return "\n".join(lines) + "\n"


def render_configuration(apt: Path) -> str:
    """Return the apt.conf that keeps everything of apt under the folder `apt`.

    It knows the packages of all architectures whose kernels are bundled.
    """
    architectures = "".join(f'"{name}"; ' for name in ARCHITECTURES)
    return f"APT::Architectures {{ {architectures}}};\n" + "".join(
        f'{key} "{value}";\n'
        for key, value in (
            ("Dir::Etc::sourcelist", apt / "etc/sources.list"),
            ("Dir::Etc::sourceparts", "/dev/null"),
            ("Dir::State::lists", apt / "lists"),
            ("Dir::Cache", apt / "cache"),
            ("APT::Sandbox::User", "root"),  # apt's own user may not enter the work folder
        )
    )


def _file_pattern(package: Package) -> str:
    if package.name == SOURCE_PACKAGE:
        return f"{SOURCE_PACKAGE}_{package.upstream}.orig.tar.xz"
    return f"{package.name}_{package.version or '*'}_{package.architecture or '*'}.deb"
