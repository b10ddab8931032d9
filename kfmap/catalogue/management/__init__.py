"""The commands on the map as Django finds them."""
