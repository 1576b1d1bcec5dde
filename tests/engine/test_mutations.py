"""Whatever small thing is changed in a rule of the kernel, the scenarios or the random cases notice."""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from engine_cases import FLAT, Case, Enter
from engine_hands import Handed
from engine_kernel import kernel_answer
from engine_mutants import Kernel, Mutant, changes, mutate
from engine_random import random_case
from engine_restart import Restarting
from scenarios_hands import HANDS
from scenarios_paths import PATHS
from test_fills import SCENARIOS

from memesnipe_cli.engine import run
from memesnipe_cli.engine.model import EngineInput, SignalTape
from memesnipe_cli.engine.trades import best_fee_needed

CHOSEN = 80
SEED = 20_260
RANDOM_CASES = (*range(14), 20, 21, 24, 29)  # the last four alone notice some mutants
RESTARTED = (
    "a trail uses only the highs of earlier bars",
    "funding is charged at the open on what was held before",
    "an exit takes its share of the volume and the rest waits",
    "a won trade skips the next signals of its tag until their exit",
    "a pyramid grows to four units and its stop follows",
    "the stop stands while an exit waits",
    "size comes back in four steps",
    "an order begins the count anew",
    "a breach in a stage doubles the cool-off",
    "a strategy counts what its ended trades lost",
    "further units are executions, of all its slots",
    "a halt for executions may come back within its hour",
    "what is reset is judged again at the next close, with nothing held too",
)

# Reached after a person's reset only, which these cases do not have; test_reference_hands does.
BY_HAND_ONLY = {"pass_over_trades"}

