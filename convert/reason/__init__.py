"""Task "reason": probabilities of why a baby cries that promise no more than they keep.

``recipe`` is what is fitted, ``answers`` what the device makes of it on recordings that were not fitted
on, ``data`` reads those, ``report`` measures all of it, ``skill`` holds it against labels that mean
nothing, ``embedding`` tries what the detector's network hears, and ``train`` makes the model file.
"""
