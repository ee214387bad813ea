"""The chart: a panel of bars for each of the figures below, one bar a resolver."""

from picture import Picture

FIGURES = ["cpu-junk-do", "cpu-mixed", "cold-150", "p99.9-refresh", "start-kept", "refresh-cpu", "memory-private", "memory-refreshed-peak"]
WIDTH, LINE, HEAD, LABEL, GAP = 560, 18, 40, 170, 16  # pixels
OURS, OTHERS, INK, FAINT = "#1a7f37", "#9db2c9", "#1f2328", "#59636e"


def _panel(picture, row, columns, x, y):
    picture.text(x, y + 14, f"{row.title}, {row.unit}", 13)
    most = max(row.median(key) for key in row.values) or 1
    for place, key in enumerate(key for key in columns if row.values.get(key)):
        top, length = y + 22 + place * LINE, (WIDTH - LABEL - 80) * row.median(key) / most
        picture.text(x + LABEL - 8, top + 12, columns[key], 12, "end", INK if key == "localroot" else FAINT)
        picture.box(x + LABEL, top, max(length, 1), LINE - 4, OURS if key == "localroot" else OTHERS)
        picture.text(x + LABEL + length + 6, top + 12, row.shown(key), 12, fill=INK)


def draw(results, title):
    rows = [results.rows[key] for key in FIGURES if key in results.rows]
    heights = [22 + LINE * len(row.values) + GAP for row in rows]
    pairs = [max(heights[place:place + 2]) for place in range(0, len(rows), 2)]
    picture = Picture(2 * WIDTH + GAP, HEAD + sum(pairs), title, INK, "#ffffff")
    for place, row in enumerate(rows):
        _panel(picture, row, results.columns, 12 + (place % 2) * WIDTH, HEAD + sum(pairs[:place // 2]))
    return str(picture)
