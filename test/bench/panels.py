"""Draws a dashboard of Grafana's, from its JSON and a Prometheus, as an SVG: stat, timeseries and table panels, as far as
contrib/grafana uses them. It is no Grafana: where that would look otherwise, that is right."""

import math
import time

from picture import Picture

COLUMN, ROW, GAP, HEAD = 50, 30, 4, 40  # pixels; Grafana's grid has 24 columns
COLOURS = ["#73bf69", "#5794f2", "#f2cc0c", "#ff780a", "#b877d9", "#8ab8ff", "#e02f44", "#96d98d"]
NAMED = {"green": "#1a7f37", "red": "#b3261e", "orange": "#b35900", "text": "#d8d9da"}
UNITS = {"s": ((31536000, "y"), (86400, "d"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms")),
         "bytes": ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")), "reqps": ((1000, "k/s"), (1, "/s"))}


def shown(value, unit, decimals=None):
    """As Grafana prints it, nearly."""
    for size, name in UNITS.get(unit, ()):
        if abs(value) >= size:
            return f"{value / size:.{1 if decimals is None else decimals}f}".removesuffix(".0") + f" {name}"
    return f"{value:.{decimals or 0}f}" if unit in ("none", "short") and (decimals == 0 or value == int(value)) else f"{value:.3g}"


def legend(template, labels):
    for name, value in labels.items():
        template = template.replace("{{" + name + "}}", value)
    return template


def colour_of(defaults, value):
    found = "text"
    for step in defaults["thresholds"]["steps"]:
        if step["value"] is None or value >= step["value"]:
            found = step["color"]
    return found


def draw_stat(picture, panel, found, x, y, w, h):
    """found: [(legend, value)]"""
    defaults = panel["fieldConfig"]["defaults"]
    words = defaults["mappings"][0]["options"] if defaults["mappings"] else {}
    for place, (name, value) in enumerate(found):
        left, width = x + place * w / len(found), w / len(found) - 2
        colour = colour_of(defaults, value)
        if colour != "text":
            picture.box(left + 2, y + 22, width, h - 26, NAMED[colour])
        text = words.get(f"{value:.0f}", {}).get("text") or shown(value, defaults["unit"], defaults.get("decimals"))
        picture.text(left + width / 2, y + h / 2 + 16, text, min(22, width / len(text) * 1.6), "middle", "#ffffff")
        picture.text(left + width / 2, y + h - 8, name, 11, "middle")


def runs(points, step):
    """Pieces without a gap."""
    piece = []
    for at, value in points:
        if piece and at - piece[-1][0] > 1.5 * step:
            yield piece
            piece = []
        piece.append((at, value))
    if piece:
        yield piece


def draw_series(picture, panel, series, span, x, y, w, h):
    """series: [(legend, [(time, value)])]; span: from, to, step."""
    begin, end, step = span
    defaults = panel["fieldConfig"]["defaults"]
    stacked = defaults["custom"]["stacking"]["mode"] == "normal"
    base, layers = {}, []
    for name, points in series:
        if stacked:
            points = [(at, value + base.get(at, 0)) for at, value in points]
            base.update(points)
        layers.append((name, points))
    top = max([value for _, points in layers for _, value in points] or [1]) * 1.05 or 1
    left, right, upper, lower = x + 62, x + w - 10, y + 28, y + h - 42

    def place(at, value):
        return f"{left + (at - begin) / (end - begin) * (right - left):.1f},{lower - value / top * (lower - upper):.1f}"
    for part in range(4):
        level = lower - part / 3 * (lower - upper)
        picture.parts.append(f'<line x1="{left}" y1="{level:.0f}" x2="{right}" y2="{level:.0f}" stroke="#2c3235"/>')
        picture.text(left - 6, level + 4, shown(top * part / 3, defaults["unit"]), 10, "end", "#9fa7b3")
        at = begin + part / 3 * (end - begin)
        picture.text(left + part / 3 * (right - left), lower + 14, time.strftime("%H:%M", time.gmtime(at)), 10, "end" if part == 3 else "middle",
                     "#9fa7b3")
    for number, (name, points) in reversed(list(enumerate(layers))):
        colour = COLOURS[number % len(COLOURS)]
        for piece in runs(points, step):
            line = " ".join(place(*point) for point in piece)
            if stacked:
                foot = f"{place(piece[-1][0], 0)} {place(piece[0][0], 0)}"
                picture.parts.append(f'<polygon points="{line} {foot}" fill="{colour}" fill-opacity="0.85"/>')
            picture.parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    at = left
    for number, (name, _) in enumerate(layers):
        picture.box(at, y + h - 19, 10, 4, COLOURS[number % len(COLOURS)])
        picture.text(at + 14, y + h - 13, name, 11)
        at += 26 + 6.2 * len(name)


def draw_table(picture, panel, rows, x, y, w, h):
    """rows: [(labels, value)]"""
    rules = panel["transformations"][0]["options"]
    table = [{**{name: value for name, value in labels.items() if name not in rules["excludeByName"]},
              **({} if "Value" in rules["excludeByName"] else {"Value": f"{value:g}"})} for labels, value in rows]
    names = list(dict.fromkeys(name for row in table for name in row))
    widths = [max([len(rules["renameByName"].get(name, name))] + [len(row.get(name, "")) for row in table]) + 3 for name in names]
    scale = (w - 20) / max(sum(widths), 1)
    for line, row in enumerate([{name: rules["renameByName"].get(name, name) for name in names}] + table):
        at = x + 10
        for name, width in zip(names, widths):
            picture.text(at, y + 42 + 20 * line, row.get(name, ""), 12, fill="#8ab8ff" if line == 0 else "#d8d9da")
            at += width * scale


def draw(dashboard, ask, begin, end, title):
    """The SVG. ask(path, **arguments) is a Prometheus's API."""
    step = math.ceil((end - begin) / 160)
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"]) * ROW + HEAD
    picture = Picture(24 * COLUMN, height, title)
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        x, y = place["x"] * COLUMN + GAP, place["y"] * ROW + HEAD + GAP
        w, h = place["w"] * COLUMN - GAP, place["h"] * ROW - GAP
        picture.box(x, y, w, h, "#181b1f")
        picture.text(x + 8, y + 16, panel["title"], 12)
        found = []
        for target in panel["targets"]:
            words = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
            if panel["type"] == "timeseries":
                found += [(legend(target["legendFormat"], one["metric"]), [(float(at), float(value)) for at, value in one["values"]])
                          for one in ask("query_range", query=words, start=begin, end=end, step=step)["result"]]
            else:
                found += [(one["metric"], float(one["value"][1])) for one in ask("query", query=words, time=end)["result"]]
        if panel["type"] == "timeseries":
            draw_series(picture, panel, found, (begin, end, step), x, y, w, h)
        elif panel["type"] == "stat":
            draw_stat(picture, panel, [(legend(panel["targets"][0]["legendFormat"], labels), value) for labels, value in found], x, y, w, h)
        else:
            draw_table(picture, panel, found, x, y, w, h)
    return str(picture)
