"""Diversity: how much of a diversity a set of records covers, and what is being left out.

This module only declares; the work is in the modules beside it and is loaded when a run starts.
"""

from heirloom.errors import gettext_noop
from heirloom.pathways.face import (
    Choice,
    CostHint,
    Input,
    Method,
    Output,
    Param,
    Pathway,
    Reference,
    Resource,
)

TABLES = (
    "text/csv",
    "text/tab-separated-values",
    "application/jsonl",
    "application/x-ndjson",
    "text/plain",
)

COVERAGE = Method(
    name="coverage",
    title=gettext_noop("Coverage and gaps"),
    summary=gettext_noop(
        "How diverse a set of records is in language, region, community, period or form, how much of the whole it covers,"
        " how sure that is, and which languages, places or combinations of a reference list it leaves out."
    ),
    version="1.0",
    run="heirloom.pathways.diversity.coverage:run",
    needs=("icu", "numpy"),
    cost=CostHint(cpu_seconds=2.0, per_megabyte=5.0, memory_bytes=120_000_000),
    inputs=(
        Input(
            name="records",
            title=gettext_noop("Records"),
            description=gettext_noop(
                "A table with one record a row (CSV in UTF-8, or JSON lines) and a column for each facet. A cell may name"
                " several values."
            ),
            media_types=TABLES,
            columns=("language", "region", "community", "period", "form"),
        ),
        Input(
            name="reference",
            title=gettext_noop("Reference list"),
            description=gettext_noop(
                "What could be there: a table with columns named like the facets. A row with two facets names a"
                " combination that exists."
            ),
            media_types=TABLES,
            minimum=0,
        ),
    ),
    params=(
        Param(
            name="facets",
            kind="text",
            many=True,
            at_most=12,
            title=gettext_noop("Columns to count"),
            description=gettext_noop(
                "Left open, those of language, region, community, period and form that the table has."
            ),
        ),
        Param(
            name="cross",
            kind="text",
            many=True,
            at_most=2,
            title=gettext_noop("Two columns to cross"),
            description=gettext_noop("Shows which combinations of two columns are empty."),
        ),
        Param(
            name="compare_by",
            kind="text",
            default="",
            title=gettext_noop("Compare groups of"),
            description=gettext_noop("A column; its groups are compared at equal coverage."),
        ),
        Param(
            name="reference_list",
            kind="choice",
            default="none",
            choices=(
                Choice("none", gettext_noop("None, or only my own")),
                Choice(
                    "lancang-mekong-languages",
                    gettext_noop("Languages of the Lancang-Mekong countries (Glottolog)"),
                ),
            ),
            title=gettext_noop("Ready reference list"),
        ),
        Param(
            name="countries",
            kind="choice",
            many=True,
            at_least=1,
            choices=(
                Choice("KH", gettext_noop("Cambodia")),
                Choice("CN", gettext_noop("China")),
                Choice("LA", gettext_noop("Laos")),
                Choice("MM", gettext_noop("Myanmar")),
                Choice("TH", gettext_noop("Thailand")),
                Choice("VN", gettext_noop("Viet Nam")),
            ),
            title=gettext_noop("Countries of the ready list"),
            description=gettext_noop("Left open, all six."),
        ),
        Param(
            name="dormant_languages",
            kind="boolean",
            default=False,
            title=gettext_noop("Include languages no longer spoken"),
            advanced=True,
        ),
        Param(
            name="orders",
            kind="choice",
            many=True,
            at_least=1,
            default=(0, 1, 2),
            choices=(
                Choice(0, gettext_noop("0: every value counts the same")),
                Choice(1, gettext_noop("1: values count by how common they are")),
                Choice(2, gettext_noop("2: mostly the very common values count")),
            ),
            title=gettext_noop("Orders of diversity"),
            advanced=True,
        ),
        Param(
            name="replicates",
            kind="integer",
            default=200,
            minimum=0,
            maximum=2000,
            title=gettext_noop("Bootstrap replicates"),
            description=gettext_noop(
                "More make the intervals steadier and the run longer; 0 gives no intervals."
            ),
            advanced=True,
        ),
        Param(
            name="confidence",
            kind="number",
            default=0.95,
            minimum=0.5,
            maximum=0.999,
            title=gettext_noop("Confidence of the intervals"),
            advanced=True,
        ),
        Param(
            name="seed",
            kind="integer",
            default=0,
            minimum=0,
            maximum=2**31 - 1,
            title=gettext_noop("Seed"),
            description=gettext_noop("The same seed gives the same intervals."),
            advanced=True,
        ),
        Param(
            name="minimum_records",
            kind="integer",
            default=20,
            minimum=5,
            maximum=1000,
            title=gettext_noop("Records needed for an estimate"),
            advanced=True,
        ),
        Param(
            name="withhold_below",
            kind="integer",
            default=1,
            minimum=1,
            maximum=100,
            title=gettext_noop("Withhold numbers below"),
            description=gettext_noop("Protects small communities: smaller counts are not shown."),
        ),
        Param(
            name="separator",
            kind="text",
            default=";",
            maximum=3,
            title=gettext_noop("What parts several values in one cell"),
            advanced=True,
        ),
        Param(
            name="language_facet",
            kind="text",
            default="language",
            title=gettext_noop("Column with languages"),
            advanced=True,
        ),
        Param(
            name="country_facet",
            kind="text",
            default="region",
            title=gettext_noop("Column with countries"),
            advanced=True,
        ),
        Param(
            name="knots",
            kind="integer",
            default=40,
            minimum=4,
            maximum=200,
            title=gettext_noop("Points of each curve"),
            advanced=True,
        ),
    ),
    outputs=(
        Output("summary.json", gettext_noop("What the numbers say"), "application/json", "report"),
        Output("results.json", gettext_noop("All numbers"), "application/json", "data"),
        Output("coverage.csv", gettext_noop("Coverage and diversity"), "text/csv", "table"),
        Output("rarefaction.csv", gettext_noop("Curves"), "text/csv", "table"),
        Output("gaps.csv", gettext_noop("Present and absent"), "text/csv", "table"),
        Output(
            "coverage.svg", gettext_noop("Picture of the coverage"), "image/svg+xml", "picture", optional=True
        ),
        Output(
            "rarefaction.svg",
            gettext_noop("Picture of the curves"),
            "image/svg+xml",
            "picture",
            optional=True,
        ),
        Output("gaps.svg", gettext_noop("Picture of the gaps"), "image/svg+xml", "picture", optional=True),
    ),
    resources=(
        Resource(
            name="languages",
            package="heirloom.pathways.diversity",
            path="reference/languages.csv",
            title=gettext_noop("Languages of the Lancang-Mekong countries"),
            licence="CC-BY-4.0",
            source="Hammarström, Forkel, Haspelmath & Bank 2024, Glottolog 5.1, https://glottolog.org",
        ),
    ),
    references=(
        Reference(
            "Chao, A. & Jost, L. (2012) Coverage-based rarefaction and extrapolation: standardizing samples by"
            " completeness rather than size. Ecology 93, 2533-2547.",
            doi="10.1890/11-1952.1",
        ),
        Reference(
            "Chao, A., Gotelli, N.J., Hsieh, T.C., Sander, E.L., Ma, K.H., Colwell, R.K. & Ellison, A.M. (2014)"
            " Rarefaction and extrapolation with Hill numbers: a framework for sampling and estimation in species"
            " diversity studies. Ecological Monographs 84, 45-67.",
            doi="10.1890/13-0133.1",
        ),
        Reference(
            "Chao, A., Wang, Y.T. & Jost, L. (2013) Entropy and the species accumulation curve: a novel entropy estimator"
            " via discovery rates of new species. Methods in Ecology and Evolution 4, 1091-1100.",
            doi="10.1111/2041-210X.12108",
        ),
        Reference(
            "Good, I.J. (1953) The population frequencies of species and the estimation of population parameters."
            " Biometrika 40, 237-264.",
            doi="10.1093/biomet/40.3-4.237",
        ),
        Reference(
            "Hsieh, T.C., Ma, K.H. & Chao, A. (2016) iNEXT: an R package for rarefaction and extrapolation of species"
            " diversity (Hill numbers). Methods in Ecology and Evolution 7, 1451-1456.",
            doi="10.1111/2041-210X.12613",
        ),
    ),
)

PATHWAY = Pathway(
    id="diversity",
    title=gettext_noop("Diversity"),
    summary=gettext_noop(
        "What a collection holds, how much of the whole that is, and what is being forgotten."
    ),
    package="heirloom.pathways.diversity",
    methods=(COVERAGE,),
)
