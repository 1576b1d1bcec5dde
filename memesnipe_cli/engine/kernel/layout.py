"""The columns of the engine's flat arrays, and its codes. Every array is int64 or float64; every name is unique across
the kernel, because its modules are pasted into one file before numba compiles them (see engine/link.py)."""

# --- account (1-d int64) --------------------------------------------------------------------------------------------
CASH = 0  # in units
EVENT_COUNT = 1
ORDERS_TS = 2  # bar of the last entry order
ORDERS_SENT = 3  # entry orders decided at its close
SYMBOLS_HALTED = 4  # 1 while a person has halted at least one symbol
ACCOUNT_WIDTH = 5

# --- a slot's state (rows of an int64 array) ------------------------------------------------------------------------
LOTS = 0  # held, >= 0
SIDE = 1  # +1 long, -1 short
TAG = 2
ENTRY_TS = 3  # open of the bar of entry
STOP = 4  # ticks
TARGET = 5  # ticks, 0 none
TARGET_LOTS = 6  # lots that leave at the target
BEST = 7  # best price since entry, ticks
TRAIL = 8  # distance in ticks, 0 none
HOLD_MS = 9  # time stop, 0 none
UNITS = 10
LAST_UNIT = 11  # fill price of the last unit
STEP = 12  # ticks between units
STOP_DISTANCE = 13  # ticks, of the first unit
CASH_FLOW = 14  # of the open trade, units
WAIT_LOTS = 15  # waiting entry order, 0 none
WAIT_LIMIT = 16
WAIT_TS = 17  # the open time of the only bar on which it acts
WAIT_SIDE = 18
WAIT_TAG = 19
WAIT_STOP = 20  # distance, ticks
WAIT_TARGET = 21  # price, ticks, 0 none
WAIT_TARGET_DISTANCE = 22  # ticks, 0 none
WAIT_TRAIL = 23
WAIT_HOLD_MS = 24
WAIT_STEP = 25
LEAVE = 26  # waiting exit order: its reason, 0 none
LEAVE_TS = 27  # acts from the bar that opens then
USED = 28  # lots filled in the bar USED_TS
USED_TS = 29
TRAILED_TS = 30  # bar that last moved the stop
FUNDED_TS = 31  # bar that last charged funding
DECIDED_TS = 32  # bar of the last order or refusal
WON = 33  # bit per tag: its last trade was won
SKIPPING = 34  # 1 while an episode of skipped signals is open
LAST_CLOSE = 35  # ticks; the slot's mark
OWNER = 36  # the breaker's row of the slot's strategy
TURN = 37  # quarters of an entry that a recovery has saved up, where size cannot be cut
SYMBOL_LEVEL = 38  # what a person has set for the symbol
STATE_WIDTH = 39

# --- what a slot trades by: its instrument's terms, its strategy's plan, the account's rules (rows of an int64 array)
VALUE_NUM = 0  # value in units = lots x ticks x num / den
VALUE_DEN = 1
FEE_PPM = 2
MIN_UNITS = 3  # smallest order, margin included, in units
MIN_LOTS = 4
SHORTABLE = 5
BASE_ASSET = 6
DELISTED_TS = 7
TIMEFRAME_MS = 8
MAX_BARS = 9
PLAN_UNITS = 10
SKIP_TAG = 11
BASE_MS = 12
LATENCY_MS = 13
STRATEGY = 14
INSTRUMENT = 15
CLUSTER = 16
S_COOL_OFF = 17  # spans and counts of the breaker, the same for every slot; ms
S_COOL_OFF_CAP = 18
S_STAGE_TRADES = 19
S_STAGE_MS = 20
S_ASSUMED_RESET = 21  # -1: a halt waits for a person
S_ORDERS_PER_BAR = 22
S_EXECUTIONS = 23  # filled entries of a strategy in an hour
WHOLE_WIDTH = 24

# --- the same, rows of a float64 array ------------------------------------------------------------------------------
TICK = 0
LOT = 1
FEE = 2
HALF_SPREAD = 3
STOP_LIMIT = 4  # -1: stops sell at market
RISK_SHARE = 5
TARGET_R = 6
TARGET_SHARE = 7
TRAIL_R = 8
STEP_R = 9
TRADE_SHARE = 10
STRATEGY_SHARE = 11
GROSS_SHARE = 12
MAX_COST_SHARE = 13
COLLAR = 14
ENTRY_VOLUME_SHARE = 15
VOLUME_SHARE = 16
IMPACT = 17
STOP_SLIPPAGE = 18
SYMBOL_SHARE = 19
CLUSTER_SHARE = 20
MAX_ORDER = 21
SCALE = 22  # factor on TRADE_SHARE of the present day (risk/adaptive.py)
T_WARNING = 23  # thresholds of the breaker, the same for every slot; shares
T_HALT = 24
T_EMERGENCY = 25
T_DAILY_WARNING = 26
T_DAILY_HALT = 27
T_STRATEGY_HALT = 28
T_LIFETIME_HALT = 29
T_CLEARS = 30
T_STAGE_LOSS = 31
REAL_WIDTH = 32

