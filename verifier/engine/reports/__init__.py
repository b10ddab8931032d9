"""Reports on checked objects: one renderer a format, all from the same values."""

from verifier.engine.reports.formats import RENDERERS, Renderer
from verifier.engine.reports.model import CheckedObject, Unchecked

__all__ = ["RENDERERS", "CheckedObject", "Renderer", "Unchecked"]
