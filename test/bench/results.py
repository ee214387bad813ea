"""What was measured: for each row (a figure) and column (a resolver) the values of all rounds, or why there are none."""

import contextlib
import csv
import statistics
import sys
import time
import traceback

import tap


class Row:
    """better: min or max, which is the better figure, or None; short: whether it stands in the README's table."""

    def __init__(self, key, title, unit, digits=1, better=min, short=False):
        self.key, self.title, self.unit, self.digits, self.better, self.short = key, title, unit, digits, better, short
        self.values = {}

    def median(self, column):
        return statistics.median(self.values[column]) if self.values.get(column) else None

    def shown(self, column):
        """As a text; nothing where there is no figure."""
        value = self.median(column)
        return "" if value is None else f"{value:,.{self.digits}f}"

    def is_best(self, column):
        """Whether no other is better, as far as is shown."""
        medians = {self.median(key): key for key in self.values}
        return self.better and len(self.values) > 1 and self.shown(column) == self.shown(medians[self.better(medians)])


class Results:
    def __init__(self, columns):
        """columns: key -> title, in order."""
        self.columns, self.rows, self.faults, self.notes, self.began = columns, {}, [], [], time.monotonic()

    def add(self, row, column, value):
        self.rows.setdefault(row.key, row).values.setdefault(column, []).append(value)

    def say(self, words):
        """Progress, for who waits."""
        passed = int(time.monotonic() - self.began)
        print(f"{passed // 60:3d}:{passed % 60:02d}  {words}", file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def guard(self, what, column):
        """Whatever fails inside is told in the table, and the others go on."""
        try:
            yield
        except Exception as fault:  # noqa: BLE001 -- whatever it is
            words = " ".join(str(fault).split())[:300] or repr(fault)
            told = f"{self.columns.get(column, column)}, {what}: {words}"
            if told not in self.faults:
                self.faults.append(told)
            self.say(f"FAILED: {told}")
            if not isinstance(fault, (RuntimeError, TimeoutError, AssertionError, tap.Skip)):
                traceback.print_exc()

    def markdown(self, short=False, without=()):
        """The table; short: the rows for the README; without: columns to leave out."""
        rows = [row for row in self.rows.values() if row.short or not short]
        columns = [key for key in self.columns if key not in without and any(row.values.get(key) for row in rows)]
        lines = ["| | " + " | ".join(self.columns[key] for key in columns) + " |", "|---" * (len(columns) + 1) + "|"]
        for row in rows:
            cells = [f"**{row.shown(key)}**" if row.shown(key) and row.is_best(key) else row.shown(key) for key in columns]
            lines.append(f"| {', '.join(filter(None, (row.title, row.unit)))} | " + " | ".join(cells) + " |")
        return "\n".join(lines) + "\n"

    def write_csv(self, path):
        with open(path, "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["figure", "title", "unit", "resolver", "median", "least", "most", "all rounds"])
            for row in self.rows.values():
                for column, values in row.values.items():
                    table.writerow([row.key, row.title, row.unit, column, row.median(column), min(values), max(values),
                                    " ".join(f"{value:.6g}" for value in values)])
