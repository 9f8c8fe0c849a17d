"""Floor 1: packs read, checked, evaluated, traced and replayed. Pure.

::

    pack = load_pack("packs/kuaishou-shop-deposit.yaml")
    evaluation = pack.evaluate("required_deposit", facts)
    evaluation.result, evaluation.trace, evaluation.explain("en"), evaluation.receipt()
"""

from earnest.policy.clauses import Clause
from earnest.policy.decision import DecisionSpec
from earnest.policy.evaluation import Evaluation
from earnest.policy.pack import Pack, load_pack, load_pack_text
from earnest.policy.problems import PackError
from earnest.policy.reading import Reading
from earnest.policy.receipts import ENGINE_VERSION, Receipt, replay
from earnest.policy.refusal import Refusal

__all__ = [
    "ENGINE_VERSION",
    "Clause",
    "DecisionSpec",
    "Evaluation",
    "Pack",
    "PackError",
    "Reading",
    "Receipt",
    "Refusal",
    "load_pack",
    "load_pack_text",
    "replay",
]
