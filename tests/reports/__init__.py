"""Reports opened by what people open them with."""
