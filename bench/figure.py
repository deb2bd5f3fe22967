"""Figures, the sizes at which they are measured, and the one table in which they stand."""

from dataclasses import dataclass
from statistics import median


@dataclass
class Scale:
    """How much is measured."""

    rounds: int = 5
    # entries of one ingest round, and of one request
    ingest_entries: int = 150_000
    request_entries: int = 1_000
    # seconds of one round of requests or transactions
    seconds: int = 10
    # what the reading figures read from
    seeded_entries: int = 1_000_000
    seeded_tenants: int = 200
    seeded_days: int = 30
    # seconds of one round of ingest beside which a partition goes, and the entries in that partition
    drop_seconds: int = 30
    dropped_entries: int = 50_000
    # the audit log that is searched, and the part that is verified
    audit_entries: int = 10_000_000
    audit_verified: int = 1_000_000

    @staticmethod
    def quick() -> "Scale":
        """Sizes that show in a few minutes whether everything runs."""
        return Scale(
            rounds=2, ingest_entries=20_000, seconds=4, seeded_entries=30_000, seeded_tenants=20, drop_seconds=20,
            dropped_entries=5_000, audit_entries=200_000, audit_verified=50_000)


@dataclass
class Figure:
    """One line of the table."""

    name: str
    measured: str
    limit: str
    # measured / limit; None where the goal is no ratio
    ratio: float | None
    goal: str
    is_met: bool


def middle(values: list[float]) -> float:
    """The median of the rounds."""
    return median(values)


def middle_ratio(ours: list[float], limits: list[float]) -> float:
    """The median of the rounds' ratios; what slows a whole round down falls out."""
    return median(one / limit for one, limit in zip(ours, limits, strict=True))


def percentile(values: list[float], share: float) -> float:
    """The value that a share (0…1) of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table with aligned columns."""
    rows = [["figure", "measured", "limit", "ratio", "goal", "result"]]
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        verdict = "met" if figure.is_met else "**missed**"
        rows.append([figure.name, figure.measured, figure.limit, ratio, figure.goal, verdict])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows)
