"""What edgecry costs beside the system it replaces."""
