"""Recorded option chains on disk: which files, what they must hold, and which rows are refused and why.

Formats are those of the publishers: ``deribit_option_chain_*.parquet`` (one file a month) and
``deribit_options_snapshot_<id>.csv.gz`` (one file a snapshot). Nulls are kept as nulls.
"""

import dataclasses
import math
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from wire.instruments import InstrumentTerms, UnknownInstrumentName, parse_instrument_name
from wire.units import InstrumentKind

PARQUET_PATTERN = "deribit_option_chain_*.parquet"
CSV_PATTERN = "deribit_options_snapshot_*.csv.gz"
FAULTS_KEPT_MAX = 100
"""Refused rows that are remembered one by one; beyond, they are only counted."""

TEXT_COLUMNS = ("instrument_name", "underlying_name", "option_type", "currency", "snapshot")
NUMBER_COLUMNS = (
    "underlying",
    "strike",
    "bid_price",
    "ask_price",
    "mark_price",
    "implied_volatility",
    "open_interest",
    "index_price",
)
TIME_COLUMNS = ("timestamp", "expiry_datetime")
CHAIN_COLUMNS = (*TIME_COLUMNS, *TEXT_COLUMNS, *NUMBER_COLUMNS)
POSITIVE_COLUMNS = frozenset({"underlying", "strike", "bid_price", "ask_price", "index_price"})
NULLABLE_COLUMNS = frozenset({"bid_price", "ask_price"})


class RecordingError(ValueError):
    """A recording that cannot be played at all; the message is a sentence that names the file."""


