"""The page that explains a log: it reads what was pasted and shows what `kfmap.decoder` answers.

`decode.py` has the view.
"""
