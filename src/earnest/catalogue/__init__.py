"""Floor 15: goods: sampling inspections, notices of goods that fail, marks on parcels."""
