"""What templates of the map may ask for words."""