# Mutants that change nothing anybody can see: a pattern of their names, and why.
EQUIVALENT: list[tuple[str, str]] = [
    (r"(side|SIDE\]) > 0(.*) -> .*(side|SIDE\]) >= 0\2", "a side is +1 or -1"),
    (r"(side|SIDE\]) < 0(.*) -> .*(side|SIDE\]) <= 0\2", "a side is +1 or -1"),
    (r"impact_share: .*bar\.open <= 0", "a bar without an open never gets this far"),
    (r"bar\.volume (<= 0\.0|> 0\.0)", "no volume, no room: asked for twice"),
    (r"room_left: return max\(0, ", "nobody asks for less than one lot"),
    (r"book_event: .*BY_STOP", "an exit order that waits keeps the slot from deciding twice"),
    (
        r"book_\w+: state\[slot, DECIDED_TS\]",
        "what waits, or was refused, keeps the slot from deciding twice",
    ),
    (r"book_exit_fill: state\[slot, (SIDE|TARGET|TARGET_LOTS)\] = 0", "the next entry writes it anew"),
    (r"book_exit_fill: if state\[slot, TARGET_LOTS\] == 0", "a target without lots sells none"),
    (r"book_exit_fill: state\[slot, WON\] &= ~won", "a won tag trades again only when its memory has ended"),
    (
        r"(EVENT_LOTS\] = w\.state|EVENT_SIDE\] = w\.state).* -> pass",
        "an exit order's size is for its reader",
    ),
    (r"refuse: .*EVENT_TAG", "for the reader of the journal"),
    (r"order_entry: w\.events\[n, REFERENCE\]", "for the reader of the journal"),
    (r"protectable: value = value_(up|down)", "less than a unit of money: in doubt by the rules"),
    (r"sendable: .*value_up", "less than a unit of money: in doubt by the rules"),
    (r"target_leg: if share (>= 1\.0)", "all lots leave no second leg, so the legs merge"),
    (r"fill_entry_order: if lots <= 0 or", "no lots cannot be protected either"),
    (r"enter_position: if target > 0:", "a target's lots mean nothing without a target"),
    (
        r"enter_position: stop = max\(1, w\.state\[slot, STOP\]",
        "below one tick a short is stopped all the same",
    ),
    (
        r"(floor|ceil)_forgiving: .* -> (?!.*LARGEST)",
        "plain Python counts on; the compiled kernel is compared elsewhere",
    ),
    (r"charge_funding: if (bar|w\.state).* -> if .*False or", "what owes nothing tells nothing"),
    (r"fill_in_bar: .*target > 0 and", "a target's lots mean nothing without a target"),
    (r"first_target: return max\(0, ", "a target below nothing is none"),
    (r"fill_in_bar: if w\.state\[slot, LOTS\] == 0.* -> if False", "nothing held, nothing stopped"),
    (r"fill_in_bar: if w\.state\[slot, LOTS\] > 0: ", "the trail of nothing"),
    (r"fill_in_bar: .*not opened_beyond.* -> .* and True and", "the open took the lots or all the room"),
    (r"fill_in_bar: if leave != 0 .* -> .*\(False or", "a stop's exit order acts from the next bar on"),
    (r"leave_at_stop: .*bar\.ts \+ .*-> .*bar\.ts - ", "a stop's exit order is not looked at in its own bar"),
    (r"leave_at_stop: gapped = .* <= 0 -> .* < 0", "an open at the stop is the stop's price"),
    (r"leave_at_target: if lots > 0", "no lots, no fill"),
    (r"move_trail: .* <= 0.* -> .* < 0", "a stop that stays where it is"),
    (r"(BEST\] = |move_trail: .*(BEST\]|REFERENCE\])).* -> ", "the stop keeps what the best price gave it"),
    (r"(gross_of|reserved_cash): .*-> if True and", "an order of no lots weighs nothing"),
    (r"order_entry: .*(MAX_PRODUCT|MAX_ORDER_UNITS)", "one unit in a hundred million millions"),
    (r"order_entry: stop_ticks = ", "the distance is whole ticks already"),
    (
        r"decide_flat: if math\.isfinite\(target\)",
        "a price below nothing, or beyond all, is no target later either",
    ),
    (
        r"decide_flat: if not \(math\.isfinite\(stop\)",
        "not a number and not below the close: caught in ticks as well",
    ),
    (r"decide_slot: w\.state\[slot, LAST_CLOSE\]", "the bar's fills have noted it where anything is held"),
    (r"ceil_forgiving: .*1e-06 - 1e-14", "prices in ticks are too small for the second part of the noise"),
    # the breaker
    (r"fall_share: return 1\.0 -> return 2\.0", "what is lost whole is beyond every limit"),
    (r"book_row: .*RISK_(VALUE|DAY_BASE)\] -> pass", "a step that is done again marks the row anew"),
    (r"(book_flow|mark|guard): .*floor_forgiving.* -> .*ceil_forgiving", "a unit of money"),
    (r"is_number: return .*<=", "one number of all"),
    (r"far_from_tiers: return .* -> return .*(<=|\+)", "spares a judgement; judging in vain changes nothing"),
    (r"judge_strategy: near = ", "spares a division; a loss of nothing is as far as any"),
    (r"judge_strategy: fallen = .*\+", "spares a division"),
    (r"judge_strategy: if near and .* -> if True and ", "spares a division"),
    (r"next_change: if .* -> if False", "a day ahead at most, where nothing would happen for longer"),
    (
        r"next_change: .* -> .*(A_DAY \+ 1 \+ A_DAY|A_DAY - 1|min\(ts \+ 1, ts \+ 1\)|ts - 1|moment >= closes)",
        "looks sooner; looking in vain changes nothing",
    ),
    (r"pass_stage: if closes < .* -> if closes <= ", "no stage ends when it begins"),
    (r"pass_over_trades: ", "see BY_HAND_ONLY"),
    (r"pass_stage: (pass_over_trades|if closes < w)", "see BY_HAND_ONLY"),
    (r"judge_account: if .* -> if True and ", "a loss that large has halted the account just before"),
    (r"judge_account: .*wanted == CLOSED.* -> .*True and", "what clears a warning does not call for one"),
    (r"row_holds: held \+= 1 -> held -= 1", "asks only whether there is any"),
    (r"row_bars: .* -> .*\(True and", "a stage that is over began in the past"),
    (
        r"run_tape: .*(busy|active\[k\] = )",
        "asks only whether anything can happen; looking in vain changes nothing",
    ),
    (r"run_tape: if account\[EVENT_COUNT\] > room: -> .*>=", "one row sooner"),
    (
        r"run_tape: room = .* -> .*(\(EVENTS_PER_BAR \+ count\)|\+ EVENTS_PER_ROW|\(EVENTS_PER_ROW \+)",
        "a smaller reserve that still suffices here",
    ),
    (r"run_tape: if change < NEVER: -> .*<=", "never is beyond every tape"),
]

