"""One class per command of the room, all made of the same wrapper."""
