"""The recipe of the detector: whether a baby cries, told by a small network on log-mel frames.

``corpora`` says which recordings are cries and ``kinds`` what the others are. ``tracks`` keeps each
recording in several versions, with what a large network (``teacher``) hears in it. ``lessons`` draws
windows from them, ``learn`` trains a ``network`` on these, ``graph`` makes ONNX of it. ``examples`` are the
recordings as the device hears them, ``questions`` changes them, ``detector`` is the whole as a procedure,
``report`` measures it out of fold, and ``train`` makes the model file.
"""
