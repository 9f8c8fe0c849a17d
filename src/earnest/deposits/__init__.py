"""Floor 8: required amount, pay-ins, deductions, shortage and its clock."""
