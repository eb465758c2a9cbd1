"""Training by s2sgraph and by JoeyNMT, each by its own command on the same files."""
