"""Which processes make up Parley, in which order, with which arguments."""

import dataclasses
import os
import socket
import sys
import urllib.parse
from pathlib import Path

from terminal import embedded
from terminal.supervisor import equities, readiness, state, venues
from terminal.supervisor.process import ManagedProcess, ProcessSpec, Readiness, StartFailure
from wire import transport
from wire.demo_quoters import DEMO_QUOTERS

GROUPS = {"celery": ("worker", "beat"), "venues": venues.NAMES}
NAMES = (
    *("postgres", "valkey", "prepare", "demo", "gateway", "standby", "dispatcher", "worker", "beat", "web", "makers"),
    *venues.NAMES,
    equities.NAME,
    *GROUPS,
)
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, never a default
VARIABLES = {"postgres": "DATABASE_URL", "valkey": "VALKEY_URL"}
PORT_MAX = 65_535
FIX_PORT = 9880
WORKER_THREADS = 2
GATEWAY_REFUSALS = frozenset({2, 3, 4, 6, 8, 11})
"""Bad arguments, a recording that cannot be played, a state of another market, a damaged journal, unusable venues or
pairs.
"""
GATEWAY_STOP_SECONDS = 30
"""It writes a snapshot before it ends, so that the next start is short."""
SETTLED_SECONDS = 1.0
"""A process of which nothing else can be asked counts as ready when it has run for so long."""
WORKER_HEARTBEAT = "celery.worker.heartbeat"
SOCKET_SERVER_BYTES_MAX = 8 << 20
"""daphne has one bound for both directions: a snapshot must fit. What clients send is bounded by ``wire.limits``."""
BASE_FOLDER = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """What ``manage.py up`` was asked for. ``port`` 0: any free one. ``recording`` None: the simulated market.

    ``fix_port`` None: the usual one, or a free one where that is taken.
    """

    state: Path
    host: str = "127.0.0.1"
    port: int = 8000
    fix_host: str = "127.0.0.1"
    fix_port: int | None = None
    recording: Path | None = None
    speed: str = "3600"
    seed: int = 1
    since: str = ""
    until: str = ""
    without: frozenset[str] = frozenset()
    has_standby: bool = False
    has_pairs: bool = False
    hot: Path | None = None
    """The hot file of a person (``PARLEY_HOT``); that of the demo's pairs where None."""
    send: str = "journal_first"
    """When the demo's pairs send."""
    database_url: str = ""
    valkey_url: str = ""

    def leaves_out(self, name: str) -> bool:
        return name in self.without or any(name in GROUPS.get(group, ()) for group in self.without)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    url: str
    database_url: str
    valkey_url: str
    fix_port: int
    environment: dict[str, str]
    specs: tuple[ProcessSpec, ...]


def make(options: Options) -> Plan:
    """Check what can be checked, prepare the embedded servers, and list the processes; raises StartFailure."""
    if unknown := options.without - set(NAMES):
        raise StartFailure(f"There is no process called {min(unknown)}; there are {', '.join(NAMES)}.")
    if options.recording and not options.recording.is_dir():
        raise StartFailure(f"The recording {options.recording} is not a folder.")
    port = _check_port("Port", options.host, options.port, f"make run PORT={options.port + 1}")
    fix_port = choose_fix_port(options)
    options = dataclasses.replace(options, fix_port=fix_port)
    state.secret_key(options.state)
    servers, database_url, valkey_url = _servers(options)
    environment = _environment(options, database_url, valkey_url)
    processes = _python_processes(options, valkey_url, port)
    specs = [*servers, *(spec for spec in processes if not options.leaves_out(spec.name))]
    shown_host = "localhost" if options.host in ("127.0.0.1", *EVERY_ADDRESS) else options.host
    return Plan(
        url=f"http://{shown_host}:{port}/",
        database_url=database_url,
        valkey_url=valkey_url,
        fix_port=fix_port,
        environment=environment,
        specs=tuple(specs),
    )