@dataclasses.dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row was refused: file, row number counted from 1, column, value, and what is wrong with it."""

    file: str
    row: int
    column: str
    value: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}, column {self.column}, value {self.value}: {self.why}"


@dataclasses.dataclass(slots=True)
class ChainFile:
    """The good rows of one file, sorted by snapshot, and what was refused."""

    path: Path
    rows: pl.DataFrame
    recorded_by_snapshot: dict[str | None, int]
    rows_refused: int
    faults: list[RowFault]


def list_chain_files(folder: Path) -> list[Path]:
    """Chain files of a recording, parquet before CSV. Raises RecordingError where there is none."""
    if not folder.is_dir():
        raise RecordingError(f"The recording folder {folder} does not exist.")
    files = sorted(folder.glob(PARQUET_PATTERN)) + sorted(folder.glob(CSV_PATTERN))
    if not files:
        raise RecordingError(f"The folder {folder} holds no option chain ({PARQUET_PATTERN} or {CSV_PATTERN}).")
    return files


def read_snapshot_index(path: Path) -> pl.DataFrame:
    """(snapshot, timestamp, currency, index_price) of a file: the median index of each snapshot and coin.

    Only good rows count; a snapshot without any has one row here, without currency and index. Raises RecordingError
    where the file is no chain.
    """
    frame = _open(path)
    taken = frame.group_by("snapshot").agg(pl.col("timestamp").min()).drop_nulls()
    good = _check(path, frame).rows.group_by("snapshot", "currency").agg(pl.col("index_price").median())
    joined = taken.join(good, on="snapshot", how="left").sort("timestamp", "currency")
    return joined.select("snapshot", "timestamp", "currency", "index_price")


def read_chain(path: Path) -> ChainFile:
    """Read and check a whole file. A bad row is refused and named; a file of the wrong form raises RecordingError."""
    return _check(path, _open(path))


def _check(path: Path, frame: pl.DataFrame) -> ChainFile:
    frame = frame.with_row_index("row", offset=1)
    checks = [*_value_checks(), *_name_checks(frame), REPETITION]
    refused = pl.any_horizontal([condition.fill_null(value=False) for _, condition, _ in checks])
    marked = frame.with_columns(refused.alias("refused"))
    bad = marked.filter("refused")
    return ChainFile(
        path=path,
        rows=marked.filter(~pl.col("refused")).drop("refused", "row").sort("timestamp", "instrument_name"),
        recorded_by_snapshot=dict(frame.group_by("snapshot").len().iter_rows()),
        rows_refused=bad.height,
        faults=list(_describe(path, bad.head(FAULTS_KEPT_MAX), checks)),
    )


def _open(path: Path) -> pl.DataFrame:
    """The columns of a chain in their types. Raises RecordingError for a file that lacks or mistypes one."""
    is_parquet = path.suffix == ".parquet"
    try:
        frame = pl.read_parquet(path) if is_parquet else pl.read_csv(path, infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise RecordingError(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from error
    if not is_parquet:
        frame = frame.with_columns(pl.lit(_snapshot_of(path)).alias("snapshot"))
    for column in CHAIN_COLUMNS:
        if column not in frame.columns:
            raise RecordingError(f"{path.name} lacks the column {column}.")
    if not is_parquet:
        frame = _parse_csv_times(path, frame)
    for column in CHAIN_COLUMNS:
        _require_type(path, column, frame.schema[column])
    return frame.select(
        *[pl.col(column).dt.convert_time_zone("UTC") for column in TIME_COLUMNS],
        *[pl.col(column).cast(pl.String) for column in TEXT_COLUMNS],
        *[pl.col(column).cast(pl.Float64) for column in NUMBER_COLUMNS],
    )


def _parse_csv_times(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    for column in TIME_COLUMNS:
        naive = frame.filter(~pl.col(column).cast(pl.String).str.contains(r"(Z|[+-]\d\d:?\d\d)$"))
        if naive.height:
            raise RecordingError(f"{path.name}, column {column}: {naive[column][0]} has no time zone.")
        try:
            frame = frame.with_columns(pl.col(column).str.to_datetime(time_zone="UTC"))
        except pl.exceptions.PolarsError as error:
            raise RecordingError(f"{path.name}, column {column}: not a time: {str(error).splitlines()[0]}") from error
    return frame


def _snapshot_of(path: Path) -> str:
    return path.name.removesuffix(".csv.gz").rsplit("_", 1)[-1]


def _require_type(path: Path, column: str, dtype: pl.DataType) -> None:
    if column in TIME_COLUMNS:
        if not isinstance(dtype, pl.Datetime):
            raise RecordingError(f"{path.name}, column {column}: {dtype} is not a time.")
        if dtype.time_zone is None:
            raise RecordingError(f"{path.name}, column {column}: the times have no time zone.")
    elif column in NUMBER_COLUMNS:
        if not dtype.is_numeric():
            raise RecordingError(f"{path.name}, column {column}: {dtype} is not a number.")
    elif dtype not in (pl.String, pl.Categorical, pl.Enum):
        raise RecordingError(f"{path.name}, column {column}: {dtype} is not text.")


Check = tuple[str, pl.Expr, str]
"""Column, condition that refuses the row, and the sentence that says why."""
REPETITION: Check = (
    "instrument_name",
    ~pl.struct("snapshot", "instrument_name").is_first_distinct(),
    "twice in one snapshot",
)


def _value_checks() -> list[Check]:
    col = pl.col
    return [
        *((name, col(name).is_null(), "missing") for name in CHAIN_COLUMNS if name not in NULLABLE_COLUMNS),
        *((name, ~col(name).is_finite(), "not a finite number") for name in NUMBER_COLUMNS),
        *((name, col(name) <= 0, "must be above 0") for name in POSITIVE_COLUMNS),
        *((name, col(name) < 0, "must not be negative") for name in NUMBER_COLUMNS if name not in POSITIVE_COLUMNS),
        ("bid_price", col("bid_price") > col("ask_price"), "bid above ask"),
        ("option_type", ~col("option_type").is_in(["call", "put"]), "neither call nor put"),
        ("expiry_datetime", col("expiry_datetime") <= col("timestamp"), "expired before it was recorded"),
    ]


def _name_checks(frame: pl.DataFrame) -> list[Check]:
    """Names that do not parse, and rows whose columns contradict their name."""
    terms = {name: _find_terms(name) for name in frame["instrument_name"].drop_nulls().unique().to_list()}
    known = {name: found for name, found in terms.items() if found is not None}
    name = pl.col("instrument_name")

    def named(values: dict[str, object], dtype: type[pl.DataType]) -> pl.Expr:
        return name.replace_strict(values, default=None, return_dtype=dtype)

    contradictions = {
        "strike": pl.col("strike") != named({key: float(t.strike or 0) for key, t in known.items()}, pl.Float64),
        "option_type": pl.col("option_type") != named({key: str(t.option_type) for key, t in known.items()}, pl.String),
        "expiry_datetime": pl.col("expiry_datetime").dt.timestamp("ns")
        != named({key: t.expiry_at_ns for key, t in known.items()}, pl.Int64),
        "currency": pl.col("currency") != named({key: t.base_currency for key, t in known.items()}, pl.String),
    }
    return [
        ("instrument_name", ~name.is_in(list(known)), "not the name of an option"),
        *((column, condition, "contradicts the name") for column, condition in contradictions.items()),
    ]


def _find_terms(name: str) -> InstrumentTerms | None:
    try:
        terms = parse_instrument_name(name)
    except UnknownInstrumentName:
        return None
    return terms if terms.kind is InstrumentKind.OPTION else None


def _describe(path: Path, bad: pl.DataFrame, checks: list[Check]) -> Iterable[RowFault]:
    flags = bad.select([condition.fill_null(value=False).alias(str(i)) for i, (_, condition, _) in enumerate(checks)])
    for row, hits in zip(bad.iter_rows(named=True), flags.iter_rows(), strict=True):
        # A repeated row is no longer a repetition once its first one is not beside it.
        first = next((i for i, hit in enumerate(hits) if hit), -1)
        column, why = checks[first][0], checks[first][2]
        yield RowFault(path.name, row["row"], column, _text(row[column]), why)


def _text(value: object) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:g}"
    return str(value)
