"""What the lab's TLD servers hold. Every TLD has the same names, so that a test can speak of any of them:

    www.T            A and AAAA
    txt.T            TXT
    to-U.T           CNAME to www.U, for every other served TLD U
    chain.T          CNAME to the next TLD's chain, through at most five TLDs, then an address
    shop.T           delegated without glue to ns.shop-dns.U, U being the next TLD; www.shop.T has an address
    *.wild.T         A
"""

# Secure delegations of the lab's own root, then insecure ones. `far` has name servers in com and org only,
# without glue, so that resolving it means resolving them first.
SIGNED = ["com", "net", "org", "info", "arpa"]
UNSIGNED = ["tk", "gq", "far"]
FAR_SERVERS = ["ns.far-dns.com.", "ns.far-dns.org."]
FAR_ADDRESSES = ["198.51.100.31", "198.51.100.32", "2001:db8:fa::31"]

LEAF_ADDRESSES = ["198.51.100.53", "2001:db8:1eaf::53"]
RSNET_ADDRESSES = ["198.51.100.54", "2001:db8:1eaf::54"]  # root-servers.net's own, see rootzone.py

_SOA = "@ 3600 IN SOA ns hostmaster 1 3600 900 604800 300\n"


def _addresses(name, addresses, ttl=3600):
    return "".join(f"{name} {ttl} IN {'AAAA' if ':' in a else 'A'} {a}\n" for a in addresses)


def zone(tld, served, servers, glue):
    """The text of a TLD's zone. served: all the lab's TLDs; servers: its NS names; glue: name -> addresses, of the
    whole root zone, of which the TLD holds those that lie under it."""
    text = [f"$ORIGIN {tld}.\n$TTL 3600\n", _SOA]
    text += [f"@ IN NS {name}\n" for name in servers]
    text += [_addresses(name, addresses) for name, addresses in sorted(glue.items())
             if name.endswith(f".{tld}.") and ".root-servers." not in name]
    text += [_addresses("www", ["203.0.113.80", "2001:db8:80::80"]), 'txt IN TXT "of the lab"\n',
             _addresses("*.wild", ["203.0.113.82"])]
    text += [f"to-{other} IN CNAME www.{other}.\n" for other in served if other != tld]
    place = served.index(tld)
    after, before = served[(place + 1) % len(served)], served[place - 1]
    if place < min(5, len(served)) - 1:
        text.append(f"chain IN CNAME chain.{after}.\n")
    else:
        text.append(_addresses("chain", ["203.0.113.81"]))
    text.append(f"shop IN NS ns.shop-dns.{after}.\n")
    text.append(_addresses("ns.shop-dns", LEAF_ADDRESSES) if before != tld else "")
    text += [_addresses(name, FAR_ADDRESSES) for name in FAR_SERVERS if name.endswith(f".{tld}.")]
    if tld == "net":
        text.append("root-servers IN NS ns.rsnet-dns\n" + _addresses("ns.rsnet-dns", RSNET_ADDRESSES))
    return "".join(text)


def leaf(tld, server):
    """The zone shop.TLD."""
    return (f"$ORIGIN shop.{tld}.\n$TTL 300\n{_SOA}@ IN NS {server}\n"
            + _addresses("www", ["203.0.113.90", "2001:db8:80::90"], 300))


def root_servers_net(hints):
    """The zone root-servers.net, on a server of its own. hints: name -> addresses."""
    return ("$ORIGIN root-servers.net.\n$TTL 3600\n" + _SOA + "@ IN NS ns.rsnet-dns.net.\n"
            + "".join(_addresses(name, addresses) for name, addresses in sorted(hints.items())))
