"""The pages of the map, a folder per topic: view, builder and export together.

Begin with `urls.py`, then `shared/page.py`, which says what every view is given and every template
finds. A topic imports `shared` and the rooms below, and other topics only down the second list of
layers in pyproject.toml.
"""
