"""The core's own checks, from its sources alone: sanitizers and fuzzing. Uses nothing but the standard library.

    python core/check.py agree --count 10000000      engine and reference book on N random commands, event by event
    python core/check.py replay --count 1000000      N journaled inputs rebuilt to the same hash
    python core/check.py sanitize             C++ tests under ASan+UBSan and TSan, 50 seeds, a moment of every fuzz target
    python core/check.py fuzz --seconds 60    every fuzz target, or --target fuzz_commands, guided by coverage
    python core/check.py simulate --seeds 1000        the simulator, or --seed 7 for one seed with its trace
    python core/check.py simulate --bugs              the simulator against planted bugs
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

CORE = Path(__file__).parent
BUILD = CORE / "build"
FLAGS = "-O1 -g1"
MEMORY = "address,undefined"
THREADS = "thread"
TESTS, FUZZ, SIMULATOR = "-DPARLEY_CORE_TESTS=ON", "-DPARLEY_CORE_FUZZ=ON", "-DPARLEY_CORE_SIMULATOR=ON"
SMOKE_SECONDS = 5
SMOKE_SEEDS = 50
COUNT_MAX = 1_000_000_000
INPUT_BYTES_MAX = 8_192
BUILD_LOG_CHARACTERS = 6_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(required=True)
    sanitize = actions.add_parser("sanitize")
    sanitize.set_defaults(run=run_sanitizers)
    fuzz = actions.add_parser("fuzz")
    fuzz.add_argument("--seconds", type=int, default=60, help="of each target")
    fuzz.add_argument("--target", default="", help="one of them, by name")
    fuzz.set_defaults(run=run_fuzzers)
    simulate = actions.add_parser("simulate")
    simulate.add_argument("--seeds", type=int, default=1_000)
    simulate.add_argument("--seed", type=int, help="only this one")
    simulate.add_argument("--bugs", action="store_true", help="show that it finds the planted bugs")
    simulate.set_defaults(run=run_simulator)
    agree = actions.add_parser("agree")
    agree.add_argument("--count", type=int, default=10_000_000, help="commands, a new seed every 50,000")
    agree.set_defaults(run=run_agreement)
    replay = actions.add_parser("replay")
    replay.add_argument("--count", type=int, default=1_000_000, help="inputs")
    replay.set_defaults(run=run_replay)
    options = parser.parse_args()
    return options.run(options)


def run_sanitizers(options: argparse.Namespace) -> int:
    """The tests twice, once for memory and once for threads, some seeds, then the fuzz targets with what compiler there is."""
    for name, sanitizer, parts in (
        ("memory", MEMORY, [TESTS, SIMULATOR, *([] if find_clang() else [FUZZ])]),
        ("threads", THREADS, [TESTS]),
    ):
        folder = build(name, [*parts, f"-DPARLEY_CORE_SANITIZE={sanitizer}"])
        print(f"core tests under {sanitizer}", flush=True)
        before = at_fixed_addresses() if sanitizer == THREADS else []
        if subprocess.run([*before, folder / "parley_tests"], check=False).returncode != 0:
            sys.exit(f"parley: the core's tests fail under {sanitizer}.")
        if SIMULATOR in parts and simulate(folder, ["--seeds", str(SMOKE_SEEDS)]) != 0:
            sys.exit(f"parley: the simulated seeds fail under {sanitizer}.")
    folder, is_guided = build_fuzzers()
    return fuzz(folder, find_targets(""), SMOKE_SECONDS, is_guided, seed=1)


def at_fixed_addresses() -> list[str]:
    """What to write before a program: some kernels scatter memory further than older thread sanitizers can follow."""
    before = ["setarch", os.uname().machine, "-R"]
    is_possible = shutil.which("setarch") and subprocess.run([*before, "true"], check=False).returncode == 0
    return before if is_possible else []


def run_agreement(options: argparse.Namespace) -> int:
    return run_long("agreement", options.count)


def run_replay(options: argparse.Namespace) -> int:
    return run_long("replay", options.count)


def run_long(what: str, count: int) -> int:
    """One of the long runs that the test program knows besides its tests."""
    if not 0 < count <= COUNT_MAX:
        sys.exit(f"parley: COUNT must be from 1 to {COUNT_MAX:,}.")
    folder = build("agreement", [TESTS], flags="-O2")
    return subprocess.run([folder / "parley_tests", what, str(count)], check=False).returncode


def run_fuzzers(options: argparse.Namespace) -> int:
    if find_clang() is None:
        sys.exit("parley: fuzzing needs clang with its compiler-rt: install clang (Debian: apt-get install clang).")
    targets = find_targets(options.target)
    if not targets:
        sys.exit(f"parley: there is no fuzz target {options.target!r}: core/fuzz/fuzz_*.cpp are they.")
    folder, is_guided = build_fuzzers()
    return fuzz(folder, targets, options.seconds, is_guided)


def run_simulator(options: argparse.Namespace) -> int:
    folder = build("simulator", [SIMULATOR], flags="-O2 -g1")
    if options.bugs:
        return subprocess.run([sys.executable, CORE / "sim" / "plant.py", folder], check=False).returncode
    return simulate(folder, ["--seeds", str(options.seeds)] if options.seed is None else ["--seed", str(options.seed)])


def simulate(folder: Path, which: list[str]) -> int:
    jobs = ["--jobs", str(os.cpu_count() or 1)]
    return subprocess.run([folder / "parley_simulate", *which, *jobs], check=False).returncode


def find_targets(wanted: str) -> list[str]:
    names = sorted(path.stem for path in (CORE / "fuzz").glob("fuzz_*.cpp"))
    return [name for name in names if wanted in ("", name, name.removeprefix("fuzz_"))]


def find_clang() -> str | None:
    """A clang that can link libFuzzer, or None."""
    for name in (os.environ.get("FUZZ_CXX", ""), "clang++"):
        compiler = shutil.which(name) if name else None
        if compiler is None:
            continue
        source = "#include <cstddef>\nextern \"C\" int LLVMFuzzerTestOneInput(const char*, std::size_t) { return 0; }\n"
        command = [compiler, "-fsanitize=fuzzer,address", "-x", "c++", "-", "-o", os.devnull]
        if subprocess.run(command, input=source, text=True, capture_output=True, check=False).returncode == 0:
            return compiler
    return None


def build_fuzzers() -> tuple[Path, bool]:
    """The folder of the targets, and whether coverage guides them."""
    clang = find_clang()
    compiler = [f"-DCMAKE_CXX_COMPILER={clang}"] if clang else []
    parts = [FUZZ, *compiler] if clang else [TESTS, SIMULATOR, FUZZ]
    folder = build("fuzz" if clang else "memory", [*parts, f"-DPARLEY_CORE_SANITIZE={MEMORY}"])
    subprocess.run([folder / "parley_fuzz_corpus", folder / "seeds"], check=True)
    return folder, clang is not None


def build(name: str, options: list[str], flags: str = FLAGS) -> Path:
    """Configure and build core/build/<name>. The sources are compiled with their asserts."""
    cmake = shutil.which("cmake")
    if cmake is None:
        sys.exit("parley: the core's checks need cmake: install it (Debian: apt-get install cmake).")
    folder = BUILD / name
    generator = ["-G", "Ninja"] if shutil.which("ninja") and not (folder / "Makefile").exists() else []
    fixed = ["-DPARLEY_CORE_BINDINGS=OFF", "-DCMAKE_BUILD_TYPE=", f"-DCMAKE_CXX_FLAGS={flags}"]
    print(f"building {folder}", flush=True)
    configure = [cmake, "-S", CORE, "-B", folder, *generator, *fixed, *options]
    subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)
    compiling = [cmake, "--build", folder, "--parallel", str(os.cpu_count() or 1)]
    result = subprocess.run(compiling, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        sys.exit(result.stdout[-BUILD_LOG_CHARACTERS:] + "\nparley: the core does not compile.")
    return folder


def fuzz(folder: Path, targets: list[str], seconds: int, is_guided: bool, seed: int = 0) -> int:
    """Each target for so long; what it learned stays in the build folder, findings beside it. 1 where one failed.

    ``seed`` 0: another one in each run.
    """
    failed = []
    for name in targets:
        learned = folder / "corpus" / name
        learned.mkdir(parents=True, exist_ok=True)
        seeds = [path for path in (folder / "seeds" / name, CORE / "fuzz" / "corpus" / name) if path.is_dir()]
        artifacts = folder / f"finding-{name}-"
        options = [f"-seed={seed}", f"-max_total_time={seconds}", f"-max_len={INPUT_BYTES_MAX}", f"-artifact_prefix={artifacts}",
                   "-rss_limit_mb=4096", "-timeout=20", "-print_final_stats=1"]  # fmt: skip
        result = subprocess.run([folder / name, *options, learned, *seeds], cwd=folder, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)  # fmt: skip
        (folder / f"{name}.log").write_text(result.stdout)
        print(f"{name}: {summary(result, is_guided)}", flush=True)
        if result.returncode != 0:
            failed.append(name)
            print(result.stdout[-4_000:], flush=True)
    if failed:
        print(f"parley: findings in {', '.join(failed)}: their inputs are {folder}/finding-* or crash-plain")
    return 1 if failed else 0


def summary(result: "subprocess.CompletedProcess[str]", is_guided: bool) -> str:
    state = "ok" if result.returncode == 0 else f"FAILED with {result.returncode}"
    wanted = "stat::number_of_executed_units" if is_guided else "Done "
    counts = [line.split(":")[-1].strip() for line in result.stdout.splitlines() if line.startswith(wanted)]
    return f"{state}, {counts[-1] if counts else 'no count'} runs"


if __name__ == "__main__":
    sys.exit(main())
