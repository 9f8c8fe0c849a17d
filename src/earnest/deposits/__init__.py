"""Floor 6: required amount, pay-ins, deductions, shortage and its clock."""
