"""A detector as one graph from samples to probability, for a browser or a phone."""
