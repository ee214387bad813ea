"""What an answer says, in forms that can be compared."""

import dns.dnssec
import dns.flags
import dns.name
import dns.rdatatype

RRSIG, NSEC, SOA = dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.SOA


def secure(reply):
    return bool(reply.flags & dns.flags.AD)


def authoritative(reply):
    return bool(reply.flags & dns.flags.AA)


def records(section):
    """A section as a set, without TTLs; names in lower case."""
    return {(rrset.name.to_text().lower(), dns.rdatatype.to_text(rrset.rdtype), rdata.to_text().lower())
            for rrset in section for rdata in rrset}


def summary(reply):
    """All of an answer but its TTLs and id: what two resolvers must say alike."""
    return (reply.rcode(), dns.flags.to_text(reply.flags), records(reply.answer), records(reply.authority),
            records(reply.additional))


def first_ttls(reply):
    return sorted((rrset.name.to_text().lower(), rrset.rdtype, rrset.covers, rrset.ttl)
                  for section in (reply.answer, reply.authority) for rrset in section)


def find(section, name, kind):
    """The rrset of that name and type, which has to be there with a signature."""
    name = dns.name.from_text(name)
    rrsets = [r for r in section if r.name == name and r.rdtype == kind]
    signatures = [r for r in section if r.name == name and r.rdtype == RRSIG and r.covers == kind]
    if not rrsets or not signatures:
        raise AssertionError(f"no signed {dns.rdatatype.to_text(kind)} of {name} in {section}")
    return rrsets[0]


def check_denial(reply, name):
    """The authority section proves that the name does not exist: SOA, an NSEC over it, an NSEC over the wildcard at
    the root, each with its signature."""
    find(reply.authority, ".", SOA)
    for denied in (dns.name.from_text(name), dns.name.from_text("*.")):
        for rrset in (r for r in reply.authority if r.rdtype == NSEC):
            if rrset.name < denied and (denied < rrset[0].next or rrset[0].next == dns.name.root):
                find(reply.authority, rrset.name.to_text(), NSEC)
                break
        else:
            raise AssertionError(f"nothing denies {denied}: {reply.authority}")
