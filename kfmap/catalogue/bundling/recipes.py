"""What each bundled kernel is made of: Debian packages, by exact version.

Where Debian's configuration for a release is not to be had, the neighbour's takes its place: it
gave the answers of the booted kernel for every cell.
"""

from __future__ import annotations

from dataclasses import dataclass

SUITES = ("bookworm", "bookworm-security", "trixie", "trixie-security", "trixie-backports")
ARCHITECTURES = ("amd64", "arm64")  # Debian's names
SOURCE_PACKAGE = "linux"


@dataclass(frozen=True, slots=True)
class Package:
    """A Debian package of one version, or the newest where that is empty.

    `linux` itself stands for the source package's tarball. `architecture` is Debian's name, "" for
    that of the machine.
    """

    name: str
    version: str
    architecture: str = ""

    @property
    def upstream(self) -> str:
        """Return the kernel's own version: 6.18.15 of 6.18.15-1~bpo13+1."""
        return self.version.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Modules:
    """A package with modules, and the one with the image that their split BTF goes with."""

    package: Package
    image: Package


@dataclass(frozen=True, slots=True)
class Recipe:
    """The parts of a bundled kernel; without `config` every option counts as on.

    `image` has the vmlinuz that the BTF is taken from: none where nobody built such a kernel.
    Without `source`, which Debian drops after a while, the verdicts are what the image answers.
    `modules` has the modules, whose functions' names are kept; a neighbour's where its own are not
    to be had any more. `like` is the kernel that nearly everything is shared with: see
    `shared_kernels`.
    """

    name: str
    label: str
    source: Package | None
    config: Package | None = None
    image: Package | None = None
    modules: Modules | None = None
    like: str = ""


_IMAGE_6_1 = Package("linux-image-6.1.0-56-amd64", "6.1.192-2")
_IMAGE_6_12 = Package("linux-image-6.12.107+deb13-amd64", "6.12.107-1")
_IMAGE_6_16 = Package("linux-image-6.16.12+deb13-amd64", "6.16.12-1~bpo13+1")
_IMAGE_6_17 = Package("linux-image-6.17.8+deb13-amd64", "6.17.8-1~bpo13+1")
_IMAGE_6_18 = Package("linux-image-6.18.15+deb13-amd64", "6.18.15-1~bpo13+1")
_IMAGE_7_2 = Package("linux-binary-7.2.12+deb13-amd64", "7.2.12-1~bpo13+1")
_IMAGE_7_3 = Package("linux-binary-7.3.4+deb13-amd64", "7.3.4-1~bpo13+1")
_MODULES_7_2 = Modules(Package("linux-modules-7.2.12+deb13-amd64", "7.2.12-1~bpo13+1"), _IMAGE_7_2)
_MODULES_7_3 = Modules(Package("linux-modules-7.3.4+deb13-amd64", "7.3.4-1~bpo13+1"), _IMAGE_7_3)
_BASE_7_2 = Package("linux-base-7.2.12+deb13-amd64", "7.2.12-1~bpo13+1")
_BASE_7_3 = Package("linux-base-7.3.4+deb13-amd64", "7.3.4-1~bpo13+1")
_IMAGE_6_12_118 = Package("linux-image-6.12.118+deb13-amd64", "6.12.118-1")
_IMAGE_6_12_ARM64 = Package("linux-image-6.12.107+deb13-arm64", "6.12.107-1", "arm64")
_SOURCE_6_12 = Package("linux-source-6.12", "6.12.107-1")
_SOURCE_7_3 = Package("linux-source-7.3", "7.3.4-1~bpo13+1")


def _flavour_of_7_3(flavour: str, label: str, architecture: str = "") -> Recipe:
    """Return a recipe of the same source, built with another configuration."""
    built = f"7.3.4+deb13-{flavour}"
    base, image, modules = (
        Package(f"linux-{part}-{built}", "7.3.4-1~bpo13+1", architecture)
        for part in ("base", "binary", "modules")
    )
    return Recipe(
        name=f"7.3-{label}",
        label=f"Debian {image.name}",
        source=_SOURCE_7_3,
        config=base,
        image=image,
        modules=Modules(modules, image),
        like="7.3",
    )