# --- events (rows of an int64 array) --------------------------------------------------------------------------------
KIND = 0
EVENT_TS = 1  # open of the bar it happened on
EVENT_SLOT = 2
CODE = 3
EVENT_LOTS = 4
EVENT_TICKS = 5
EVENT_CASH = 6  # change of cash, units
EVENT_FEE = 7  # units, contained in EVENT_CASH
REFERENCE = 8  # the price it started from, ticks
EVENT_SIDE = 9
EVENT_TAG = 10
EVENT_STOP = 11
EVENT_TARGET = 12
EVENT_TRAIL = 13
EVENT_HOLD_MS = 14
EVENT_STEP = 15
EVENT_ACT_TS = 16
EVENT_EXTRA = 17
EVENT_WIDTH = 18
EVENTS_PER_BAR = 12  # more than one slot can cause in one step
EVENTS_PER_ROW = 8  # more than one row of the breaker can cause in one step

# A RISK event holds a whole row of the breaker (risk/kernel/rows.py): EVENT_SLOT is the row's number, CODE its cause.
RISK_LEVEL = EVENT_LOTS
RISK_VALUE = EVENT_TICKS
RISK_STAGE_VALUE = EVENT_CASH
RISK_HIGH = EVENT_FEE
RISK_LIFE_HIGH = REFERENCE
RISK_RESETS = EVENT_SIDE
RISK_STAGE = EVENT_TAG
RISK_STAGE_TRADES = EVENT_STOP
RISK_DAY_BASE = EVENT_TARGET
RISK_SINCE = EVENT_TRAIL
RISK_COOL_OFF = EVENT_HOLD_MS
RISK_STAGE_TS = EVENT_STEP
RISK_READY = EVENT_ACT_TS

TURN_LEFT = EVENT_CASH  # of an entry order or its refusal: what TURN is after it

# kinds
ENTRY_ORDER = 1
ENTRY_FILL = 2
EXIT_ORDER = 3
EXIT_FILL = 4
REFUSED = 5
MISSED = 6
STOP_MOVED = 7
FUNDED = 8
SKIP_ENDED = 9
RISK = 10
FLOWED = 11

# reasons of an exit (CODE of EXIT_ORDER and EXIT_FILL)
BY_SIGNAL = 1
BY_TIME = 2
BY_STOP = 3
BY_TARGET = 4
BY_DELISTING = 5
BY_EMERGENCY = 6
BY_DUST = 7  # too small for its venue to sell: written off, outside the account
BY_HAND = 8  # a person closed it at the venue

# refusals (CODE of REFUSED); NO_ROOM + cap names the cap that left nothing
BAD_SIGNAL = 1
NO_SHORT = 2
BASE_OWNED = 3
SKIP_AFTER_WIN = 4
COST_VETO = 5
TOO_SMALL = 6
TOO_LARGE = 7
NO_ROOM = 10
BREAKER_HALT = 30
STRATEGY_HALT = 31
SYMBOL_HALT = 32
NO_MARK = 33
ORDER_RATE = 34
RECOVERY_TURN = 35
GATE = 36  # refused by the gate, after the kernel had let it through

# caps (CODE of ENTRY_ORDER)
CAP_RISK = 1
CAP_TRADE = 2
CAP_STRATEGY = 3
CAP_GROSS = 4
CAP_CASH = 5
CAP_VOLUME = 6
CAP_WEIGHT = 7
CAP_SYMBOL = 8
CAP_CLUSTER = 9
CAP_ORDER = 10
CAP_RECOVERY = 11

# misses (CODE of MISSED)
MISSED_NO_BAR = 1
MISSED_VOLUME = 2
MISSED_LIMIT = 3
MISSED_DELISTED = 4
MISSED_BREAKER = 5
MISSED_UNSENT = 6  # it never left this machine
MISSED_REFUSED = 7  # the venue did not take it
MISSED_ABSENT = 8  # it never reached the venue

# --- signal flags ---------------------------------------------------------------------------------------------------
ENTER_MASK = 3
ENTER_LONG = 1
ENTER_SHORT = 2
EXIT_SHIFT = 1  # the exit bit of tag n is 1 << (n + 1)
CLOSED_FLAG = 128

A_DAY = 86_400_000  # ms
NEVER = 1 << 62
AN_HOUR = 3_600_000
# One order is worth at most 1e14 units (1,000,000.00): a thousand times below where int64 arithmetic would overflow.
MAX_ORDER_UNITS = 100_000_000_000_000
MAX_PRODUCT = 4.0e18
UNIT = 1e-8
ROUNDING_UNITS = 2  # a buy's value and its fee are each rounded up
