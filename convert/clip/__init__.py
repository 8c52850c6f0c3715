"""Task "clip": any classifier on one vector a recording."""