RECIPES = (
    Recipe(
        name="6.1",
        label="Debian linux-image-6.1.0-56-amd64",
        source=Package("linux-source-6.1", "6.1.192-2"),
        config=_IMAGE_6_1,
        image=_IMAGE_6_1,
        modules=Modules(_IMAGE_6_1, _IMAGE_6_1),
    ),
    Recipe(
        name="6.12",
        label="Debian linux-image-6.12.107+deb13-amd64",
        source=_SOURCE_6_12,
        config=_IMAGE_6_12,
        image=_IMAGE_6_12,
        modules=Modules(_IMAGE_6_12, _IMAGE_6_12),
    ),
    Recipe(
        name="6.12-arm64",
        label=f"Debian {_IMAGE_6_12_ARM64.name}",
        source=_SOURCE_6_12,
        config=_IMAGE_6_12_ARM64,
        image=_IMAGE_6_12_ARM64,
        modules=Modules(_IMAGE_6_12_ARM64, _IMAGE_6_12_ARM64),
        like="6.12",
    ),
    Recipe(
        name="6.12.118",
        label=f"Debian {_IMAGE_6_12_118.name}",
        source=Package("linux-source-6.12", "6.12.118-1"),
        config=_IMAGE_6_12_118,
        image=_IMAGE_6_12_118,
        modules=Modules(_IMAGE_6_12_118, _IMAGE_6_12_118),
        like="6.12",
    ),
    Recipe(
        name="6.12-all",
        label="Debian linux-source-6.12 6.12.107, every option on (nobody ships this)",
        source=_SOURCE_6_12,
        like="6.12",
    ),
    Recipe(
        name="6.16",
        label="Debian linux-image-6.16.12+deb13-amd64, as the booted kernel answers",
        source=None,
        image=_IMAGE_6_16,
        modules=Modules(_IMAGE_6_16, _IMAGE_6_16),
        like="6.17",
    ),
    Recipe(
        name="6.17",
        label="Debian linux-image-6.17.8+deb13-amd64",
        source=Package(SOURCE_PACKAGE, "6.17.8-1~bpo13+1"),
        config=_IMAGE_6_17,
        image=_IMAGE_6_17,
        modules=Modules(_IMAGE_6_17, _IMAGE_6_17),
    ),
    Recipe(
        name="6.18",
        label="Debian linux-image-6.18.15+deb13-amd64",
        source=Package(SOURCE_PACKAGE, "6.18.15-1~bpo13+1"),
        config=_IMAGE_6_18,
        image=_IMAGE_6_18,
        modules=Modules(_IMAGE_6_18, _IMAGE_6_18),
    ),
    Recipe(
        name="6.19",
        label="Debian linux-binary-6.19.6+deb13-amd64, read with the configuration of 6.18.15",
        source=Package(SOURCE_PACKAGE, "6.19.6-2~bpo13+1"),
        config=_IMAGE_6_18,
        image=Package("linux-binary-6.19.6+deb13-amd64", "6.19.6-2~bpo13+1"),
        modules=Modules(_IMAGE_6_18, _IMAGE_6_18),
        like="6.18",
    ),
    Recipe(
        name="7.0",
        label="Debian linux-binary-7.0.13+deb13-amd64, as the booted kernel answers",
        source=None,
        image=Package("linux-binary-7.0.13+deb13-amd64", "7.0.13-1~bpo13+1"),
        modules=Modules(_IMAGE_6_18, _IMAGE_6_18),
        like="7.1",
    ),
    Recipe(
        name="7.1",
        label="Debian linux-binary-7.1.13+deb13-amd64, read with the configuration of 7.2.12",
        source=Package(SOURCE_PACKAGE, "7.1.13-1~bpo13+1"),
        config=_BASE_7_2,
        image=Package("linux-binary-7.1.13+deb13-amd64", "7.1.13-1~bpo13+1"),
        modules=_MODULES_7_2,
    ),
    Recipe(
        name="7.2",
        label="Debian linux-binary-7.2.12+deb13-amd64",
        source=Package("linux-source-7.2", "7.2.12-1~bpo13+1"),
        config=_BASE_7_2,
        image=_IMAGE_7_2,
        modules=_MODULES_7_2,
    ),
    Recipe(
        name="7.3",
        label="Debian linux-binary-7.3.4+deb13-amd64",
        source=_SOURCE_7_3,
        config=_BASE_7_3,
        image=_IMAGE_7_3,
        modules=_MODULES_7_3,
    ),
    _flavour_of_7_3("arm64", "arm64", "arm64"),
    _flavour_of_7_3("cloud-amd64", "cloud"),
    _flavour_of_7_3("rt-amd64", "rt"),
    Recipe(
        name="7.3-all",
        label="Debian linux-source-7.3 7.3.4, every option on (nobody ships this)",
        source=_SOURCE_7_3,
        like="7.3",
    ),
)
