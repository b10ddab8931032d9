"""`up`: everything in one process, from an empty folder to the first page."""
