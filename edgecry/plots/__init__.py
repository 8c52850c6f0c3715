"""Pictures by matplotlib, for a workstation: of one recording, and of a folder. Loaded only when used."""
