"""Open data, read back by what people read it with."""
