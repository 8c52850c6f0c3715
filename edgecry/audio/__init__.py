"""Bytes of sound to mono samples: files, arrays, and the chunks of a stream."""
