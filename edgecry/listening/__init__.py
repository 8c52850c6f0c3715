"""``edgecry listen``, put together: a source, the classifier, recordings, sinks, and the loop around them."""
