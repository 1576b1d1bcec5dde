"""Secrets: where keys are kept, how they get in and out, and what is said of them. Nothing here signs or trades."""
