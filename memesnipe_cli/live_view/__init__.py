"""What a person sees of a running loop: a screen on a terminal, a line for each change elsewhere."""
