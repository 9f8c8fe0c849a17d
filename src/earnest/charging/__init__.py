"""Floor 15: plans for charges, filed and approved, and held against what is charged."""
