"""Tags of templates: the words of verdicts, and the lines of a kernel that a page names."""
