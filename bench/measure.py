"""Measures the rows of rows.txt; called by scripts/bench, which has built all programs.

Every timing is one thing: a program and a size N give the wall time from posix_spawn to waitpid, on one cpu. Two sizes
are run and their difference divided, so that start-up is in neither side, and C, Lua and Swift are treated alike.
"""

import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROUNDS = 5
RUN_SECONDS = 0.3  # how long the large size should run: long against the clock and against a stray interrupt
STARTS = 51
# The last cpu that we may use: the first one tends to serve the machine's interrupts.
CPU = max(os.sched_getaffinity(0))

UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


class Failed(Exception):
    """A program could not be run or did not end well."""


class Programs:
    def __init__(self, built, release):
        self.built, self.release = built, release

    def command(self, text):
        """The command line for `c NAME`, `lua NAME`, `swift NAME` or any other command."""
        kind, _, name = text.partition(" ")
        if kind == "c":
            return [f"{self.built}/{name}"]
        if kind == "lua":
            return [f"{self.release}/kscript", "run", str(HERE / f"{name}.lua")]
        if kind == "swift":
            return [f"{self.release}/kernel-bench", name]
        return shlex.split(text)

    def run(self, text, *sizes):
        """Seconds from start to end, and the peak memory in bytes."""
        command = [f"{self.built}/spawn", str(CPU), *self.command(text), *map(str, sizes)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            complaint = done.stderr.strip() or f"exit status {done.returncode}"
            raise Failed(f"{shlex.join(command[2:])}: {complaint}")
        seconds, kibibytes = done.stdout.split("\t")
        return float(seconds), int(kibibytes) * 1024

    def seconds(self, text, *sizes):
        return self.run(text, *sizes)[0]

    def figure(self, text):
        """What the program says of itself in a line  name<TAB>figure<TAB>unit  (a time), in seconds."""
        command = self.command(text)
        try:
            done = subprocess.run(command, capture_output=True, text=True,
                                  preexec_fn=lambda: os.sched_setaffinity(0, {CPU}))
        except OSError as error:
            raise Failed(f"{shlex.join(command)}: {error.strerror}") from None
        fields = done.stdout.strip().split("\t")
        if done.returncode != 0 or len(fields) != 3 or fields[2] not in UNITS:
            raise Failed(f"{shlex.join(command)}: {done.stderr.strip() or done.stdout.strip() or 'printed nothing'}")
        return float(fields[1]) * UNITS[fields[2]]


# The measures. Each returns one (peer, ours, value) a round; value is what the bar is about, peer and ours are seconds
# (bytes for memory) shown beside it.

def enough(programs, text):
    """A size at which the program runs for about RUN_SECONDS beyond its start-up."""
    start, size = programs.seconds(text, 0), 1000
    while True:
        spent = programs.seconds(text, size) - start
        if spent >= RUN_SECONDS / 10:
            return max(8, int(size * RUN_SECONDS / spent))
        if size > 1 << 40:
            raise Failed(f"{text}: takes no time at any size")
        size *= 4


def per_operation(programs, text, size):
    small = size // 8  # not 0: the first operations pay for cold caches and lazy set-up
    return (programs.seconds(text, size) - programs.seconds(text, small)) / (size - small)


def times_faster(programs, row):
    sizes = [(text, enough(programs, text)) for text in (row.peer, row.ours)]
    for number in range(ROUNDS):
        # In turn, and each first in every other round: whatever else the machine does meets both alike.
        order = sizes if number % 2 == 0 else sizes[::-1]
        cost = {text: per_operation(programs, text, size) for text, size in order}
        yield cost[row.peer], cost[row.ours], cost[row.peer] / cost[row.ours]


def start_up(programs, row):
    for _ in range(ROUNDS):
        peer, ours = [], []
        for _ in range(STARTS // ROUNDS + 1):
            peer.append(programs.seconds(row.peer))
            ours.append(programs.seconds(row.ours))
        peer, ours = statistics.median(peer), statistics.median(ours)
        yield peer, ours, ours - peer


def growth(programs, row, few, many):
    """How much more one of `many` costs than one of `few`. Shown: one of few, one of many."""
    for _ in range(ROUNDS):
        # The few take no longer than the start does, so one pair of runs would be mostly noise.
        few_cost = statistics.median(
            (programs.seconds(row.ours, few) - programs.seconds(row.ours, 0)) / few for _ in range(9))
        many_cost = (programs.seconds(row.ours, many) - programs.seconds(row.ours, 0)) / many
        yield few_cost, many_cost, many_cost / few_cost


def memory(programs, row, few, many):
    for _ in range(3):
        grown = programs.run(row.ours, many)[1] - programs.run(row.ours, few)[1]
        yield None, None, grown / (many - few)


def figure(programs, row):
    for _ in range(ROUNDS):
        yield None, None, programs.figure(row.ours)


MEASURES = {"times faster": times_faster, "start-up": start_up, "growth": growth, "memory": memory, "figure": figure}
# What a bar's unit is worth in what the measure yields.
BAR_UNITS = {**UNITS, "KiB": 1024.0, "": 1.0}


class Row:
    def __init__(self, line):
        try:
            self.name, measure, self.peer, self.ours, self.bar = (field.strip() for field in line.split("|"))
            words = measure.split()
            self.sizes = [int(word) for word in words if word.isdigit()]
            self.measure = MEASURES[" ".join(word for word in words if not word.isdigit())]
            comparison, limit, *unit = self.bar.split()
            self.at_least = {">=": True, "<=": False}[comparison]
            self.unit = unit[0] if unit else ""
            self.limit = float(limit)
            self.scale = BAR_UNITS[self.unit]
        except (ValueError, KeyError) as error:
            sys.exit(f"rows.txt: cannot read ({error}): {line}")

    def result(self, programs):
        """The row as it is printed with --json."""
        rounds = list(self.measure(programs, self, *self.sizes))
        values = [value / self.scale for _, _, value in rounds]
        value = statistics.median(values)

        def middle(column):
            return None if rounds[0][column] is None else statistics.median(r[column] for r in rounds)

        return {
            "row": self.name, "peer_seconds": middle(0), "our_seconds": middle(1),
            "value": value, "min": min(values), "max": max(values), "unit": self.unit or "x", "bar": self.bar,
            "ok": value >= self.limit if self.at_least else value <= self.limit,
        }


def time_text(seconds):
    if seconds is None:
        return "-"
    unit = next((u for u in UNITS if seconds < UNITS[u] * 1000), "s")
    return f"{seconds / UNITS[unit]:.3g} {unit}"


LAYOUT = "{:<42} {:>9} {:>9}  {:>10}  {:<17} {:<9} {}"


def line(result):
    if "error" in result:
        verdict, values = f"MISS  {result['error']}", ("-", "-", "-", "")
    else:
        verdict = "ok" if result["ok"] else "MISS"
        # A ratio says "x"; the other values carry their unit.
        unit = "x" if result["unit"] == "x" else " " + result["unit"]
        values = (time_text(result["peer_seconds"]), time_text(result["our_seconds"]),
                  f"{result['value']:.2f}{unit}", f"({result['min']:.2f}..{result['max']:.2f})")
    return LAYOUT.format(result["row"], *values, result["bar"], verdict)


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--programs", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--release", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a row misses its bar")
    parser.add_argument("--json", action="store_true", help="the figures as JSON instead of a table")
    parser.add_argument("filter", nargs="?", default="", help="only rows whose name contains it")
    options = parser.parse_args()

    lines = (text for text in (HERE / "rows.txt").read_text().splitlines() if text and not text.startswith("#"))
    rows = [row for row in map(Row, lines) if options.filter.lower() in row.name.lower()]
    if not rows:
        sys.exit(f"no row contains '{options.filter}'")

    programs = Programs(options.programs, options.release)
    results = []
    if not options.json:
        print(LAYOUT.format("row", "peer", "ours", "value", "(min..max)", "bar", "").rstrip())
    for row in rows:
        try:
            results.append(row.result(programs))
        except Failed as error:
            results.append({"row": row.name, "bar": row.bar, "ok": False, "error": str(error)})
        if not options.json:
            print(line(results[-1]), flush=True)
    if options.json:
        print(json.dumps(results, indent=2))
    return 1 if options.check and not all(result["ok"] for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
