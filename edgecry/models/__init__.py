"""Vectors to probabilities: the model files, and the code that opens and describes them."""
