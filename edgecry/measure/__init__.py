"""Acoustic measures of cries. They describe the sound itself, and are not a diagnosis."""
