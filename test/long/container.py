"""contrib/container: the image is built by buildah from a Debian that debootstrap made, as no registry of images is asked
here, and serves the lab's root. buildah's chroot isolation wants no cgroups and no daemon. LR_CONTEXT: another folder than
the clone to build from, one with a build/ of its own."""

import contextlib
import os
import shutil

import chroot
import lab
import netns
import tap

BASE, IMAGE, NAME = "localhost/lr-base", "localhost/lr-image", "lr-container"
ISOLATED = ("--isolation", "chroot")


def buildah(*words, limit=300):
    return chroot.tool("buildah", *words, limit=limit)


def prepare():
    """The image, with the machine's network."""
    base = chroot.make_base()
    with contextlib.suppress(AssertionError):
        buildah("rm", NAME)
    buildah("from", "--name", NAME, "scratch")
    chroot.tool("sh", "-c", f"cp -a {base.root}/. $(buildah mount {NAME})/", limit=300)
    buildah("commit", "--rm", NAME, BASE)
    context = os.environ.get("LR_CONTEXT", str(chroot.TOP))
    said = buildah("bud", *ISOLATED, "--build-arg", f"BASE={BASE}", "-t", IMAGE, "-f", f"{context}/contrib/container/Containerfile",
                   context, limit=3000)
    tap.note(said[-300:])


class Container(lab.daemons.Daemon):
    """What the image runs."""

    limit = 20
    address, port = "127.0.0.1", 53
    query, ask = lab.daemons.Unbound.query, lab.daemons.Unbound.ask

    def __init__(self, net):
        buildah("from", "--name", NAME, IMAGE)
        command = chroot.tool("buildah", "inspect", "--type", "image", "--format", "{{index .OCIv1.Config.Cmd 2}}", IMAGE).strip()
        # The lab's servers have port 53 of their addresses already.
        conf = (chroot.TOP / "contrib/container/container.conf").read_text(encoding="ascii")
        conf = net.write("container.conf", conf.replace("0.0.0.0\n", "127.0.0.1\n").replace("::0\n", "::1\n"))
        over = {net.zone.anchor: "/usr/share/dns/root.key", conf: "/etc/unbound/unbound.conf.d/container.conf"}
        volumes = [word for mine, theirs in over.items() for word in ("--volume", f"{mine}:{theirs}:ro")]
        super().__init__("container", net.folder / "container",
                         ["buildah", "run", *ISOLATED, *volumes, NAME, "--", "sh", "-c", command])

    def control(self, *words):
        return buildah("run", *ISOLATED, NAME, "--", "unbound-control", *words)

    def status(self):
        with contextlib.suppress(AssertionError):
            return self.control("localroot_status")
        return ""


@tap.test("the image's Unbound serves the root, and asks no root server")
def serves(net):
    container = Container(net)
    try:
        lab.wait(lambda: container.status().startswith("serving the root zone"), 30, lambda: f"{container.status()} {container.log}")
        start = len(net.sniffer.queries())
        tap.equal([container.ask(name, kind).rcode() for name, kind in (("junk-of-the-image.", "A"), ("com.", "DS"))], [3, 0])
        asked = [q for q in net.sniffer.queries()[start:] if q.destination in net.root_addresses]
        tap.equal(asked, [], "queries to the root")
    finally:
        container.stop()
        buildah("rm", NAME)


if not shutil.which("buildah"):
    tap.skip_all("buildah is not installed")
if not netns.inside():
    prepare()
netns.enter()
with lab.Lab() as net_:
    tap.run(net_)
