"""An SVG, as far as the pictures here need one: text, boxes, and what else is put into .parts."""

import html


class Picture:
    def __init__(self, width, height, title, ink="#d8d9da", paper="#111217"):
        self.ink = ink
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" '
                      f'fill="{ink}"><rect width="100%" height="100%" fill="{paper}"/>']
        self.text(12, 26, title, size=16)

    def text(self, x, y, words, size=12, anchor="start", fill=None):
        self.parts.append(f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" fill="{fill or self.ink}">{html.escape(words)}</text>')

    def box(self, x, y, w, h, fill):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="3" fill="{fill}"/>')

    def __str__(self):
        return "\n".join(self.parts) + "\n</svg>\n"
