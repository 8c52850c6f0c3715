"""Answers as they are written down: sentences for people, records, tables and labels for programs."""
