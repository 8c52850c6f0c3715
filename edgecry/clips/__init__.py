"""Recordings of events: written, named, and deleted when there are too many."""
