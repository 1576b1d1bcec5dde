"""`memesnipe ingest candles|funding`."""
def candles() -> None: pass
def funding() -> None: pass
