"""Audio to feature vector: the numbers of librosa, without librosa."""
