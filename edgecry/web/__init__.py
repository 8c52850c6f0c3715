"""The nursery page of ``edgecry listen --web``: what is heard now, the nights, each cry, its own health."""
