"""Many recordings: folders are searched, work is shared by processes or machines, and can be resumed."""
