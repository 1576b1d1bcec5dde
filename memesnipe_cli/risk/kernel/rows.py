"""Columns and codes of the breaker's rows: one for the account, one for each strategy. All are int64; names are unique
across the kernel (see engine/link.py)."""

# --- a row (the account is row 0, strategy s is row 1 + s); money in units ------------------------------------------
LEVEL = 0
CAUSE = 1
SINCE = 2  # close of the bar that brought the level
READY = 3  # a halt may be reset from here on
COOL_OFF = 4  # ms, of the next halt
STAGE = 5  # of the recovery: 1..4 are 25..100 % of normal size; 0 is normal
STAGE_TS = 6  # when the stage began
STAGE_VALUE = 7  # the row's value then
STAGE_TRADES = 8  # its ended trades then
RESETS = 9
LIFE_HIGH = 10  # of earlier epochs
HIGH = 11  # of this epoch
VALUE = 12  # at the last mark
DAY = 13  # the account's: UTC day of the last step
DAY_BASE = 14  # the account's: value at the last mark of the day before
ALLOCATION = 15  # what the row began with
GAINED = 16  # cash flows of a strategy's ended trades
ENDED = 17  # how many trades have ended
FILL_HOUR = 18  # UTC hour of a strategy's last filled entry
FILLS = 19  # its entries filled in that hour
ROW_WIDTH = 20

# --- levels ---------------------------------------------------------------------------------------------------------
CLOSED = 0
WARNING = 1
HALT = 2
EMERGENCY = 3

# --- causes ---------------------------------------------------------------------------------------------------------
CAUSE_DRAWDOWN = 1
CAUSE_DAILY_LOSS = 2
CAUSE_LIFETIME = 3
CAUSE_STRATEGY = 4
CAUSE_EXECUTIONS = 5
CAUSE_MANUAL = 6

LAST_STAGE = 4