World = tuple[EngineInput, SignalTape]


def long_case() -> Case:
    """More events than the first buffer holds, with a position over its edge."""
    bars = [FLAT] * 1500
    signals = {(slot, bar): Enter(stop=0.0) for slot in (1, 2, 3) for bar in range(1500)}
    return Case(bars, signals | {(0, 0): Enter()}, leave={(0, 1450): (1,)}, slots=((0, 0),) * 4)


class Jury:
    """The cases and the true kernel's answers; condemns a kernel that answers otherwise."""

    def __init__(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kernel = Kernel(text)
        self.monkeypatch = monkeypatch
        self.cases: list[World] = [case.build() for case, _ in (*SCENARIOS.values(), *PATHS.values())]
        self.cases += [random_case(seed, 40) for seed in RANDOM_CASES]
        self.cases.append(long_case().build())
        self.handed = [(case.build(), hands) for case, hands, _ in HANDS.values()]
        self.restarted: list[World] = [SCENARIOS[name][0].build() for name in RESTARTED]
        true = self.kernel.loaded()
        self.answers = [self._answer(case, true) for case in self.cases]
        self.handed_answers = [self._answer(case, Handed(true, hands)) for case, hands in self.handed]
        for case in self.restarted:
            self._answer(case, Restarting(true))

    def notices(self, mutant: Mutant) -> bool:
        """Whether any case tells the mutant from the kernel."""
        module = self.kernel.loaded(mutant)
        try:
            for case, answer in zip(self.cases, self.answers, strict=True):
                if self._answer(case, module) != answer:
                    return True
            for (case, hands), answer in zip(self.handed, self.handed_answers, strict=True):
                if self._answer(case, Handed(module, hands)) != answer:
                    return True
            for case in self.restarted:
                self._answer(case, Restarting(module))
        except Exception:
            return True
        return False

    def _answer(self, case: World, module: object) -> str:
        self.monkeypatch.setattr(run, "kernel", lambda *_: module)
        output = run.simulate(*case, compiled=False)
        return repr((kernel_answer(output), best_fee_needed(output.events)))


def equivalent(mutant: Mutant) -> bool:
    """Whether a mutant is known to change nothing."""
    return mutant.before == mutant.after or any(re.search(pattern, mutant.name) for pattern, _ in EQUIVALENT)


def chosen(text: str) -> Iterator[Mutant]:
    """A fixed choice among all mutants with at least one of each function."""
    places = changes(text)
    random.Random(SEED).shuffle(places)
    seen: set[str] = set()
    count = 0
    for function, place in places:
        if count < CHOSEN or function.name not in seen:
            mutant = mutate(function, place)
            if not equivalent(mutant):
                seen.add(function.name)
                count += 1
                yield mutant


def test_every_chosen_mutant_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = run.account_kernel().text("plain")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        jury = Jury(text, monkeypatch)
        survivors = [mutant.name for mutant in chosen(text) if not jury.notices(mutant)]
    assert survivors == []


def test_the_kernel_itself_is_acquitted(monkeypatch: pytest.MonkeyPatch) -> None:
    text = run.account_kernel().text("plain")
    jury = Jury(text, monkeypatch)
    same = compile("", "<nothing changed>", "exec")
    assert not jury.notices(Mutant("nothing", "", "", same))


def test_every_function_is_mutated() -> None:
    text = run.account_kernel().text("plain")
    functions = {function.name for function, _ in changes(text)}
    assert functions - BY_HAND_ONLY == {mutant.function for mutant in chosen(text)}
