"""The style sheet of the result's page: light and dark by the reader's preference, fonts of the system."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fbfbf9; --card: #ffffff; --ink: #1d2329; --soft: #5f6b76; --line: #dcdfe2;
  --equity: #1f6feb; --hold: #9a6700; --fall: #d1242f; --good: #1a7f37;
  --warn-paper: #fff4d6; --warn-ink: #6b4d00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --card: #1b2127; --ink: #e4e8ec; --soft: #97a3ae; --line: #2e363d;
    --equity: #6cb0ff; --hold: #e0b252; --fall: #ff7b72; --good: #56d364;
    --warn-paper: #3a2f12; --warn-ink: #ffdf8a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 72rem;
  background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p { margin: .3rem 0; }
.soft, footer { color: var(--soft); }
.note {
  background: var(--warn-paper); color: var(--warn-ink);
  padding: .5rem .8rem; border-radius: .4rem; margin: .5rem 0;
}
.simulated { font-weight: 700; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td {
  text-align: left; vertical-align: top; white-space: nowrap;
  padding: .25rem .6rem; border-bottom: 1px solid var(--line);
}
th:first-child, td:first-child { padding-left: 0; }
.facts td:last-child { white-space: normal; overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; }
th[scope=row] { font-weight: 400; }
th.right, td.right { text-align: right; }
.good { color: var(--good); }
.bad { color: var(--fall); }
figure {
  margin: 1rem 0 0; padding: .8rem;
  background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
}
svg { display: block; width: 100%; height: auto; }
svg path, svg line { fill: none; stroke-width: 1.6; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .axis { fill: var(--soft); font: 12px system-ui, sans-serif; }
svg .equity { stroke: var(--equity); }
svg .hold { stroke: var(--hold); stroke-dasharray: 5 4; }
svg .fall { fill: var(--fall); fill-opacity: .25; stroke: var(--fall); stroke-width: 1; }
footer { margin-top: 2rem; font-size: .85rem; }
"""
