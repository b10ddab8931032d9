"""Read the files in archives and packages one by one, as a stream: tar, zip, .deb, .rpm, cpio.

Pure: bytes in, names and bytes out; nothing is written, and everything is bounded, for archives may
be hostile. Begin with `files.py`.
"""
