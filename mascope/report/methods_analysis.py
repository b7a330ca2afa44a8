"""The methods: how the codes were analysed, each test named only where it tested something."""

from collections.abc import Iterator, Mapping

from mascope.report.facts import Told
from mascope.report.prose import joined, many


def measured(told: Told) -> Iterator[str]:
    if told.has("profiles", "rate"):
        yield (
            "An agent's profile is the rate of each flag among its decided messages, with 95% score "
            "intervals (Wilson 1927)."
        )
    if told.has("similarity", "cosine"):
        yield (
            "The similarity of a run is the mean cosine of its agents' profiles of "
            f"{joined(told.labels.traits)} over all pairs of agents, pairs with an agent that showed none "
            "left out; that of a series is the mean over its runs."
        )
    if told.has("similarity", "null_mean"):
        yield (
            "Its null shuffles labels among the messages of a run (permutation p by Phipson and Smyth 2010)."
        )
    if told.has("differentiation", "H"):
        yield (
            "Whether agents differ was tested by Kruskal–Wallis over agents on their rates in each run "
            "(Kruskal and Wallis 1952), Bonferroni over the traits of a series, with ε² as effect size "
            "(Kelley 1935)."
        )


def tested(told: Told) -> Iterator[str]:
    found = told.rows("contrasts")
    known = found.dropna(subset=["p"]) if len(found) else found
    if not len(known):
        return
    tests = {str(name) for name in known["test"].dropna()}
    used = [text for start, text in TESTS.items() if any(name.lower().startswith(start) for name in tests)]
    by = f" by {joined(used)}" if used else ""
    asked = many(len(known), "hypothesis", "hypotheses")
    yield f"{asked} compared series with the run as the unit{by}; r = Z/√N is the effect size."
    exploratory = [str(name) for name in found["hypothesis"][found["status"] == "exploratory"]]
    if exploratory:
        yield f"Not on record as declared before the first run, and so exploratory: {joined(exploratory)}."
    yield "p-values were adjusted within families of hypotheses (Holm 1979)."
    for column, sentence in BESIDE.items():
        if told.has("contrasts", column):
            yield sentence


TESTS: Mapping[str, str] = {
    "mann": "two-sample rank tests (Mann and Whitney 1947)",
    "signed": "signed-rank tests of matched runs (Wilcoxon 1945)",
    "wilcoxon": "signed-rank tests of matched runs (Wilcoxon 1945)",
}
"""How the name of a test begins → what it is."""

BESIDE: Mapping[str, str] = {
    "p_equivalence": "Equivalence was tested by two one-sided tests (Schuirmann 1987).",
    "p_permutation": "Permutation p-values (Phipson and Smyth 2010) are given beside them.",
    "cliffs_delta": "Cliff's delta (Cliff 1993) is given as well.",
    "gee_p": "Shares of messages were tested again by a logistic model with runs as clusters "
    "(Liang and Zeger 1986), its covariance corrected for their number (Mancl and DeRouen 2001).",
}
"""Column of the table of contrasts → what is said where any row has it."""


def checked(told: Told) -> Iterator[str]:
    found = told.rows("sensitivity")
    if len(found):
        kinds = [str(kind) for kind in found["kind"].unique() if kind != "main"]
        if kinds:
            yield f"Each result was computed anew under other choices ({joined(kinds)})."
    if told.has("events", "message"):
        events = many(len(told.rows("events")), "message")
        yield f"Compensation ({events}) was counted by level and by rounds since the failure."
    if told.has("temporal", "value"):
        yield (
            "Convergence was followed from round to round by the cosine of messages (TF-IDF of words, latent "
            "semantic analysis), the matching of function words, and the birth and death of words."
        )
    if told.has("addresses", "rate"):
        yield "Who names whom is read from the texts; messages that merely list agents are left out."


def computed(told: Told) -> Iterator[str]:
    facts = told.facts
    if any(told.has(table, column) for table, column in EXPANDED):
        yield (
            f"Other intervals are 95%, by percentile bootstrap over runs ({facts.resamples:,} resamples; "
            "Efron 1979), expanded for the number of runs (Hesterberg 2015)."
        )
    versions = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    digest = f", study digest {facts.digest[:12]}" if facts.digest else ""
    yield f"Random draws derive from seed {facts.seed}. Computed with {versions}{digest}."


EXPANDED = (
    ("series", "low"), ("profiles", "run_low"), ("contrasts", "r_low"), ("rounds", "low"),
    ("compensation", "per_run_low"), ("convergence", "low"), ("network", "low"), ("text", "low"),
)  # fmt: skip
"""Table and column of which any row has an interval by bootstrap."""
