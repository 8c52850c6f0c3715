"""Acoustic measures of cries: what can be told of the sound itself. They are no diagnosis."""
