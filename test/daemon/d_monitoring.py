"""What contrib/ has for monitoring: alert rules, the dashboard, node_exporter's folder; with Debian's Prometheus on real numbers."""

import functools
import http.server
import json
import re
import subprocess
import tempfile
import threading

import lab
import metrics
import monitoring
import tap

CONTRIB = lab.TOP / "contrib"
RULES = CONTRIB / "prometheus/unbound-localroot.rules.yml"
DASHBOARD = CONTRIB / "grafana/unbound-localroot.json"
DEAD = "axfr:127.0.0.77@1"


def promtool(*arguments):
    monitoring.need("promtool")
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=120)
    tap.equal(done.returncode, 0, done.stdout + done.stderr)


@tap.test("the alert rules: promtool's check, and a test for each alert that fires and stays silent")
def rules():
    promtool("check", "rules", str(RULES))
    promtool("test", "rules", str(RULES.with_name("unbound-localroot.test.yml")))
    alerts = re.findall(r"^      - alert: (.*)$", RULES.read_text(encoding="utf-8"), re.M)
    tested = RULES.with_name("unbound-localroot.test.yml").read_text(encoding="utf-8")
    for alert in alerts:
        tap.equal((alert, f"- alertname: {alert}\n" in tested, f"alertname: {alert}, " in tested), (alert, True, True), "fires, is silent")


@tap.test("the dashboard: its panels lie beside each other, and each metric that it or a rule names is in the module's table")
def names():
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    taken = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
            tap.equal((panel["title"], cell in taken, cell[0] < 24), (panel["title"], False, True), f"at {cell}")
            taken[cell] = panel["title"]
    tap.equal(len({panel["id"] for panel in dashboard["panels"]}), len(dashboard["panels"]), "ids")
    table = (lab.TOP / "module/metrics.c").read_text(encoding="utf-8")
    there = {metrics.PREFIX + name for name in re.findall(r'\.name = "([a-z_]+)"', table)}
    used = set(re.findall(rf"{metrics.PREFIX}[a-z_]+", DASHBOARD.read_text(encoding="utf-8") + RULES.read_text(encoding="utf-8")))
    tap.equal(used - there, set(), "named, and not in module/metrics.c")


@tap.test("the dashboard: what a restart or a stale copy let out is no leak; a file collected once a minute is not shown in red")
def panels():
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    series = {'root_queries_total{instance="bare"}': "0x20 30x179", 'root_queries_total{instance="leaks"}': "0x20 30+2x179"}
    for name in ("bare", "leaks"):
        series[f'serving{{instance="{name}"}}'] = "1x200"
        series[f'serving_changed_timestamp_seconds{{instance="{name}"}}'] = "1x20 1212x179"
    expression, = (words for title, _, words in monitoring.expressions(dashboard, "1m") if title == "Root queries while serving")
    moments = {"30m": {"bare": 0, "leaks": 0}, "130m": {"bare": 0, "leaks": 120}}
    test = {"interval": "1m", "input_series": [{"series": metrics.PREFIX + name, "values": values} for name, values in series.items()],
            "promql_expr_test": [{"expr": expression, "eval_time": moment, "exp_samples": [
                {"labels": f'{{instance="{name}"}}', "value": value} for name, value in wanted.items()]} for moment, wanted in moments.items()]}
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump({"rule_files": [], "tests": [test]}, file)  # JSON is YAML, too
        file.flush()
        promtool("test", "rules", file.name)
    red, = (step["value"] for panel in dashboard["panels"] if panel["title"] == "File written ago"
            for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"] if step["color"] == "red")
    limit, = re.findall(r"written_timestamp_seconds > (\d+) and", RULES.read_text(encoding="utf-8"))
    tap.equal((red, red > 10 + 60), (int(limit), True), "the limit of LocalrootStatusStale, above ten seconds and a minute")


def recipe(start, folders):
    """The line of contrib/prometheus/README.md that begins so, with these folders in place of Debian's."""
    text = RULES.with_name("README.md").read_text(encoding="utf-8")
    line = re.findall(rf"^    ({re.escape(start)}.*)$", text, re.M)
    tap.equal(len(line), 1, f"lines with {start}")
    return functools.reduce(lambda words, folder: words.replace(folder[0], str(folder[1])), folders.items(), line[0])


class Files:
    """A folder on a web server: with Files(folder) as address."""

    def __init__(self, folder):
        class Silent(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=str(folder)))

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


@tap.test("through a link in node_exporter's folder, Prometheus has the numbers: every rule is evaluated, every panel has data")
def scraped():
    monitoring.need("prometheus", "prometheus-node-exporter")
    with lab.Lab() as net:
        textfiles = net.folder / "textfiles"
        textfiles.mkdir()
        (net.folder / "run").mkdir()
        option, link = (recipe(start, {"/var/lib/unbound": f"{net.folder}/run", "/var/lib/prometheus/node-exporter": textfiles})
                        for start in ("localroot-status-file: ", "ln -s "))
        subprocess.run(link, shell=True, check=True, timeout=10)
        resolver = net.unbound(localroot=[f"localroot-source: {DEAD}", f"localroot-source: axfr:{net.transfer_addresses[0]}",
                                          option.replace('"', "")])
        declines = net.unbound(localroot=[f"localroot-status-file: {net.folder}/declines/metrics"],
                               prepare=lambda _: (net.folder / "declines").mkdir(),
                               tail='forward-zone:\n  name: "."\n  forward-addr: 127.0.0.9\n')
        resolver.wait_log("serving the root zone")
        if not any(key.startswith("localroot.") for key in resolver.control("stats_noreset")):
            raise tap.Skip("this Unbound is not patched: it cannot be told to look for a newer zone")
        lab.wait((net.folder / "declines/metrics").exists, 20, lambda: f"the file of the one that declines\n{declines.log}")
        node = monitoring.NodeExporter(net.folder / "node", textfiles)
        with Files(net.folder / "declines") as other:
            prometheus = monitoring.Prometheus(net.folder / "prometheus", {"serves": node.target, "declines": other}, RULES)
            try:
                look(resolver, prometheus)
            finally:
                prometheus.stop()
        tap.equal(re.findall(r"^node_textfile_scrape_error \S+$", node.metrics(), re.M), ["node_textfile_scrape_error 0"])
        node.stop()


def look(resolver, prometheus):
    lab.wait(lambda: len(prometheus.query("unbound_localroot_serving")) == 2, 20, "both are scraped")
    tap.equal(sorted((labels["instance"], value) for labels, value in prometheus.query("unbound_localroot_serving")),
              [("declines", 0), ("serves", 1)], "serving")
    resolver.control("localroot_refresh")  # the dead source fails again, and the file is written
    panels = monitoring.expressions(json.loads(DASHBOARD.read_text(encoding="utf-8")), "1m")

    def empty():
        return [panel for panel in panels if not prometheus.query(panel[2])]
    lab.wait(lambda: not empty(), 20, lambda: f"no data for {empty()}")

    def evaluated():
        return [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]

    def waiting():
        return {(alert["labels"]["alertname"], alert["annotations"]["summary"]) for rule in evaluated() for alert in rule["alerts"]}
    # An alert waits for its time, and names the reason already.
    lab.wait(lambda: ("LocalrootNotServing", "declines serves no local root: forward_zone") in waiting(), 30, waiting)
    tap.equal({(rule["health"], rule.get("lastError", "")) for rule in evaluated()}, {("ok", "")}, "rules")


tap.run()