def _check_port(name: str, host: str, port: int, hint: str) -> int:
    """The port, or a free one for 0. Raises StartFailure where it does not exist or another process has it."""
    if not 0 <= port <= PORT_MAX:
        raise StartFailure(f"{name} {port} does not exist: ports go from 1 to {PORT_MAX}, 0 takes a free one.")
    port = port or embedded.free_port()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise StartFailure(f"{name} {port} of {host} cannot be used ({error.strerror}): try `{hint}`.") from error
    return port


def choose_fix_port(options: Options) -> int:
    """The port that was asked for. Where none was, the usual one, or a free one beside another instance."""
    if options.fix_port is not None:
        return _check_port("FIX port", options.fix_host, options.fix_port, "--fix-port 0")
    try:
        return _check_port("FIX port", options.fix_host, FIX_PORT, "")
    except StartFailure:
        return embedded.free_port()


def _servers(options: Options) -> tuple[list[ProcessSpec], str, str]:
    specs, urls = [], {"postgres": options.database_url, "valkey": options.valkey_url}
    prepare = {"postgres": embedded.prepare_postgres, "valkey": embedded.prepare_valkey}
    for name, given in urls.items():
        if given:
            _check_answers(name, given)
            continue
        if options.leaves_out(name):
            raise StartFailure(f"Without {name}, {VARIABLES[name]} must name a server.")
        server = prepare[name](options.state)
        urls[name] = server.url
        specs.append(server.spec)
    return specs, urls["postgres"], urls["valkey"]


def _check_answers(name: str, url: str) -> None:
    answers = readiness.postgres_accepts if name == "postgres" else readiness.valkey_answers
    if not answers(url):
        where = urllib.parse.urlsplit(url)
        place = f"{where.hostname}:{where.port}{where.path}"
        raise StartFailure(f"The {name} at {place}, which {VARIABLES[name]} names, does not answer.")


def _environment(options: Options, database_url: str, valkey_url: str) -> dict[str, str]:
    hosts = os.environ.get("PARLEY_HOSTS", "localhost,127.0.0.1,[::1]")
    return {
        "DJANGO_SETTINGS_MODULE": "terminal.settings",
        "DATABASE_URL": database_url,
        "VALKEY_URL": valkey_url,
        "PARLEY_STATE": str(options.state),
        "PARLEY_HOSTS": hosts if options.host in ("127.0.0.1", *EVERY_ADDRESS) else f"{hosts},{options.host}",
        "PYTHONUNBUFFERED": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }


def _python_processes(options: Options, valkey_url: str, port: int) -> list[ProcessSpec]:
    manage = str(BASE_FOLDER / "manage.py")
    steps = ["--without-demo"] if options.leaves_out("demo") else []
    pairs = equities.prepare(options.state, seed=options.seed, send=options.send) if options.has_pairs else None
    if pairs is not None:
        steps += ["--pairs", str(pairs.template), str(pairs.hot)]
        options = dataclasses.replace(options, hot=options.hot or pairs.hot)
    celery = ("-m", "celery", "--quiet", "-A", "terminal")
    pool = ("--pool=threads", f"--concurrency={WORKER_THREADS}", "--without-gossip", "--without-mingle")
    schedule = ("--pidfile=", "--loglevel=WARNING")
    simulated = [venues.prepare(options.state, name) for name in venues.NAMES if not options.leaves_out(name)]
    connected = venues.write_file(options.state, simulated)
    return [
        _python("prepare", manage, "prepare", *steps, needs=("postgres", "valkey"), is_one_shot=True),
        _gateway(options, valkey_url, connected),
        *([_standby(options, valkey_url, connected)] if options.has_standby else []),
        _python(
            "dispatcher",
            manage,
            "dispatch",
            needs=("postgres", "valkey", "prepare"),
            is_ready=lambda process: readiness.beats_since(
                valkey_url, transport.DISPATCHER_HEARTBEAT, process.started_at_ns
            ),
        ),
        _python(
            "worker",
            *celery,
            "worker",
            *pool,
            "--loglevel=WARNING",
            needs=("postgres", "valkey", "prepare"),
            is_ready=lambda _: readiness.beats(valkey_url, WORKER_HEARTBEAT),
        ),
        _python("beat", *celery, "beat", *schedule, needs=("postgres", "valkey", "prepare")),
        _web(options, port),
        _makers(options, port),
        *(_venue(one) for one in simulated),
        *([_python(equities.NAME, *pairs.arguments, needs=())] if pairs else []),
    ]


