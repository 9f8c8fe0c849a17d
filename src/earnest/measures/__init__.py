"""Floor 4: what is counted, one file per measure; no threshold is known here."""

from typing import Final

from earnest.measures.after_sales import AFTER_SALES
from earnest.measures.definition import Figure, Measure, Parameter
from earnest.measures.duties import DUTIES
from earnest.measures.nps_composite import NPS_COMPOSITE
from earnest.measures.quality_refund30d import QUALITY_REFUND30D
from earnest.measures.sales_month import SALES_MONTH
from earnest.measures.shipping48h import SHIPPING48H

MEASURES: Final[dict[str, Measure]] = {
    each.name: each
    for each in (
        SHIPPING48H,
        QUALITY_REFUND30D,
        *AFTER_SALES,
        *DUTIES,
        NPS_COMPOSITE,
        SALES_MONTH,
    )
}
"""Every measure by its name."""

__all__ = ["MEASURES", "Figure", "Measure", "Parameter"]
