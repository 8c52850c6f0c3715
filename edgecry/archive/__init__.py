"""Many recordings: find them in folders, share them among processes or machines, resume a run."""
