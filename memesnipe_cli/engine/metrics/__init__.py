"""What a run is measured by: one measure a file, each with its formula, its source and when it is undefined
(None).

Amounts of trades are Decimal; statistics of the marked equity are floats. Nothing here knows a strategy or a
store.
"""
