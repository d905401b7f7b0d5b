"""The sentences of a report."""

from __future__ import annotations

from typing import Any

from spot_gen.measure import formats
from spot_gen.measure.spread import ENOUGH
from spot_gen.measure.tables import grouped, screen

FEEDBACK = "Before and after false alarms among the first rows were marked as accepted."

BESIDE = (
    "Above, a row counts by the record that it shows. Here: by all records of its group, as for who"
    " opens every row; and the same order without groups, each record a row of its own."
)


def data(report: dict[str, Any]) -> str:
    """On which data, when, and by which version."""
    seeds = [entry["seed"] for entry in report["data"] if entry["seed"] is not None]
    told = f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}; " if seeds else ""
    many = len(report["labels"])
    sets = f"{many} data sets, " if many > 1 else ""
    return f"{sets}{told}Spot {report['version']}, {when(report['date'])}"


def when(date: str) -> str:
    """A date of a report, to the minute."""
    return f"{date[:16].replace('T', ' ')} UTC"


def cautions(report: dict[str, Any]) -> list[str]:
    """What a reader must know before believing the numbers."""
    found = []
    many = len(report["labels"])
    if not report["enough"]:
        sets = "one data set" if many == 1 else f"{many} data sets"
        found.append(
            f"Measured on {sets} only. At least {ENOUGH} seeds are needed to tell a difference"
            " between rankings from chance."
        )
    for source in report["sources"].values():
        for row in source["rows"]:
            matching = row.get("matching")
            if matching and matching["unmatched"]:
                found.append(
                    f"{row['name']}: {matching['unmatched']:,} of {matching['rows']:,} rows could"
                    " not be matched with the data set; they count as ordinary."
                )
            if matching and not matching["found"]:
                found.append(
                    f"{row['name']}: not one labelled record is in it. Are these the results of"
                    " this data set?"
                )
    return found


def lead(report: dict[str, Any]) -> str:
    """The main statement, in one sentence."""
    figures, top = report["together"]["figures"], screen(report)
    told = formats.of(figures["found"][top], figures["incidents"])
    sources = [found["title"] for found in report["sources"].values()]
    return (
        f"Who looks at the first {int(top):,} rows of {' and of '.join(sources)} meets {told}"
        " incidents."
    )


def incidents(report: dict[str, Any]) -> str:
    """The main statement."""
    figures, top = report["together"]["figures"], screen(report)
    return (
        f"{formats.of(figures['found'][top], figures['incidents'])} incidents have a record among"
        f" the first {int(top):,} rows of a source. An incident counts where one source has it;"
        f" the columns by level of stealth are for the first {int(top):,} rows, too."
    )


def unseen(report: dict[str, Any]) -> str:
    """The families that the ranking does not see."""
    together, last = report["together"], max(report["tops"])
    missed, absent = together["unseen"], together["not_ranked"]
    told = (
        f"Not seen at all, no incident among the first {last:,} rows: {', '.join(missed)}."
        if missed
        else f"Every family has at least one incident among the first {last:,} rows."
    )
    if absent:
        told += f" Without a record in the sources that were ranked: {', '.join(absent)}."
    return told


def source(found: dict[str, Any]) -> str:
    """How much there is, and how rare what is looked for."""
    told = {name: formats.total_amount(found["facts"][name]) for name in found["facts"]}
    return (
        f"{told['records']} records, {told['malicious']} of them malicious"
        f" ({formats.percent(found['facts']['rarity'])}), {told['lookalikes']} of look-alikes;"
        f" incidents: {told['incidents']}."
    )


def found(report: dict[str, Any]) -> str:
    """What the table of found incidents counts."""
    return (
        "Incidents with a record among the first rows; recall and look-alikes are those of the"
        f" first {int(screen(report)):,}."
    )


def stability(found: dict[str, Any]) -> str:
    """How much of the first rows stays."""
    return (
        f"Of the first 100 rows {formats.percent_of(found['again'])} stay when the same records"
        f" come in another order, {formats.percent_of(found['left_out'])} when 1 % of them is left"
        " out."
    )


def matching(found: dict[str, Any]) -> str:
    """How rows and labels found each other."""
    parts = [f"{found['rows']:,} rows"]
    if found["by_place"]:
        parts.append(f"{found['by_place']:,} matched by file and ordinal")
    if found["key"]:
        parts.append(f"{found['by_key']:,} by {found['key']}")
    parts.append(f"{found['unmatched']:,} could not be matched")
    parts.append(f"{found['ambiguous']:,} ambiguous")
    if found["drawn"]:
        parts.append(f"{found['drawn']:,} in a drawn order among equal scores")
    told = f"{', '.join(parts)}. {found['found']:,} of {found['labelled']:,} labelled records are"
    lost = f" Lost from the natural key: {', '.join(found['lost'])}." if found["lost"] else ""
    return f"{told} listed.{lost}"


def delays(report: dict[str, Any]) -> str:
    """What the table of delays counts."""
    return (
        f"An incident counts as seen at the end of the first step that has one of its records"
        f" among the first {int(screen(report)):,} rows."
    )


def history(report: dict[str, Any]) -> str:
    """Against which run the changes are."""
    kept = report["history"]
    if kept["date"] is None:
        return "No earlier run on the same data is kept; this one is now."
    against = f"Against Spot {kept['version']} of {when(kept['date'])}, on the same data."
    return against if kept["changes"] else f"{against} No figure has changed."


def method(report: dict[str, Any]) -> list[str]:
    """How the numbers are made."""
    many = len(report["labels"])
    notes = [
        "Precision among the first K rows is the share of them that is malicious (of the family"
        " or level); recall the share of the malicious records that is among them. Where fewer"
        " than K rows are listed, precision is over the rows that there are.",
        "Records that are not listed come after all that are, in no order: they add nothing to"
        " average precision and recall, and pairs of them count half in the area under the ROC"
        " curve.",
        "An incident is found where one of its records is among the first rows. Each row counts by"
        " the record that it shows.",
        "Results are matched by file and ordinal, else by what they have kept of the natural key."
        " One row stands for one record: of rows with equal keys the first take the labels,"
        " malicious ones first; how many rows that concerned is told as ambiguous.",
        "Lift is precision divided by the share of malicious records, that is by the precision of"
        " a random order. The figures of the random order are its exact expectations.",
        "Comparison rows are computed from all records. Frequencies of words take the rarer one"
        " where a record has two. Records that are equal in a comparison row, or have equal"
        " scores in a table, come in an order that is drawn once.",
    ]
    if any(map(grouped, report["sources"].values())):
        notes.append(
            "Every order is made a list by the same rule: one row a group (an address and a kind of"
            " word), its first record, few rows an endpoint. Average precision is that of the"
            " malicious ones of the first 1,000 rows; a list gives most records no place, so there"
            " is no area under the ROC curve. Recall is small by construction."
        )
    if many > 1:
        notes.append(f"Figures are mean ± sample standard deviation over {many} data sets.")
    return notes
