"""CPU time for a question, and how many a second: one resolver after the other with the same kind of questions, round after round."""

import loads
from results import Row

LOADS = [("junk-do", "names that do not exist, DO", loads.junk_queries, {"dnssec": True}, {"NXDOMAIN": 100}),
         ("junk", "names that do not exist", loads.junk_queries, {}, {"NXDOMAIN": 100}),
         ("mixed", "90 % cached, 10 % that do not exist", loads.mixed_queries, {}, {"NOERROR": 90, "NXDOMAIN": 10}),
         ("ds", "DS of TLDs again and again, DO", loads.ds_queries, {"dnssec": True}, {"NOERROR": 100})]
FASTEST = 150000  # questions a second that no resolver reaches on a processor


def once(setting, peer, net, key, title, make, how, codes, seconds):
    """One run of one load."""
    queries = make(int(FASTEST * seconds), net)
    user, system = peer.split_cpu()
    before = peer.cpu()
    answers = loads.ask(peer, queries, net, limit=seconds, **how)
    used = peer.cpu() - before
    later_user, later_system = peer.split_cpu()
    answers.expect(**codes)
    share = (later_user - user) / max(later_user - user + later_system - system, 0.01)
    short = not how.get("tcp")
    add = setting.results.add
    add(Row(f"cpu-{key}", f"CPU a question: {title}", "µs", 2, short=short), peer.key, used / answers.count * 1e6)
    add(Row(f"user-{key}", "of which user", "µs", 2, short=short and "do" in key), peer.key, used / answers.count * 1e6 * share)
    add(Row(f"qps-{key}", f"most questions: {title}", "1,000/s", 1, max, short=key == "junk-do"), peer.key, answers.count / answers.seconds / 1000)
    return used / answers.count * 1e6


def measure(setting):
    seconds = 0.5 if setting.quick else 1.2
    with setting.lab() as net, setting.started(net, "CPU", cpus=setting.apart) as running:
        for peer in running.values():
            with setting.results.guard("CPU: warming it up", peer.key):
                loads.warm(peer, net)
        net.sniffer.stop()  # it would cost each packet something
        net.sniffer = None
        over_tcp = [(f"{key}-tcp", f"{title}, TCP", make, {**how, "tcp": True}, codes) for key, title, make, how, codes in LOADS]
        for turn in range(setting.rounds):
            for key, title, make, how, codes in [*LOADS, *(over_tcp[:1] if setting.quick else over_tcp)]:
                told = []
                for peer in setting.in_turn(list(running.values()), turn):
                    with setting.results.guard(f"CPU: {title}", peer.key):
                        told.append(f"{peer.key} {once(setting, peer, net, key, title, make, how, codes, seconds):.1f}")
                setting.results.say(f"round {turn + 1} of {setting.rounds}, CPU, µs, {title}: {', '.join(told)}")
