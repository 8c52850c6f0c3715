"""The always-on door: chunks of sound to cry events."""
