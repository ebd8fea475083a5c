"""Plants one bug at a time in a copy of the sources and shows that the simulator finds it, and with which seed.

plant.py BUILD, where BUILD holds a finished build of the simulator. Nothing of this is in the sources: each bug is a
change of text, and a text that is no longer there fails loudly.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CORE = Path(__file__).parents[1]
FLAGS = ["-std=c++20", "-O1", "-g0", "-pthread"]
SEEDS = 2_000

Change = tuple[str, str, str]
"""(file, text, what replaces it)"""


@dataclass(frozen=True)
class Bug:
    name: str
    changes: tuple[Change, ...]


BUGS = (
    Bug("acknowledged before the sync", (
        ("src/journal.cpp", "    sync_file(*segment_);\n    require_epoch();\n    durable_sequence_ = sequence;",
         "    require_epoch();\n    durable_sequence_ = sequence;"),)),
    Bug("a failed sync taken for a good one", (
        ("src/journal.cpp", "if (options_.is_synced) file.sync();",
         "if (options_.is_synced) { try { file.sync(); } catch (const std::exception&) {} }"),)),
    Bug("commands taken twice after a restart", (
        ("src/engine_recovery.cpp", "command_sequence_ = engine_->command_sequence();",
         "command_sequence_ = std::max<std::int64_t>(0, engine_->command_sequence() - 1);"),
        ("src/engine.cpp", "void Engine::refuse_sequence() { throw BadEncoding(\"command is out of sequence\"); }",
         "void Engine::refuse_sequence() {}"))),
    Bug("entered orders numbered anew after a restart", (
        ("src/engine_recovery.cpp", "    queue_.set_last_entered(engine_->last_entered());\n", ""),)),
    Bug("a lost session leaves its order at work", (
        ("src/engine_entered.cpp", "    cancel(index, Reason::disconnected);\n", ""),)),
    Bug("events released before they are projected", (
        ("sim/gateway.cpp", "service_.release_events(watermark_->number)", "service_.release_events(published_)"),)),
    Bug("a torn record taken without its checksum", (
        ("src/journal_scan.cpp", "            const auto header = journal_format::valid_record(bytes.subspan(at));\n",
         "            auto header = journal_format::valid_record(bytes.subspan(at));\n"
         "            if (!header && bytes.size() - at > kRecordHeaderBytes) {\n"
         "                const auto torn = journal_format::header_at(bytes.data() + at);\n"
         "                if (torn.sequence == expected && torn.length > 0 &&\n"
         "                    torn.length <= bytes.size() - at - kRecordHeaderBytes) header = torn;\n"
         "            }\n"),)),
    Bug("quantity missing from the snapshot", (
        ("src/engine_state_orders.cpp", "details.quantity.value, accounts_[order.account()].id", "order.lots.value, accounts_[order.account()].id"),)),
    Bug("event numbers off by one after a recovery", (
        ("src/engine_state.cpp", "event_number_ = reader.number();", "event_number_ = reader.number() + 1;"),)),
    Bug("execution ids begin again after a recovery", (
        ("src/engine_state.cpp", "next_execution_id_ = reader.number();", "static_cast<void>(reader.number());"),)),
    Bug("kill switch not restored", (
        ("src/engine_state.cpp", "    controls_.load(reader);", "    Controls ignored;\n    ignored.load(reader);"),)),
    Bug("command lost on a full queue", (
        ("sim/gateway.cpp", "context_.faults.fire(Fault::queue_full);\n        return false;",
         "context_.faults.fire(Fault::queue_full);\n        taken_ = sequence;\n        return true;"),)),
    Bug("validity judged by the time of the market", (
        ("src/engine_orders.cpp", "command.valid_until_ns < now_ns_", "command.valid_until_ns < market_time_ns_"),)),
    Bug("working lots not released by a cancel", (
        ("src/engine_orders.cpp",
         "    change_working(details.position, details.owner, order.side(), -leaves.value);\n"
         "    order_controls_.give_back", "    order_controls_.give_back"),)),
    Bug("an amendment counts twice in its parent", (
        ("src/engine_life.cpp", "    if (parent != 0) order_controls_.give_back_to_parent(parent, change.leaves_before);\n", ""),)),
    Bug("a canceled part gives nothing back to its parent", (
        ("src/engine_orders.cpp", "    order_controls_.give_back_to_parent(details.owner.parent_order_id, leaves);\n", ""),)),
    Bug("an auction trades at the price of the older order", (
        ("src/engine_auction.cpp", "report_trade(older, price, lots, taker);",
         "report_trade(older, nodes_.price(older), lots, taker);"),)),
    Bug("a reduced order goes to the back", (
        ("src/order_book.cpp", "    order.lots -= lots;\n    (*nodes_)[order.level].lots -= lots;\n",
         "    order.lots -= lots;\n    (*nodes_)[order.level].lots -= lots;\n"
         "    const LevelIndex level = unlink(index);\n    link(index, level);\n"),)),
    Bug("cursor moved although the commit was refused", (
        ("sim/dispatcher.cpp", "    database_.transaction([&] {\n        insist(",
         "    database_.cursor.event_number = last.number;\n    database_.transaction([&] {\n"
         "        database_.cursor.event_number = events.front().number - 1;\n        insist("),)),
    Bug("snapshots removed that events still need", (
        ("src/engine_recovery.cpp", "    if (base == snapshots.end()) return;\n",
         "    if (base == snapshots.end()) {\n"
         "        for (auto at = kSnapshotsKept; at < snapshots.size(); ++at) storage_->remove(snapshots[at].name);\n"
         "        return;\n    }\n"),)),
    Bug("segments removed without syncing the folder", (
        ("src/engine_recovery.cpp",
         "        storage_->sync_directory();  // oldest first, also after a power loss: the rest has no hole\n", ""),)),
)  # fmt: skip


class Moved(Exception):
    """The text that a bug changes is no longer there."""


class Planter:
    """Works on a finished build of the simulator: a changed file stands before the same one of the library."""

    def __init__(self, build: Path) -> None:
        named = [os.environ.get("CXX", ""), "c++", "g++", "clang++"]
        found = next((shutil.which(name) for name in named if name and shutil.which(name)), None)
        if found is None:
            sys.exit("parley: planting bugs needs a C++20 compiler: install g++ (Debian: apt-get install g++).")
        self._compiler, self._build = found, build
        self._folder = build / "planted"
        self._folder.mkdir(exist_ok=True)

    def plant(self, bug: Bug) -> Path:
        """The simulator with the bug."""
        changed: dict[str, Path] = {}
        for file, text, replacement in bug.changes:
            source = changed.get(file, CORE / file).read_text()
            if source.count(text) != 1:
                raise Moved(f"{file} holds {source.count(text)} times: {text!r}")
            changed[file] = self._folder / Path(file).name
            changed[file].write_text(source.replace(text, replacement))
        objects = [self._compile(source) for source in changed.values()]
        whole = sorted((self._build / "CMakeFiles/parley_simulate.dir/sim").glob("*.o"))
        sound = [path for path in whole if f"sim/{path.name.removesuffix('.o')}" not in changed]
        program = self._folder / "simulate"
        self._run([*objects, *sound, self._build / "libparley.a", "-o", program])
        return program

    def _compile(self, source: Path) -> Path:
        target = source.with_suffix(".o")
        self._run([f"-I{CORE / 'include'}", f"-I{CORE / 'sim'}", "-c", source, "-o", target])
        return target

    def _run(self, arguments: list[str | Path]) -> None:
        subprocess.run([self._compiler, *FLAGS, *arguments], check=True)


def main() -> int:
    planter = Planter(Path(sys.argv[1]))
    missed = 0
    for bug in BUGS:
        try:
            program = planter.plant(bug)
        except Moved as error:
            print(f"{bug.name}: NOT PLANTED: {error}", flush=True)
            missed += 1
            continue
        result = subprocess.run([program, "--seeds", str(SEEDS)], capture_output=True, text=True, check=False)
        found = re.search(r"^seed (\d+), step (\d+): (.*)$", result.stdout, re.MULTILINE)
        missed += found is None
        verdict = f"seed {found[1]}, step {found[2]}: {found[3]}" if found else f"NOT FOUND in {SEEDS} seeds"
        print(f"{bug.name}: {verdict}", flush=True)
    print(f"{len(BUGS) - missed} of {len(BUGS)} planted bugs found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
