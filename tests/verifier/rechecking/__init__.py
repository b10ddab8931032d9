"""Second opinions as jobs."""
