"""Weighted mean of the survey's scores over its dimensions (NPS 综合得分)."""

from typing import Final

from earnest.measures.definition import Measure

NPS_COMPOSITE: Final = Measure(
    name="nps_composite",
    text_file="nps_composite.sql",
    tables=("survey_answer",),
    entity="respondent_id",
    clauses=(
        "S0-2.2.5-3a",
        "S0-2.2.5-3b",
        "S0-2.2.5-3c",
        "S0-2.2.5-3d",
        "S0-2.2.5-3e",
    ),
    zh="统计期内各维度打分的加权平均，单位为十分之一分",
    en="weighted mean of the scores given in the window, in tenths of a point",
    unit="tenths",
    by=("provider", "all"),
    dimensions=("answers", "excluded"),
)
