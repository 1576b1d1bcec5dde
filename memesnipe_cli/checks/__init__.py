"""What `memesnipe doctor` looks at: each function checks one thing and returns its findings, good ones
too."""
