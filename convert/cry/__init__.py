"""The recipe of the detector: whether a baby cries.

``corpora`` says which recordings are cries, ``variation`` and ``distractors`` make what they lack,
``examples`` turns all of it into windows' vectors, ``detector`` fits, ``report`` measures and ``train``
makes the model file.
"""
