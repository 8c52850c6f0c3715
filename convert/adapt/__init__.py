"""A detector adapted to a home: its last layer is fitted again to a few dozen clips with a verdict."""
