"""Bounds of what is taken out of one file, and the count of what was."""

from __future__ import annotations

from kfmap.quick_dataclass import dataclass


class ContainerError(ValueError):
    """A file cannot be looked into, or holds too much: says what and why."""


class TooMuchError(ContainerError):
    """A file holds more than is taken out of one: the rest of it is not looked at."""


@dataclass(frozen=True, slots=True)
class ContainerLimits:
    """The most that one file may hold. Sizes are in bytes.

    `ratio`: how many times its size a compressed file may unpack to, above `free` bytes. `depth`:
    archives in archives.
    """

    members: int = 20_000
    objects: int = 1_000
    member: int = 256 << 20
    unpacked: int = 2 << 30
    ratio: int = 200
    free: int = 64 << 20
    depth: int = 3


DEFAULT_LIMITS = ContainerLimits()


@dataclass(slots=True)
class Budget:
    """What is left for one file. Its methods raise TooMuchError where nothing is."""

    limits: ContainerLimits
    packed: int
    members: int = 0
    objects: int = 0
    unpacked: int = 0

    def take_member(self) -> None:
        """Count a member of an archive."""
        self.expect_members(1)
        self.members += 1

    def expect_members(self, count: int) -> None:
        """Look whether so many more members of archives may come."""
        if self.members + count > self.limits.members:
            raise TooMuchError(f"it holds more than {self.limits.members} files")

    def take_object(self) -> None:
        """Count an object."""
        self.objects += 1
        if self.objects > self.limits.objects:
            raise TooMuchError(f"it holds more than {self.limits.objects} BPF objects")

    def take_bytes(self, count: int) -> None:
        """Count unpacked bytes."""
        self.unpacked += count
        limits = self.limits
        if self.unpacked > limits.unpacked:
            raise TooMuchError(f"it unpacks to more than {limits.unpacked >> 20} MB")
        if self.unpacked > limits.free and self.unpacked > limits.ratio * self.packed:
            raise TooMuchError(f"it unpacks to more than {limits.ratio} times its size")
