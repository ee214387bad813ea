"""Other builds of the Unbound under test: the same source, configured with other options or changed, as another distribution
would have it. Compiled without optimising, which takes half a minute each, and kept beside the source.

    builds.unbound("cachedb")          # its folder, with sbin/unbound; for net.unbound(installed=)
    builds.differences("cachedb")      # the options that it has, or has not, unlike the one that the module is built for
    builds.module("cachedb")           # a folder with .libs/localroot.so for it
"""

import fcntl
import hashlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile

SUBNET = ["--enable-subnet"]

# Sets of options of configure. None: as few as give the structs that they have in the build under test.
SETS = {
    "minimal": [],
    "subnet": SUBNET,
    "ipset": [*SUBNET, "--enable-ipset"],
    "ipsecmod": [*SUBNET, "--enable-ipsecmod"],
    "cachedb": [*SUBNET, "--enable-cachedb"],
    "redis": [*SUBNET, "--enable-cachedb", "--with-libhiredis"],
    "lock-checks": [*SUBNET, "--enable-lock-checks"],
    "no-threads": [*SUBNET, "--without-pthreads"],
    "alloc-checks": [*SUBNET, "--enable-alloc-checks"],
    "same": None,
}

# What a distribution's patch does: a field more. Name: file, what stands there, what is put in front of it, and what of
# Unbound's is another one thereby.
FIELDS = {
    "config": ("util/config_file.h", "int port;", "int another;", "port: elsewhere"),
    "env": ("util/module.h", "struct auth_zones* auth_zones;", "void* another;", "struct module_env"),
    "query": ("util/module.h", "struct regional* region;", "void* another;", "struct module_qstate"),
    "reply": ("util/data/msgreply.h", "size_t rrset_count;", "size_t another;", "struct reply_info"),
    "rrset": ("util/data/packed_rrset.h", "time_t ttl;", "size_t another;", "struct packed_rrset_data"),
    "zone": ("services/authzone.h", "rbtree_type data;", "void* another;", "struct auth_zone"),
    "zones": ("services/authzone.h", "rbtree_type xtree;", "void* another;", "struct auth_zones"),
    "alloc": ("util/alloc.h", "int thread_num;", "void* another;", "struct alloc_cache"),
    "library": ("dynlibmod/dynlibmod.h", "func_operate_t func_operate;", "void* another;", "struct module_env"),
}

# The macros of config.h that change a struct, and the options that define them.
MACROS = {
    "CLIENT_SUBNET": "--enable-subnet",
    "USE_IPSET": "--enable-ipset",
    "USE_IPSECMOD": "--enable-ipsecmod",
    "USE_CACHEDB": "--enable-cachedb",
    "USE_REDIS": "--with-libhiredis",
    "ENABLE_LOCK_CHECKS": "--enable-lock-checks",
    "UNBOUND_ALLOC_STATS": "--enable-alloc-checks",
}


def source():
    return pathlib.Path(os.environ["LR_UNBOUND_SRC"])


def installed():
    """The Unbound that the module is built for."""
    return source().parent / source().name.replace("unbound-", "prefix-")


def patched():
    return "cfg_localroot" in (source() / "util/config_file.h").read_text()


def _macros(folder):
    text = (folder / "config.h").read_text(encoding="utf-8")
    found = {macro for macro in MACROS if re.search(rf"^#define {macro}\b", text, re.MULTILINE)}
    return found if re.search(r"^#define HAVE_PTHREAD\b", text, re.MULTILINE) else found | {"no threads"}


def _options(name):
    if SETS.get(name) is not None:
        return SETS[name]
    return [MACROS[macro] for macro in sorted(_macros(source()))]


def differences(name):
    """{"with --enable-ipset", "without --enable-subnet"}: of the build of that name."""
    here, there = _macros(source()), _macros(unbound(name))
    options = {**MACROS, "no threads": "--without-pthreads"}
    return {f"{'with' if macro in there else 'without'} {options[macro]}" for macro in here ^ there}


