"""The user's modules keep their place: what stands in front of the validator is asked first, as without the local root, and
behind it the copy gives the same answers as an Unbound without, though the module is not module 0 then."""

import os
import pathlib
import shutil

import compare
import lab
import questions
import rootzone
import same
import tap

SCRIPT = '''
def init(id, cfg): return True
def deinit(id): return True
def inform_super(id, qstate, superqstate, qdata): return True
def operate(id, event, qstate, qdata):
    if event == MODULE_EVENT_NEW or event == MODULE_EVENT_PASS:
        name = qstate.qinfo.qname_str
        if not name.endswith(".intra."):
            qstate.ext_state[id] = MODULE_WAIT_MODULE
            return True
        answer = DNSMessage(name, RR_TYPE_A, RR_CLASS_IN, PKT_QR | PKT_RA)
        answer.answer.append("%s 10 IN A 192.0.2.53" % name)
        answer.set_return_msg(qstate)
        qstate.return_msg.rep.security = 2
        qstate.return_rcode = RCODE_NOERROR
    qstate.ext_state[id] = MODULE_FINISHED
    return True
'''
RESPIP = "response-ip: 203.0.113.0/24 redirect\nresponse-ip-data: 203.0.113.0/24 \"A 192.0.2.1\""
SUBNET = "send-client-subnet: 198.18.0.0/16"

# The user's modules, with those of them that are in front of the local root, and lines for server:.
ORDERS = {
    "python validator iterator": ("python dynlib validator iterator", ""),
    "respip validator iterator": ("respip dynlib validator iterator", RESPIP),
    "respip dns64 validator iterator": ("respip dns64 dynlib validator iterator", RESPIP),
    "python subnetcache validator iterator": ("python dynlib subnetcache validator iterator", SUBNET),
    "python respip validator iterator": ("python respip dynlib validator iterator", f"{RESPIP}\nprefetch: yes\nprefetch-key: yes"),
}


def script(net):
    """The clause for a script that answers for *.intra."""
    return f'python:\n  python-script: "{net.write("intra.py", SCRIPT)}"\n'


def intra(resolver):
    reply = resolver.ask("host.intra.", dnssec=False)
    return [str(rrset) for rrset in reply.answer]


def compared(scene, modules, order, config):
    plain, local = scene.pair(modules=modules, order=order, config=config, tail=script(scene.net) if "python" in modules else "")
    before = local.metrics()["answers_nxdomain"]
    asked = questions.representative(scene.zone, 300)
    with compare.Pair(plain, local) as pair:
        same.cold(pair, list(asked), scene.zone, modules)
    same.check_root_silent(scene, local)
    local.wait_metrics(lambda m: m["answers_nxdomain"] > before, 20, "junk answered from the copy")
    if "python" in modules:
        tap.equal(intra(local), intra(plain), "the script")
        tap.equal(intra(local), ["host.intra. 10 IN A 192.0.2.53"], "the script")
    for resolver in (plain, local):
        resolver.stop()


def patched(scene):
    """localroot: yes alone."""
    net = scene.net
    try:
        resolver = net.unbound(config=f"localroot: yes\nlocalroot-module: {lab.MODULE}\nlocalroot-dir: {net.folder}\n"
                               f"localroot-source: axfr:{net.transfer_addresses[0]}", modules="python validator iterator",
                               tail=script(net))
    except RuntimeError as refused:
        if "unknown keyword 'localroot'" in str(refused):
            raise tap.Skip("this Unbound is not patched: its server clause has no localroot options") from None
        raise
    resolver.wait_serving()
    tap.equal(resolver.control("get_option", "module-config").strip(), "python dynlib validator iterator")
    tap.equal(intra(resolver), ["host.intra. 10 IN A 192.0.2.53"], "the script")
    before = resolver.metrics()["answers_nxdomain"]
    tap.equal(resolver.ask("junk-behind-python.").rcode(), 3)
    tap.equal(resolver.metrics()["answers_nxdomain"] > before, True, "answered from the copy")


def two_files(scene):
    """The library under two paths, which are two libraries to Unbound."""
    net = scene.net
    copy = net.folder / "another.so"
    shutil.copy(lab.MODULE, copy)
    options = ["localroot: yes", f"localroot-source: axfr:{net.transfer_addresses[0]}", f"localroot-dir: {net.folder}"]
    for files in ((lab.MODULE, copy), (lab.MODULE, lab.MODULE)):
        transfers = len(net.transfers())
        resolver = net.unbound(config='module-config: "dynlib dynlib validator iterator"\nnum-threads: 2', checked=False,
                               tail="dynlib:\n" + "".join(f'  dynlib-file: "{file}"\n' for file in (*files, *options)))
        for start in (1, 2):
            lab.wait(lambda: resolver.log.count("serving the root zone") == start, 20, lambda: resolver.log)
            tap.equal(resolver.log.count("loaded twice: the second in module-config does nothing"), start, resolver.log)
            tap.equal(resolver.ask(f"junk-twice-{start}.").rcode(), 3)
            if start == 1:
                resolver.reload()
        tap.equal(len(net.transfers()) - transfers <= 1, True, "transfers")
        tap.equal(resolver.stop(), 0, "exit code")


def behind(scene):
    """A validator in front would end first, and take away what the module's thread looks at."""
    net = scene.net
    resolver = net.unbound(localroot=[], config='module-config: "validator dynlib iterator"')
    for start in (1, 2):
        lab.wait(lambda: resolver.log.count("dynlib stands behind the validator") == start, 20, "a line for each start")
        start_of_queries = len(net.sniffer.queries())
        tap.equal(resolver.ask(f"junk-{start}.").rcode(), 3)
        if not net.root_queries(resolver, start_of_queries):
            raise AssertionError("nothing was asked of the root servers")
        if start == 1:
            resolver.reload()
    tap.equal(resolver.stop(), 0, "exit code")


# Other versions' Unbounds may have installed theirs for all.
os.environ["PYTHONPATH"] = str(pathlib.Path(os.environ.get("LR_UNBOUND_SRC") or "") / "pythonmod")
scene_ = same.Scene(rootzone.make())
tap.test("the lab")(scene_.__enter__)
tap.test("localroot: yes with a script in front: the script is asked, and junk is answered from the copy")(lambda: patched(scene_))
for modules_, (order_, config_) in ORDERS.items():
    tap.test(f"{order_}: the same answers as {modules_}")(lambda m=modules_, o=order_, c=config_: compared(scene_, m, o, c))
tap.test("the library under two paths, or twice: one module serves, the second declines with a line, also over a reload")(lambda: two_files(scene_))
tap.test("behind the validator it declines, also over a reload, and Unbound resolves as without")(lambda: behind(scene_))
tap.test("the lab ends")(lambda: scene_.__exit__(None, None, None))
tap.run()
