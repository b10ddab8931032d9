"""The map that pages of spaces are asked with."""

from tests.web.conftest import toys

__all__ = ["toys"]
