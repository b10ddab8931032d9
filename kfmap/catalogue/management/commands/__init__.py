"""One module per command; each asks rooms below and prints. They may import this room only, and
what is under it; commands that need no Django are in `kfmap/cli`.
"""
