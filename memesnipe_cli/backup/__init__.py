"""Encrypted archives of what cannot be fetched again, and the way back from them."""
