"""Reports on checked objects: one renderer per format, all from the same values.

Begin with `model.py` (what a renderer is given) and `formats.py` (the table). Imports the results
and comparisons of the engine only.
"""

from verifier.engine.reports.formats import RENDERERS, Renderer
from verifier.engine.reports.model import CheckedObject, Unchecked

__all__ = ["RENDERERS", "CheckedObject", "Renderer", "Unchecked"]
