"""The founding case: Awa Diallo, off duty, borrows an operations van from Friday evening to Monday morning."""

from __future__ import annotations

from datetime import datetime

# The postal operator's own keys of the person, the van and the booking.
AGENT, VAN, BOOKING = 23, 12, 41

# What others know them by.
EMPLOYEE_NO = "P101942"
PLATE = "GK-482-TR"
POLICY_NO = "MFS-2024-00117"

# As the postal operator stores them: local time, Europe/Paris.
START = datetime(2026, 11, 20, 18)  # noqa: DTZ001
END = datetime(2026, 11, 23, 6)  # noqa: DTZ001

# The insurer's answer to her question: goods up to 10,000 EUR, of which she bears 300.
GOODS_LIMIT_CENTS, GOODS_DEDUCTIBLE_CENTS = 1_000_000, 30_000
