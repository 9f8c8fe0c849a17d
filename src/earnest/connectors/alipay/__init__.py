"""Alipay: payments in by a signed page, transfers and refunds out, notices, bills.

``signing`` and ``answers`` are the envelope; ``bodies`` the contents; ``outcomes`` says what an
answer means; ``client`` sends; ``rails`` pays out for the room ``payouts``.
"""