def _gateway(options: Options, valkey_url: str, connected: Path | None) -> ProcessSpec:
    arguments = ["-m", "gateway", "--state", str(options.state)]
    arguments += ["--venues", str(connected)] if connected else []
    arguments += ["--hot", str(options.hot)] if options.hot else []
    if options.recording:
        arguments += ["--recording", str(options.recording), "--speed", options.speed]
        arguments += ["--from", options.since] if options.since else []
        arguments += ["--to", options.until] if options.until else []
    else:
        arguments += ["--simulated", "--seed", str(options.seed)]
    arguments += ["--standby"] if options.has_standby else []
    arguments += ["--fix-host", options.fix_host, "--fix-port", str(options.fix_port)]
    spec = _python(
        "gateway",
        *arguments,
        needs=("valkey", "prepare") if options.has_pairs else ("valkey",),
        is_ready=lambda process: readiness.beats_since(valkey_url, transport.GATEWAY_HEARTBEAT, process.started_at_ns),
    )
    return dataclasses.replace(spec, hopeless_exit_codes=GATEWAY_REFUSALS, stop_seconds=GATEWAY_STOP_SECONDS)


def _standby(options: Options, valkey_url: str, connected: Path | None) -> ProcessSpec:
    """A second gateway. Either may hold the journal: the one that dies comes back as the standby of the other."""
    spec = _gateway(options, valkey_url, connected)
    return dataclasses.replace(spec, name="standby", needs=("valkey", "gateway"), is_ready=_has_settled)


def _web(options: Options, port: int) -> ProcessSpec:
    size = str(SOCKET_SERVER_BYTES_MAX)
    return _python(
        "web",
        *("-m", "daphne", "-b", options.host, "-p", str(port), "-v", "0", "--no-server-name"),
        *("--websocket-max-message-size", size, "--websocket-max-frame-size", size),
        "terminal.asgi:application",
        needs=("postgres", "valkey", "prepare"),
        is_ready=lambda _: readiness.web_answers(_reachable(options.host), port),
    )


def _makers(options: Options, port: int) -> ProcessSpec:
    """One process quotes for every maker of the demo; each firm's own parameters are in force."""
    url = urllib.parse.urlunsplit(("http", f"{_reachable(options.host)}:{port}", "", "", ""))
    keys = [part for maker in DEMO_QUOTERS for part in ("--key-file", str(options.state / "demo" / f"{maker}.json"))]
    return _python(
        "makers",
        *("-m", "strategies.maker", "--url", url, *keys),
        needs=("prepare", "gateway", "web"),
    )


def _venue(one: venues.SimulatedVenue) -> ProcessSpec:
    """A venue that is played; it follows our market, and our gateway connects when it is there."""
    return _python(one.name, *one.arguments, needs=("valkey", "gateway"))


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in EVERY_ADDRESS else host


def _has_settled(process: ManagedProcess) -> bool:
    return process.seconds_up() > SETTLED_SECONDS


def _python(
    name: str, *arguments: str, needs: tuple[str, ...], is_ready: Readiness = _has_settled, is_one_shot: bool = False
) -> ProcessSpec:
    return ProcessSpec(
        name=name,
        arguments=(sys.executable, *arguments),
        needs=needs,
        is_ready=is_ready,
        is_one_shot=is_one_shot,
        folder=BASE_FOLDER,
    )
