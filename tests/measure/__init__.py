"""Measures of cries."""
