"""The text format of Prometheus (0.0.4), as far as the status file uses it."""

import re

PREFIX = "unbound_localroot_"
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


class Family:
    """One metric: .kind is "counter" or "gauge", .samples {(("label", "value"), ...): number}."""

    def __init__(self, words):
        self.help, self.kind, self.samples = words, None, {}


def parse(text):
    """{name: Family}; ValueError where a line is none of the format's, or stands in the wrong place."""
    families, name = {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, words = line.split(" ", 3)
            families[name] = Family(words)
        elif line.startswith("# TYPE "):
            _, _, typed, families[name].kind = line.split(" ")
            if typed != name:
                raise ValueError(f"TYPE of {typed} behind HELP of {name}")
        else:
            found = SAMPLE.fullmatch(line)
            if not found or found.group(1) != name:
                raise ValueError(f"{line!r} among the samples of {name}")
            families[name].samples[tuple(LABEL.findall(found.group(2) or ""))] = float(found.group(3))
    return families


def as_stats(families):
    """The same numbers under the names of `unbound-control stats`: {"serving": 1.0, "answers_nxdomain": 2.0, ...}."""
    def number(name):
        return families[PREFIX + name].samples[()]

    def labelled(name, prefix):
        return {prefix + labels[0][1]: value for labels, value in families[PREFIX + name].samples.items()}
    serving, written = number("serving"), number("written_timestamp_seconds")
    confirmed, held = number("confirmed_timestamp_seconds"), sum(labelled("memory_bytes", "").values()) > 0
    return {"serving": serving, "serial": number("serial"),
            "age": max(0, written - confirmed) if held else 0,
            "remaining": number("expires_timestamp_seconds") - written if serving else 0,
            "verify_usec": number("verification_cpu_seconds") * 1e6 // 1,
            **labelled("memory_bytes", "mem_"), **labelled("answers_total", "answers_"),
            "referrals": number("referrals_total"), "passed": number("passed_total"), "rootqueries": number("root_queries_total"),
            **labelled("refreshes_total", "refresh_"), **labelled("failures_total", "failures_")}
