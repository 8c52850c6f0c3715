"""edgecry.listening, tested."""