def _run(command, folder, log):
    with open(log, "ab") as out:
        done = subprocess.run(command, cwd=folder, stdout=out, stderr=out, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: exit {done.returncode}:\n{pathlib.Path(log).read_text(errors='replace')[-2000:]}")


def _suffix(flags):
    return re.sub(r"\W+", "-", flags)


def _change(tree, name):
    file, place, field, _ = FIELDS[name]
    text = (tree / file).read_text(encoding="utf-8")
    if text.count(place) < 1:
        raise RuntimeError(f"no {place!r} in {file}")
    (tree / file).write_text(text.replace(place, f"{field}\n\t{place}", 1), encoding="utf-8")


def _build(name, flags, folder, scratch):
    tree = scratch / "unbound"
    shutil.copytree(source(), tree, symlinks=True,
                    ignore=shutil.ignore_patterns("*.o", "*.lo", ".libs", ".pc", "testdata", "config.h", "config.status"))
    if name in FIELDS:
        _change(tree, name)
    log = folder / "log"
    _run(["./configure", f"--cache-file={folder.parent}/config.cache{_suffix(flags)}", "--with-dynlibmodule", "--disable-flto", "--disable-rpath",
          "--with-chroot-dir=", "--with-username=", *_options(name), f"CFLAGS=-O0 -g0 -pipe {flags}"], tree, log)
    _run(["make", f"-j{os.cpu_count()}", "unbound"], tree, log)
    (folder / "sbin").mkdir(exist_ok=True)
    shutil.copy(tree / "unbound", folder / "sbin")
    shutil.copy(tree / "config.h", folder)
    for program in ("unbound-checkconf", "unbound-control"):  # which do not depend on the options
        (folder / "sbin" / program).unlink(missing_ok=True)
        (folder / "sbin" / program).symlink_to(installed() / "sbin" / program)


def unbound(name, flags=""):
    """Of SETS or FIELDS; flags: for the compiler. Only its own config.h and programs remain of the source."""
    folder = source().parent / f"other-{source().name}" / (name + _suffix(flags))
    what = [(source() / "config.h").read_text(), (source() / "util/config_file.h").read_text(), str(_options(name)), flags,
            str(FIELDS.get(name)), (source() / "dynlibmod/dynlibmod.c").read_text()]
    key = hashlib.sha256("\0".join(what).encode()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="ascii") as lock, tempfile.TemporaryDirectory(prefix="lr-build-") as scratch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "complete"
        if not done.exists() or done.read_text(encoding="ascii") != key:
            done.unlink(missing_ok=True)
            (folder / "log").unlink(missing_ok=True)
            _build(name, flags, folder, pathlib.Path(scratch))
            done.write_text(key, encoding="ascii")
    return folder


# Structs with conditional fields that the module does not look into; into daemon, in front of the first of them alone.
NOT_LOOKED_INTO = {"comm_point", "comm_reply", "config_view", "daemon", "doq_addr_storage", "doq_server_socket", "http2_session"}


def conditions():
    """[("util/module.h", "module_qstate", "#ifdef CLIENT_SUBNET")]: in the structs of the headers that the module includes."""
    top = pathlib.Path(os.environ["LR_TOP"])
    major, minor = re.search(r'PACKAGE_VERSION "(\d+)\.(\d+)', (source() / "config.h").read_text(encoding="utf-8")).groups()
    made = subprocess.run(["cc", "-M", f"-I{source()}", f"-I{top}/module", f"-DLR_UNBOUND_NUMBER={int(major) * 100 + int(minor)}", "-xc",
                           str(top / "module/unbound.h")], capture_output=True, text=True, check=True).stdout
    found = []
    for header in sorted({word for word in made.split() if word.startswith(str(source()))} - {f"{source()}/config.h"}):
        text = re.sub(r"/\*.*?\*/", "", pathlib.Path(header).read_text(encoding="utf-8"), flags=re.DOTALL)
        for struct, body in re.findall(r"^struct (\w+) \{(.*?)^\}", text, re.MULTILINE | re.DOTALL):
            if struct not in NOT_LOOKED_INTO:
                found += [(header.removeprefix(f"{source()}/"), struct, line.strip()) for line in re.findall(r"^\s*#\s*(?:if|elif).*$", body, re.MULTILINE)]
    return found


def module(name):
    """The module with the headers of that build: of SETS."""
    folder, build = unbound(name), pathlib.Path(os.environ["LR_BUILD"])
    show = "lr-show: ; $(info $(CC) $(DEFS) -I$(folder) $(localroot_la_CPPFLAGS) $(AM_CFLAGS) $(CFLAGS))$(info $(LIBS) $(libzone_la_LIBADD))@:"
    shown = subprocess.run(["make", "-s", f"--eval={show}", f"folder={folder}", "lr-show"], cwd=build, capture_output=True, text=True,
                           check=True).stdout.splitlines()[-2:]
    (folder / ".libs").mkdir(exist_ok=True)
    sources = sorted((pathlib.Path(os.environ["LR_TOP"]) / "module").glob("*.c"))
    _run(shlex.split(shown[0]) + ["-I.", "-fPIC", "-shared", "-Wl,-Bsymbolic", *map(str, sources), ".libs/libvalidate.a", ".libs/libzone.a",
                                  *shlex.split(shown[1]), "-o", str(folder / ".libs/localroot.so")], build, folder / "log")
    return folder
