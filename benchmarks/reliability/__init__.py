"""How often edgecry loses, doubles or gets wrong what it is given. Run: python -m benchmarks.reliability."""
