"""The process that alone holds a key: what it may sign, how it keeps the secret, and how others ask it."""
