"""The commands of this room as Django finds them."""
