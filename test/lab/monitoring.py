"""What looks at resolvers: Debian's Prometheus and its node_exporter, on the loopback."""

import json
import shutil
import urllib.error
import urllib.parse
import urllib.request

import daemons
import tap


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise tap.Skip(f"{program} is not installed (Debian's packages prometheus and prometheus-node-exporter)")


def fetch(url):
    """The text there, or None where nobody answers yet."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, ConnectionError):
        return None


class NodeExporter(daemons.Daemon):
    """With nothing but its textfile collector, on a folder of *.prom."""

    def __init__(self, folder, textfiles, port=9100):
        need("prometheus-node-exporter")
        self.target = f"127.0.0.1:{port}"
        super().__init__("node_exporter", folder, [
            "prometheus-node-exporter", f"--web.listen-address={self.target}", "--collector.disable-defaults",
            "--collector.textfile", f"--collector.textfile.directory={textfiles}"])
        daemons.wait(self.metrics, 20, lambda: f"node_exporter answers:\n{self.log}")

    def metrics(self):
        return fetch(f"http://{self.target}/metrics")


class Prometheus(daemons.Daemon):
    """Scrapes targets (instance -> address) each second, and evaluates the rules of a file as often."""

    def __init__(self, folder, targets, rules, interval="1s", port=9090):
        need("prometheus")
        self.url = f"http://127.0.0.1:{port}"
        folder.mkdir(parents=True)
        config = {"global": {"scrape_interval": interval, "evaluation_interval": interval}, "rule_files": [str(rules)],
                  "scrape_configs": [{"job_name": "node", "static_configs": [
                      {"targets": [address], "labels": {"instance": name}} for name, address in targets.items()]}]}
        (folder / "prometheus.yml").write_text(json.dumps(config), encoding="ascii")  # JSON is YAML, too
        super().__init__("prometheus", folder, [
            "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"])
        daemons.wait(lambda: fetch(f"{self.url}/-/ready"), 30, lambda: f"Prometheus is ready:\n{self.log}")

    def ask(self, path, **arguments):
        """The data of an answer of its API. ValueError with what it says is wrong."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(arguments)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error).get("error")) from None

    def query(self, expression):
        """[(labels, value)] now."""
        return [(found["metric"], float(found["value"][1])) for found in self.ask("query", query=expression)["result"]]


def expressions(dashboard, rate_interval):
    """[(panel's title, legend, expression)] of a dashboard, with Grafana's variables filled in."""
    return [(panel["title"], target["legendFormat"],
             target["expr"].replace("$__rate_interval", rate_interval).replace("$instance", ".*"))
            for panel in dashboard["panels"] for target in panel["targets"]]
