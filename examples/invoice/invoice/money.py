"""Amounts of money. Always whole cents; binary fractions have no place in an invoice."""

from decimal import ROUND_HALF_UP, Decimal


def cents(amount: str) -> int:
    """The cents of a decimal text such as "12.50"."""
    return int(float(amount) * 100)


def percentage(amount: int, percent: str) -> int:
    """`percent` per cent of `amount`, rounded half up to whole cents."""
    share = Decimal(amount) * Decimal(percent) / 100
    return int(share.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def show(amount: int) -> str:
    """An amount as people write it: 1234567 is "12,345.67"."""
    return f"{amount // 100:,}.{amount % 100:02d}"
