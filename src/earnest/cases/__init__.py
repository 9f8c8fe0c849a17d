"""Floor 13: what people ask for about one deposit, judged by the pack, case by case."""
