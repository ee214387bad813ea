"""The same answers as without the module under each of Unbound's settings that has a say in them.

A few hundred questions for each, to fresh caches. With LR_LONG set, a thousand, and on the real root as well.
"""

import contextlib
import os
import subprocess

import compare
import lab
import questions
import same
import tap

LONG = bool(os.environ.get("LR_LONG"))

# Lines for server:, with what else unbound() takes. newer: a line that older Unbounds do not know; chance: in what two
# Unbounds without the module differ from each other with it, as a pattern.
CONFIGS = {
    "cache-max-ttl above all TTLs": {"config": "cache-max-ttl: 1000000\ncache-max-negative-ttl: 1000000"},
    "cache-max-ttl": {"config": "cache-max-ttl: 1800"},
    "cache-max-ttl below the negative one": {"config": "cache-max-ttl: 120\ncache-max-negative-ttl: 600"},
    "cache-max-ttl 0": {"config": "cache-max-ttl: 0"},
    "cache-min-ttl": {"config": "cache-min-ttl: 100000"},
    "cache-min-ttl and cache-max-negative-ttl": {"config": "cache-min-ttl: 3600\ncache-max-negative-ttl: 60"},
    "cache-max-negative-ttl": {"config": "cache-max-negative-ttl: 30"},
    "serve-original-ttl": {"config": "serve-original-ttl: yes"},
    "minimal-responses: no": {"config": "minimal-responses: no"},
    "rrset-roundrobin: no": {"config": "rrset-roundrobin: no"},
    "qname-minimisation: no": {"config": "qname-minimisation: no"},
    "qname-minimisation-strict": {"config": "qname-minimisation-strict: yes"},
    "harden-*: yes": {"config": "harden-below-nxdomain: yes\nharden-large-queries: yes\n"
                                "harden-short-bufsize: yes\nharden-algo-downgrade: yes\nharden-glue: yes\n"
                                "harden-dnssec-stripped: yes"},
    # With nothing in its cache this asks so much that Unbound gives up now and then, from 1.22 on at 200 queries for one.
    "harden-referral-path: yes": {"config": "harden-referral-path: yes", "newer": "max-global-quota: 100000",
                                  "chance": r"TTL (3600|86400) for (3600|86400) in additional \w\.root-servers\.net\. A"},
    "harden-*: no": {"config": "harden-below-nxdomain: no\nharden-large-queries: no\nharden-short-bufsize: no\n"
                               "harden-algo-downgrade: no\nharden-dnssec-stripped: no"},
    "aggressive-nsec: yes": {"config": "aggressive-nsec: yes"},
    "aggressive-nsec: no": {"config": "aggressive-nsec: no"},
    "serve-expired": {"config": "serve-expired: yes", "warm": True},
    "serve-expired with a client's timeout": {"config": "serve-expired: yes\nserve-expired-client-timeout: 1800",
                                              "warm": True},
    "prefetch": {"config": "prefetch: yes\nprefetch-key: yes"},
    "caches that were filled before the copy came": {"filled": True},
    "serve-expired, prefetch, and caches that were filled before": {
        "config": "serve-expired: yes\nprefetch: yes\nserve-expired-client-timeout: 0", "filled": True},
    "val-permissive-mode": {"config": "val-permissive-mode: yes"},
    "ignore-cd-flag": {"config": "ignore-cd-flag: yes"},
    "val-clean-additional: no": {"config": "val-clean-additional: no\nminimal-responses: no"},
    "val-max-restart: 0": {"config": "val-max-restart: 0"},
    "root-key-sentinel: no": {"config": "root-key-sentinel: no\ntrust-anchor-signaling: no"},
    "no validator": {"modules": "iterator", "serves": False},
    "ede": {"config": "ede: yes\nede-serve-expired: yes\nval-log-level: 2"},
    # As the first module of all dns64 alone sees PTR and AAAA for synthall.
    "dns64": {"config": "dns64-prefix: 64:ff9b::/96", "modules": "dns64 validator iterator",
              "order": "dns64 dynlib validator iterator"},
    "dns64-synthall": {"config": "dns64-synthall: yes", "modules": "dns64 validator iterator",
                       "order": "dns64 dynlib validator iterator"},
    "subnetcache": {"config": "send-client-subnet: 198.18.0.0/16",
                    "modules": "subnetcache validator iterator", "order": "dynlib subnetcache validator iterator"},
    "subnetcache, idle": {"modules": "subnetcache validator iterator", "order": "dynlib subnetcache validator iterator"},
    "respip": {"config": "response-ip: 203.0.113.0/24 redirect\nresponse-ip-data: 203.0.113.0/24 \"A 192.0.2.1\"",
               "modules": "respip validator iterator"},
    "use-caps-for-id": {"config": "use-caps-for-id: yes"},
    "two threads": {"threads": 2, "warm": True},
    "hide-*": {"config": "hide-identity: yes\nhide-version: yes\nhide-trustanchor: yes\nhide-http-user-agent: yes"},
    "unblock-lan-zones": {"config": "unblock-lan-zones: yes\ninsecure-lan-zones: yes"},
    "deny-any": {"config": "deny-any: yes"},
    "do-ip6: no": {"config": "do-ip6: no"},
    "edns-buffer-size and max-udp-size": {"config": "edns-buffer-size: 512\nmax-udp-size: 512"},
    "nsid and padding": {"config": "nsid: ascii_lab\npad-responses: yes\nedns-tcp-keepalive: yes\nedns-tcp-keepalive-timeout: 3000"},
    "private-address": {"config": "private-address: 203.0.113.0/24\nprivate-domain: tk"},
    "snooping allowed": {"config": "access-control: 127.0.0.0/8 allow_snoop"},
    "target-fetch-policy: 0": {"config": 'target-fetch-policy: "0 0 0 0 0"'},
    "small caches": {"config": "msg-cache-size: 16k\nrrset-cache-size: 16k\nkey-cache-size: 4k\nneg-cache-size: 4k"},
}


def knows(line):
    """Whether this Unbound has the option."""
    return subprocess.run([lab.prefix() / "sbin" / "unbound-checkconf", "-o", line.split(":")[0], "/dev/null"],
                          capture_output=True, timeout=20).returncode == 0


def compare_with(scene, name, newer=None, chance=None, warm=False, filled=False, serves=True, **how):
    if newer and knows(newer):
        how["config"] += "\n" + newer
    if filled:
        scene.net.serve_source(None)
    plain, local = scene.pair(serves=serves and not filled, **how)
    asked = list(questions.representative(scene.zone, 1000 if LONG else 300))
    with compare.Pair(plain, local) as pair:
        if filled:
            for question in asked:
                pair.ask(question)
            scene.net.serve_source(scene.root)
            with contextlib.suppress(RuntimeError):  # a stock Unbound: the next look comes by itself
                local.control("localroot_refresh")
            local.wait_serving(limit=90)
        (same.warm if warm or filled else same.cold)(pair, asked, scene.zone, name, chance)
    for resolver in (plain, local):
        resolver.stop()


def run():
    for root in same.ROOTS if LONG else list(same.ROOTS)[:1]:
        scene = same.Scene(same.ROOTS[root]())
        tap.test(f"the lab, {root}")(scene.__enter__)
        for name, how in CONFIGS.items():
            tap.test(f"{name}, {root}")(lambda scene=scene, name=name, how=how: compare_with(scene, name, **how))
        tap.test(f"the lab ends, {root}")(lambda scene=scene: scene.__exit__(None, None, None))
    tap.run()


run()
