"""What localroot_status json and contrib/check_localroot say, held against the schema and the rules of monitoring plugins."""

import json
import re
import subprocess

import lab
import tap

CONTRIB = lab.TOP / "contrib"
PLUGIN = str(CONTRIB / "check_localroot")
OK, WARNING, CRITICAL, UNKNOWN = range(4)


def strict(schema):
    """The same schema, where no other members are allowed than those that it names."""
    if isinstance(schema, dict):
        inner = {key: strict(value) for key, value in schema.items()}
        return {**inner, "additionalProperties": False} if "required" in schema else inner
    return [strict(value) for value in schema] if isinstance(schema, list) else schema


def valid(text):
    """The status, which has to be JSON, ASCII, and as the schema says."""
    try:
        import jsonschema
    except ImportError:
        raise tap.Skip("python3-jsonschema is not installed") from None
    tap.equal((text.isascii(), text[-2:]), (True, "}\n"), text)
    status = json.loads(text)
    schema = json.loads((CONTRIB / "localroot-status.schema.json").read_text(encoding="ascii"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(strict(schema)).validate(status)
    return status


def state(resolver):
    return valid(resolver.control("localroot_status", "json"))


def check(*arguments):
    """What the plugin says: exit code, text, performance data. It is one line, and nothing else is said."""
    done = subprocess.run([PLUGIN, *map(str, arguments)], capture_output=True, text=True, timeout=20)
    line = re.fullmatch(r"LOCALROOT (OK|WARNING|CRITICAL|UNKNOWN) - ([^|\n]+)( \| ([^|\n]+))?\n", done.stdout)
    if not line or done.stderr:
        raise AssertionError(f"{arguments}: {done}")
    tap.equal(("OK", "WARNING", "CRITICAL", "UNKNOWN").index(line.group(1)), done.returncode, done.stdout)
    return done.returncode, line.group(2), line.group(4)


def asking(resolver):
    """The plugin's arguments that ask this one."""
    return "-u", resolver.prefix / "sbin" / "unbound-control", "-C", resolver.config_file


def says(wanted, word, *arguments):
    """The exit code, and a word of the text."""
    code, text, _ = check(*arguments)
    tap.equal((code, word in text), (wanted, True), f"{word!r} in {text!r}")
